package io.quern.target;

import io.quern.Model;
import io.quern.runtime.Plan;
import io.quern.runtime.PlanOptions;
import io.quern.runtime.PlanStep;
import io.quern.runtime.Session;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Marks the steps of a real network for {@code targets/cost}: for each kind of kernel in the plan
 * the step with the most multiply-accumulates, run alone on one thread. The operation is one
 * multiply-accumulate.
 *
 * <pre>targets/cost -cp quern.jar:... io.quern.target.CostSteps model.tflite portable reference
 * </pre>
 */
public final class CostSteps {
  /** Enough for C2 to have compiled every loop, at a few seconds a step in the emulator. */
  private static final int WARM_UP = 400;

  /** Operations of a region, at least, so that the mark itself does not show. */
  private static final long COUNTED = 1_000_000;

  private CostSteps() {}

  /**
   * Arguments: a model, then tiers. Tiers that this JVM lacks are left out, with a line that says
   * so.
   */
  public static void main(String[] args) throws IOException {
    if (args.length < 2) {
      System.err.println("usage: CostSteps MODEL TIER...");
      System.exit(2);
    }
    Model model = Model.load(Path.of(args[0]));
    for (int i = 1; i < args.length; i++) {
      Plan plan;
      try {
        plan = model.plan(PlanOptions.defaults().withTier(args[i]).withKeepIntermediates(true));
      } catch (IllegalArgumentException e) {
        System.err.println(e.getMessage());
        continue;
      }
      measure(plan, args[i]);
    }
  }

  private static void measure(Plan plan, String tier) {
    Map<String, Integer> largest = new LinkedHashMap<>();
    for (int s = 0; s < plan.steps().size(); s++) {
      PlanStep step = plan.steps().get(s);
      if (step.macs() == 0 || !step.tier().equals(tier)) {
        continue;
      }
      String kind = step.kernel().getClass().getSimpleName() + " " + step.kernel().microKernel();
      Integer other = largest.get(kind);
      if (other == null || plan.steps().get(other).macs() < step.macs()) {
        largest.put(kind, s);
      }
    }
    try (Session session = plan.newSession()) {
      session.invoke();
      largest.forEach(
          (kind, s) -> {
            long macs = plan.steps().get(s).macs();
            for (int i = 0; i < WARM_UP; i++) {
              session.invokeStep(s);
            }
            CostMark mark = CostMark.region(kind + ", " + macs + " MACs");
            mark.open();
            long runs = (COUNTED + macs - 1) / macs;
            for (long i = 0; i < runs; i++) {
              session.invokeStep(s);
            }
            mark.close(runs * macs);
          });
    }
  }
}
