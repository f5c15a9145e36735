package io.quern.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import java.util.List;
import org.junit.jupiter.api.Test;

class WorkSplitTest {
  private static final long MILLISECOND = 1_000_000;

  private static PlanStep step(int units, long macs, boolean parallel) {
    return step(units, macs, parallel, 1);
  }

  private static PlanStep step(int units, long macs, boolean parallel, int grain) {
    Kernel kernel =
        new Kernel() {
          @Override
          public int units() {
            return units;
          }

          @Override
          public int grain() {
            return grain;
          }

          @Override
          public void run(Memory memory, Scratch scratch, int from, int to) {}
        };
    return new PlanStep(List.of(), "", "", kernel, macs, parallel);
  }

  /** Times what each thread has at so many units a millisecond until the parts are set anew. */
  private static void work(WorkSplit split, int step, int... unitsPerMillisecond) {
    for (int t = 0; t < unitsPerMillisecond.length; t++) {
      split.add(
          t,
          100 * (split.to(step, t) - split.from(step, t)) * MILLISECOND / unitsPerMillisecond[t]);
    }
    split.adapt();
  }

  private static void assertWhole(WorkSplit split, int step, int threads, int units) {
    assertEquals(0, split.from(step, 0));
    for (int t = 1; t < threads; t++) {
      assertEquals(split.to(step, t - 1), split.from(step, t));
      assertTrue(split.from(step, t) <= split.to(step, t));
    }
    assertEquals(units, split.to(step, threads - 1));
  }

  @Test
  void partsAreEqualAtFirst() {
    WorkSplit split = new WorkSplit(List.of(step(12, 0, true), step(9, 0, true)), 4);
    for (int t = 0; t <= 3; t++) {
      assertEquals(3 * t, split.from(0, t));
    }
    assertWhole(split, 1, 4, 9);
  }

  @Test
  void stepsThatAreNotParallelAreTheCallers() {
    WorkSplit split =
        new WorkSplit(List.of(step(8, 5_000_000, false), step(8, 5_000_000, true)), 2);
    for (int i = 0; i < 20; i++) {
      work(split, 1, 1, 3);
    }
    assertEquals(8, split.to(0, 0));
    assertEquals(split.from(0, 1), split.to(0, 1));
    assertFalse(split.timed(0));
    assertEquals(2, split.to(1, 0));
  }

  @Test
  void partsFollowTheRates() {
    WorkSplit split = new WorkSplit(List.of(step(300, 1_000_000, true), step(10, 0, true)), 2);
    assertTrue(split.timed(0));
    assertFalse(split.timed(1));
    for (int i = 0; i < 20; i++) {
      work(split, 0, 2, 1);
    }
    assertEquals(200, split.to(0, 0));
    assertEquals(7, split.to(1, 0));
    for (int i = 0; i < 20; i++) {
      work(split, 0, 1, 1);
    }
    assertEquals(150, split.to(0, 0));
    assertWhole(split, 0, 2, 300);
  }

  @Test
  void everyThreadKeepsSome() {
    WorkSplit split = new WorkSplit(List.of(step(400, 1_000_000, true)), 4);
    for (int i = 0; i < 50; i++) {
      work(split, 0, 100, 100, 1, 100);
    }
    assertTrue(split.to(0, 2) - split.from(0, 2) >= 40);
    assertWhole(split, 0, 4, 400);
    for (int i = 0; i < 50; i++) {
      work(split, 0, 1, 1, 1, 1);
    }
    for (int t = 0; t < 4; t++) {
      assertEquals(100, split.to(0, t) - split.from(0, t));
    }
  }

  @Test
  void shortTimesChangeNothing() {
    WorkSplit split = new WorkSplit(List.of(step(100, 1_000_000, true)), 2);
    split.add(0, MILLISECOND);
    split.add(1, 10 * MILLISECOND);
    split.adapt();
    assertEquals(50, split.to(0, 0));
  }

  @Test
  void threadsWithoutWorkKeepTheirShare() {
    WorkSplit split = new WorkSplit(List.of(step(2, 1_000_000, true), step(100, 0, true)), 4);
    assertEquals(split.from(0, 0), split.to(0, 0));
    for (int i = 0; i < 20; i++) {
      work(split, 0, 1, 1, 1, 1);
    }
    for (int t = 0; t < 4; t++) {
      assertEquals(25, split.to(1, t) - split.from(1, t));
    }
  }

  @Test
  void lastEighthOfLargeStepsIsLeftToPieces() {
    WorkSplit split =
        new WorkSplit(
            List.of(
                step(320, 40_000_000, true),
                step(320, 40_000_000, true, 15),
                step(320, 40_000_000, true, 21),
                step(320, 2_000_000, true),
                step(320, 5_000_000, true),
                step(15, 40_000_000, true),
                step(17, 40_000_000, true)),
            2);
    int[] pieces = {8, 3, 0, 0, 3, 0, 2};
    int[] ofSize = {5, 15, 1, 1, 16, 1, 1};
    for (int s = 0; s < pieces.length; s++) {
      assertEquals(pieces[s], split.pieces(s), "step " + s);
      int at = split.to(s, 1);
      for (int i = 0; i < pieces[s]; i++) {
        assertEquals(at, split.pieceFrom(s, i));
        at = split.pieceFrom(s, i + 1);
      }
      int units = s == 5 ? 15 : s == 6 ? 17 : 320;
      assertEquals(units, at);
      assertEquals(pieces[s] == 0 ? 0 : units / 8, at - split.to(s, 1));
      if (pieces[s] > 0) {
        assertEquals(ofSize[s], split.pieceFrom(s, 1) - split.pieceFrom(s, 0));
      }
    }
    for (int i = 0; i < 20; i++) {
      work(split, 0, 3, 1);
    }
    assertEquals(210, split.to(0, 0), 1);
    assertEquals(280, split.to(0, 1));
  }

  @Test
  void oneThreadHasEverythingAndTimesNothing() {
    WorkSplit split = new WorkSplit(List.of(step(5, 5_000_000, true)), 1);
    assertWhole(split, 0, 1, 5);
    assertFalse(split.timed(0));
  }
}
