package io.quern.cli;

import io.quern.runtime.PlanOptions;
import io.quern.runtime.Tiers;
import java.util.stream.Collectors;
import picocli.CommandLine.Option;

/** How a model is run. */
final class RunOptions {
  @Option(
      names = "--tier",
      paramLabel = "TIER",
      defaultValue = "auto",
      description =
          "Kernels to prefer: auto, reference, portable, vector or asm. Default: ${DEFAULT-VALUE}, the fastest here.")
  private String tier;

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "1",
      description = "Threads per run. Default: ${DEFAULT-VALUE}.")
  private int threads;

  /** Says in one line which tiers a measurement by the fastest tier goes without, and why. */
  static void sayMissingTiers(Console console) {
    String missing =
        Tiers.NAMES.stream()
            .filter(name -> Tiers.whyMissing(name) != null)
            .map(name -> name + ": " + Tiers.whyMissing(name))
            .collect(Collectors.joining("; "));
    if (!missing.isEmpty()) {
      console.say("faster kernels are missing: " + missing);
    }
  }

  /** Likewise, unless a tier was named. */
  void sayMissing(Console console) {
    if (tier.equals("auto")) {
      sayMissingTiers(console);
    }
  }

  PlanOptions plan() {
    return PlanOptions.defaults().withTier(tier).withThreads(threads);
  }
}
