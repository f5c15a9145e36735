package io.quern.kernels;

/**
 * A set of kernels written in one way. Every tier gives the same bytes as {@code reference} for
 * integer kernels.
 *
 * <p>Stateless; threads may share it.
 */
public interface Tier {
  /** {@code reference}, {@code portable}, {@code vector} or {@code asm}. */
  String name();

  /** Whether networks that it runs are planned without the channels that no input can change. */
  default boolean skipsConstantChannels() {
    return true;
  }

  /**
   * A kernel for the given parameters, with its weights packed.
   *
   * @return null when this tier has no (worthwhile) kernel for them; the planner then asks the next
   *     tier
   */
  Kernel create(KernelParams params);
}
