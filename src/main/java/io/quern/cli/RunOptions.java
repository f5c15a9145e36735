package io.quern.cli;

import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.runtime.Costs;
import io.quern.runtime.PlanOptions;
import io.quern.runtime.Tiers;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** How a model is run. */
final class RunOptions {
  /**
   * Multiply-accumulates up to which a tier that plans faster has its results first. x86-64, cold
   * start, one core, 2026-11-27, milliseconds of asm / portable / reference on JDK 25: visual wake
   * words (7.5 M) 370 / 282 / 269, four of them 416 / 340 / 366, MobileNet V1 0.25 (41 M) 397 / 316
   * / 380, four of them 439 / 469 / 899.
   */
  private static final long SMALL = 100_000_000;

  private static final long TINY = 10_000_000;

  private final OptionSpec tier =
      OptionSpec.builder("--tier")
          .paramLabel("TIER")
          .type(String.class)
          .defaultValue("auto")
          .description(
              "Kernels to prefer: auto, reference, portable, vector or asm. Default: ${DEFAULT-VALUE}, the fastest here.")
          .build();

  private final OptionSpec threads =
      OptionSpec.builder("--threads")
          .paramLabel("N")
          .type(int.class)
          .defaultValue("1")
          .description("Threads per run. Default: ${DEFAULT-VALUE}.")
          .build();

  void addTo(CommandSpec spec) {
    spec.addOption(tier).addOption(threads);
  }

  /**
   * The plan for a number of runs that is known: where no tier is named, a few runs of a small
   * network take one that is ready sooner than the fastest. The bytes are the same in all; float
   * arithmetic, where they need not be, stays with the fastest.
   */
  PlanOptions plan(Graph g, long runs) {
    PlanOptions o = plan();
    long work = Costs.macs(g) * Math.max(1, runs);
    if (!o.tier().equals("auto") || work > SMALL || !isInteger(g)) {
      return o;
    }
    return o.withTier(work > TINY ? "portable" : "reference");
  }

  private static boolean isInteger(Graph g) {
    for (Operator op : g.operators()) {
      if (op instanceof Operator.Quantize || op instanceof Operator.Dequantize) {
        continue;
      }
      for (int t : op.presentInputs()) {
        if (g.tensor(t).type() == DataType.FLOAT32) {
          return false;
        }
      }
      for (int t : op.outputs()) {
        if (g.tensor(t).type() == DataType.FLOAT32) {
          return false;
        }
      }
    }
    return true;
  }

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
    if (plan().tier().equals("auto")) {
      sayMissingTiers(console);
    }
  }

  PlanOptions plan() {
    return plan("--tier", tier.getValue(), threads.getValue());
  }

  /**
   * A tier with a number of threads, both as given.
   *
   * @param flag the switch of the tier
   * @throws Usage when one of them cannot be; a tier that this JVM lacks is no wrong usage
   */
  static PlanOptions plan(String flag, String tier, int threads) {
    try {
      Tiers.requireKnown(tier);
    } catch (IllegalArgumentException e) {
      throw new Usage(flag + ": " + e.getMessage());
    }
    try {
      return PlanOptions.defaults().withTier(tier).withThreads(threads);
    } catch (IllegalArgumentException e) {
      throw new Usage("--" + e.getMessage());
    }
  }
}
