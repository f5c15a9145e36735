package io.quern.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.model.Graph;
import io.quern.testing.MobileNets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How evenly the steps of networks are divided among threads. */
class WorkDivisionTest {
  private static final long MUCH_WORK = 1_000_000;

  /** Of an equal part. Nine units for four threads are the worst that there is, 12 : 9. */
  private static final double MOST = 4.0 / 3;

  @ParameterizedTest
  @ValueSource(doubles = {0.5, 0.55})
  void everyLargeStepIsDividedInEveryTier(double width) {
    Graph graph = MobileNets.v1(width, 224);
    for (String tier : Tiers.available()) {
      if (tier.equals("reference")) {
        continue;
      }
      Plan plan = Planner.plan(graph, PlanOptions.defaults().withTier(tier));
      int large = 0;
      for (PlanStep step : plan.steps()) {
        if (step.macs() < MUCH_WORK) {
          continue;
        }
        large++;
        assertTrue(step.parallel(), tier + ", " + step.name());
        for (int threads : new int[] {2, 4}) {
          int most = (step.units() + threads - 1) / threads;
          double share = most * threads / (double) step.units();
          assertTrue(share <= MOST, tier + ", " + step.name() + ": " + step.units() + " units");
        }
      }
      assertEquals(16, large, tier);
    }
  }
}
