package io.quern.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;
import io.quern.testing.Allocations;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class WorkerPoolTest {
  private static final int LENGTH = 1000;

  /** Multiply-accumulates of a step that leaves some of its units to whoever is done. */
  private static final long LARGE = 50_000_000;

  /**
   * Every element becomes the sum of itself and its mirror image of the step before: wrong unless
   * steps are kept apart.
   */
  private static Kernel mirrorSum(int from, int to) {
    return kernel(
        LENGTH,
        (m, begin, end) -> {
          for (int i = begin; i < end; i++) {
            m.ints[to + i] = m.ints[from + i] * 31 + m.ints[from + LENGTH - 1 - i] + i;
          }
        });
  }

  private interface Body {
    void run(Memory memory, int from, int to);
  }

  private static Kernel kernel(int units, Body body) {
    return new Kernel() {
      @Override
      public int units() {
        return units;
      }

      @Override
      public void run(Memory memory, Scratch scratch, int from, int to) {
        body.run(memory, from, to);
      }
    };
  }

  private static List<PlanStep> steps(Kernel... kernels) {
    return steps(0, kernels);
  }

  private static List<PlanStep> steps(long macs, Kernel... kernels) {
    return Stream.of(kernels).map(k -> new PlanStep(List.of(), "", "", k, macs, true)).toList();
  }

  private static Scratch[] scratch(int threads) {
    Scratch[] s = new Scratch[threads];
    for (int t = 0; t < threads; t++) {
      s[t] = new Scratch(ScratchSize.NONE);
    }
    return s;
  }

  private static int[] result(int threads, int runs, long macs) {
    Kernel[] kernels = new Kernel[20];
    for (int s = 0; s < kernels.length; s++) {
      kernels[s] = mirrorSum(s % 2 * LENGTH, (s + 1) % 2 * LENGTH);
    }
    Memory memory = new Memory(0, 0, 2 * LENGTH);
    WorkerPool pool = new WorkerPool(steps(macs, kernels), memory, scratch(threads));
    for (int r = 0; r < runs; r++) {
      pool.run();
    }
    pool.close();
    return memory.ints;
  }

  @Test
  void everyThreadCountGivesTheSame() {
    int[] one = result(1, 300, 0);
    for (int threads = 2; threads <= 5; threads++) {
      assertArrayEquals(one, result(threads, 300, 0), threads + " threads");
      assertArrayEquals(one, result(threads, 300, LARGE), threads + " threads, large steps");
    }
  }

  @Test
  void runsAfterAPauseInWhichWorkersPark() throws InterruptedException {
    Memory memory = new Memory(0, 0, 2 * LENGTH);
    Kernel[] kernels = {mirrorSum(0, LENGTH), mirrorSum(LENGTH, 0)};
    WorkerPool pool = new WorkerPool(steps(kernels), memory, scratch(3));
    for (int r = 0; r < 5; r++) {
      Thread.sleep(20);
      pool.run();
    }
    pool.close();
    Memory expected = new Memory(0, 0, 2 * LENGTH);
    for (int r = 0; r < 5; r++) {
      for (Kernel k : kernels) {
        k.run(expected, null, 0, LENGTH);
      }
    }
    assertArrayEquals(expected.ints, memory.ints);
  }

  @Test
  void piecesAreComputedOnceAndAFailureInOneReachesTheCaller() {
    RuntimeException failure = new IllegalStateException("as planned");
    boolean[] fail = {false};
    Kernel kernel =
        kernel(
            LENGTH,
            (m, from, to) -> {
              for (int i = from; i < to; i++) {
                m.ints[i]++;
              }
              if (fail[0] && to == LENGTH) {
                throw failure;
              }
            });
    Memory memory = new Memory(0, 0, LENGTH);
    WorkerPool pool = new WorkerPool(steps(LARGE, kernel, kernel), memory, scratch(2));
    for (int r = 0; r < 200; r++) {
      fail[0] = r % 3 == 1;
      if (fail[0]) {
        assertSame(failure, assertThrows(IllegalStateException.class, pool::run));
      } else {
        pool.run();
      }
    }
    pool.close();
    int[] expected = new int[LENGTH];
    Arrays.fill(expected, 400);
    assertArrayEquals(expected, memory.ints);
  }

  @Test
  void failureOfAWorkerReachesTheCallerAndThePoolSurvives() {
    RuntimeException failure = new IllegalStateException("as planned");
    boolean[] fail = {true};
    Kernel kernel =
        kernel(
            2,
            (m, from, to) -> {
              if (from == 1 && fail[0]) {
                throw failure;
              }
              m.ints[from]++;
            });
    Memory memory = new Memory(0, 0, 2);
    WorkerPool pool = new WorkerPool(steps(kernel), memory, scratch(2));
    assertSame(failure, assertThrows(IllegalStateException.class, pool::run));
    fail[0] = false;
    pool.run();
    pool.close();
    assertArrayEquals(new int[] {2, 1}, memory.ints);
  }

  @Test
  void closeLeavesNoThread() {
    long before = workers();
    WorkerPool pool =
        new WorkerPool(steps(mirrorSum(0, LENGTH)), new Memory(0, 0, 2 * LENGTH), scratch(4));
    pool.run();
    assertEquals(before + 3, workers());
    pool.close();
    assertEquals(before, workers());
  }

  private static long workers() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(t -> t.getName().startsWith("quern-worker-") && t.isAlive())
        .count();
  }

  @Test
  void handOffAllocatesNothing() {
    Memory memory = new Memory(0, 0, 2 * LENGTH);
    Kernel[] kernels = {mirrorSum(0, LENGTH), mirrorSum(LENGTH, 0)};
    WorkerPool pool = new WorkerPool(steps(LARGE, kernels), memory, scratch(2));
    assertEquals(0, Allocations.ofThisThread(pool::run, 2000, 1000));
    assertEquals(0, Allocations.ofThreadsNamed("quern-worker-", pool::run, 0, 1000));
    pool.close();
  }

  @Test
  void allocationIsSeenWhenThereIsOne() {
    byte[][] sink = new byte[1][];
    long bytes = Allocations.ofThisThread(() -> sink[0] = new byte[16], 2000, 1000);
    assertTrue(bytes >= 16_000, "counted " + bytes);
  }
}
