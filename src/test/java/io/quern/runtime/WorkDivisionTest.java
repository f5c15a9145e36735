package io.quern.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.model.Graph;
import io.quern.testing.MobileNets;
import org.junit.jupiter.api.Test;

/** How evenly the steps of a network are divided between two threads. */
class WorkDivisionTest {
  private static final long MUCH_WORK = 1_000_000;

  /** Three units are the fewest that the smallest images have. */
  private static final double MOST = 2.0 / 3;

  @Test
  void everyLargeStepIsDividedInEveryTier() {
    Graph graph = MobileNets.v1(0.5, 224);
    for (String tier : Tiers.available()) {
      if (tier.equals("reference")) {
        continue;
      }
      Plan plan = Planner.plan(graph, PlanOptions.defaults().withTier(tier).withThreads(2));
      int large = 0;
      for (PlanStep step : plan.steps()) {
        if (step.macs() < MUCH_WORK) {
          continue;
        }
        large++;
        double share = step.parallel() ? (step.units() + 1) / 2 / (double) step.units() : 1;
        assertTrue(share <= MOST, tier + ", " + step.name() + ": " + step.units() + " units");
      }
      assertEquals(16, large, tier);
    }
  }
}
