package io.quern.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

class ArenaPlannerTest {
  @Test
  void buffersThatDoNotMeetShareMemory() {
    ArenaPlanner p = ArenaPlanner.plan(new int[] {100, 100}, new int[] {0, 2}, new int[] {1, 3});
    assertEquals(0, p.offset(0));
    assertEquals(0, p.offset(1));
    assertEquals(100, p.length());
  }

  @Test
  void chainNeedsItsTwoLargestNeighbours() {
    ArenaPlanner p =
        ArenaPlanner.plan(
            new int[] {640, 1280, 320, 64}, new int[] {-1, 0, 1, 2}, new int[] {0, 1, 2, 3});
    assertEquals(640 + 1280, p.length());
  }

  @Test
  void noneAndEmpty() {
    assertEquals(0, ArenaPlanner.plan(new int[0], new int[0], new int[0]).length());
    assertEquals(0, ArenaPlanner.plan(new int[] {0}, new int[] {0}, new int[] {0}).length());
  }

  @Test
  void sizesBeyondAnArrayAreReportedNotWrapped() {
    int big = Integer.MAX_VALUE;
    ArenaPlanner p = ArenaPlanner.plan(new int[] {big, big}, new int[] {0, 0}, new int[] {1, 1});
    assertTrue(p.length() > 2L * big - 1, "length " + p.length());
  }

  @Test
  void randomBuffersThatLiveTogetherNeverOverlap() {
    for (long seed = 0; seed < 500; seed++) {
      Random random = new Random(seed);
      int n = 1 + random.nextInt(40);
      int[] sizes = new int[n];
      int[] first = new int[n];
      int[] last = new int[n];
      long sum = 0;
      for (int i = 0; i < n; i++) {
        sizes[i] = random.nextInt(10_000);
        first[i] = random.nextInt(30) - 1;
        last[i] = first[i] + random.nextInt(6);
        sum += sizes[i] + ArenaPlanner.ALIGNMENT;
      }
      ArenaPlanner p = ArenaPlanner.plan(sizes, first, last);
      assertTrue(p.length() <= sum, "seed " + seed);
      for (int i = 0; i < n; i++) {
        assertEquals(0, p.offset(i) % ArenaPlanner.ALIGNMENT, "seed " + seed);
        assertTrue(p.offset(i) + sizes[i] <= p.length(), "seed " + seed);
        for (int j = 0; j < i; j++) {
          boolean together = first[i] <= last[j] && first[j] <= last[i];
          boolean apart =
              p.offset(i) + sizes[i] <= p.offset(j) || p.offset(j) + sizes[j] <= p.offset(i);
          assertTrue(!together || apart, "seed " + seed + " buffers " + i + " and " + j);
        }
      }
    }
  }
}
