package io.quern.cli;

import io.quern.runtime.PlanOptions;
import io.quern.runtime.Tiers;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** How models are run, in more than one way. */
final class VariantFlags {
  @Option(
      names = {"--tiers", "--tier"},
      split = ",",
      paramLabel = "TIER",
      defaultValue = "auto",
      description =
          "Kernels to measure the speed of: auto (the fastest here), reference, portable, vector, asm, or all that this JVM has."
              + " Accuracy is that of the first. Default: ${DEFAULT-VALUE}.")
  private List<String> tiers;

  @Option(
      names = "--threads",
      split = ",",
      paramLabel = "N",
      defaultValue = "1",
      description =
          "Threads per run to measure the speed with; calibration uses the first number. Default: ${DEFAULT-VALUE}.")
  private List<Integer> threads;

  /**
   * Every tier with every number of threads.
   *
   * @throws Usage when one of them cannot be
   * @throws IllegalArgumentException when this JVM cannot run a tier
   */
  List<PlanOptions> plans() {
    List<PlanOptions> r = new ArrayList<>();
    for (String tier : tiers.contains("all") ? Tiers.available() : tiers) {
      for (int n : threads) {
        r.add(RunOptions.plan("--tiers", tier, n));
      }
      Tiers.order(tier);
    }
    return r.stream().distinct().toList();
  }
}
