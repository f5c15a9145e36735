package io.quern.cli;

import io.quern.runtime.PlanOptions;
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

  PlanOptions plan() {
    return PlanOptions.defaults().withTier(tier).withThreads(threads);
  }
}
