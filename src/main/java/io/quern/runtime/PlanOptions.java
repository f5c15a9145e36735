package io.quern.runtime;

import java.util.Objects;

/**
 * What the planner may choose from. Immutable.
 *
 * @param tier {@code auto} for the fastest that this JVM has, or the name of the tier to prefer:
 *     {@code reference}, {@code portable}, {@code vector}, {@code asm}. An operator for which a
 *     tier has no kernel falls to the next one down.
 * @param threads number of threads that a run uses, at least 1
 * @param keepIntermediates whether every tensor keeps its value until the next run, so that it can
 *     be read; costs memory and forbids fusion
 * @param fuse whether padding may be folded into the convolution after it, and reshapes and
 *     element-wise operators may work in place
 */
public record PlanOptions(String tier, int threads, boolean keepIntermediates, boolean fuse) {
  /** Validates. */
  public PlanOptions {
    Objects.requireNonNull(tier, "tier");
    if (threads < 1 || threads > 256) {
      throw new IllegalArgumentException("threads must be in 1..256, is " + threads);
    }
  }

  /** The fastest tier, one thread, memory shared, fusion on. */
  public static PlanOptions defaults() {
    return new PlanOptions("auto", 1, false, true);
  }

  /** The same with another tier. */
  public PlanOptions withTier(String newTier) {
    return new PlanOptions(newTier, threads, keepIntermediates, fuse);
  }

  /** The same with another number of threads. */
  public PlanOptions withThreads(int newThreads) {
    return new PlanOptions(tier, newThreads, keepIntermediates, fuse);
  }

  /** The same, keeping intermediate tensors or not. */
  public PlanOptions withKeepIntermediates(boolean keep) {
    return new PlanOptions(tier, threads, keep, fuse);
  }

  /** The same with fusion allowed or not. */
  public PlanOptions withFuse(boolean newFuse) {
    return new PlanOptions(tier, threads, keepIntermediates, newFuse);
  }
}
