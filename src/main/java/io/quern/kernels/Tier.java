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

  /**
   * A kernel for the given parameters, with its weights packed.
   *
   * @return null when this tier has no (worthwhile) kernel for them; the planner then asks the next
   *     tier
   */
  Kernel create(KernelParams params);

  /**
   * Whether this tier computes a depthwise convolution and the pointwise one that alone reads it
   * faster as one kernel than as two. When true, {@link #create} has a kernel for the {@link
   * DepthwisePointwiseInt8} of the two. Must not pack: offsets in the parameters are not final.
   */
  default boolean fuses(DepthwiseConv2dInt8 depthwise, Conv2dInt8 pointwise) {
    return false;
  }
}
