package io.quern.kernels.portable;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;
import io.quern.testing.Allocations;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Which index is fastest is the machine's matter; that any is right is in the contracts. */
class RowStartTest {
  private static final int ROWS = 20;
  private static final int LENGTH = RowStart.MOST + Rows.whole(64);

  private final Scratch scratch =
      new Scratch(new ScratchSize(0, 0, 0, 0, ROWS, 0, 3 * RowStart.CHOICES, LENGTH));

  @Test
  void looksOnlyNowAndThen() {
    assertEquals(1, RowStart.of(scratch));
    assertEquals(0, RowStart.shift(scratch));
    long start = scratch.rowStartTimed;
    long shift = scratch.shiftTimed;
    assertEquals(1, RowStart.of(scratch));
    assertEquals(0, RowStart.shift(scratch));
    assertEquals(start, scratch.rowStartTimed);
    assertEquals(shift, scratch.shiftTimed);
    lookAgain();
    assertTrue(scratch.rowStartTimed - start > 0);
    assertTrue(scratch.shiftTimed - shift > 0);
  }

  @Test
  void rowsKeepTheirSums() {
    float[][] all = allRows();
    float[][] before = new float[all.length][];
    for (int r = 0; r < all.length; r++) {
      for (int i = 0; i < all[r].length; i++) {
        all[r][i] = i - 20 * r;
      }
      before[r] = all[r].clone();
    }
    for (int i = 0; i < 2000; i++) {
      lookAgain();
    }
    for (int r = 0; r < all.length; r++) {
      assertArrayEquals(before[r], all[r]);
    }
  }

  @Test
  void looksWithoutAllocating() {
    assertEquals(0, Allocations.ofThisThread(this::lookAgain, 2000, 1000));
  }

  @Test
  void wholeRows() {
    for (int n = 1; n < 600; n++) {
      int whole = Rows.whole(n);
      assertEquals(1, whole % 8, "whole " + n);
      assertTrue(whole >= n && whole < n + 8, whole + " for " + n);
      int fromZero = Rows.wholeFrom0(n);
      assertEquals(2, fromZero % 8, "whole " + n);
      assertTrue(fromZero >= n && fromZero < n + 8, fromZero + " for " + n);
    }
  }

  /** Rows that do not lie as they should, some of which hold what is no number. */
  @Test
  void anyRows() {
    for (int i = 0; i < ROWS; i++) {
      scratch.rows[i] = new float[LENGTH + i];
    }
    for (int i = 0; i < scratch.shiftedRows.length; i++) {
      scratch.shiftedRows[i] = new float[LENGTH];
    }
    float[][] all = allRows();
    for (int r = 0; r < all.length; r++) {
      Arrays.fill(all[r], r % 3 == 0 ? Float.NaN : Float.POSITIVE_INFINITY);
    }
    lookAgain();
  }

  /** As a network has whose only layer is a small depthwise one. */
  @Test
  void shortRows() {
    for (int i = 0; i < scratch.shiftedRows.length; i++) {
      scratch.shiftedRows[i] = new float[Rows.wholeFrom0(8)];
    }
    for (int i = 0; i < ROWS; i++) {
      scratch.rows[i] = new float[Rows.wholeFrom0(8)];
    }
    for (int i = 0; i < 2000; i++) {
      lookAgain();
    }
  }

  private float[][] allRows() {
    float[][] all = Arrays.copyOf(scratch.rows, ROWS + scratch.shiftedRows.length);
    System.arraycopy(scratch.shiftedRows, 0, all, ROWS, scratch.shiftedRows.length);
    return all;
  }

  private void lookAgain() {
    RowStart.of(scratch);
    RowStart.shift(scratch);
    scratch.rowStartTimed -= 1_000_000_000;
    scratch.shiftTimed -= 1_000_000_000;
    int start = RowStart.of(scratch);
    assertTrue(start % 2 == 1 && start <= RowStart.MOST, "start");
    int shift = RowStart.shift(scratch);
    assertTrue(shift >= 0 && shift < RowStart.CHOICES, "shift");
  }
}
