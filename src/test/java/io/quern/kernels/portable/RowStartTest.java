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

  private final Scratch scratch =
      new Scratch(new ScratchSize(0, 0, 0, 0, ROWS, RowStart.MOST + Rows.whole(64)));

  @Test
  void looksOnlyNowAndThen() {
    assertEquals(1, RowStart.of(scratch));
    long first = scratch.rowStartTimed;
    assertEquals(1, RowStart.of(scratch));
    assertEquals(first, scratch.rowStartTimed);
    lookAgain();
    assertTrue(scratch.rowStartTimed - first > 0);
  }

  @Test
  void rowsKeepTheirSums() {
    float[] row = new float[scratch.rows[0].length];
    for (int i = 0; i < row.length; i++) {
      row[i] = i - 20;
    }
    for (float[] r : scratch.rows) {
      System.arraycopy(row, 0, r, 0, row.length);
    }
    for (int i = 0; i < 2000; i++) {
      int start = lookAgain();
      assertTrue(start % 2 == 1 && start <= RowStart.MOST, "start " + start);
    }
    for (float[] r : scratch.rows) {
      assertArrayEquals(row, r);
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
    }
  }

  /** Rows that not all lie alike, some of which hold what is no number. */
  @Test
  void anyRows() {
    for (int i = 0; i < ROWS; i++) {
      scratch.rows[i] = new float[RowStart.MOST + Rows.whole(64) + i];
      Arrays.fill(scratch.rows[i], i % 3 == 0 ? Float.NaN : Float.POSITIVE_INFINITY);
    }
    int start = lookAgain();
    assertTrue(start % 2 == 1 && start <= RowStart.MOST, "start " + start);
  }

  private int lookAgain() {
    scratch.rowStart = Math.max(1, scratch.rowStart);
    scratch.rowStartTimed = System.nanoTime() - 1_000_000_000;
    return RowStart.of(scratch);
  }
}
