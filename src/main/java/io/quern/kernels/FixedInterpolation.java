package io.quern.kernels;

/**
 * Between which input positions each output position of one dimension lies, in fixed point.
 *
 * @param lower input position below, one per output position
 * @param upper input position above or equal
 * @param fraction distance from {@code lower} in 1/1024; may be negative at the border, where lower
 *     and upper are equal
 */
public record FixedInterpolation(int[] lower, int[] upper, int[] fraction) {
  /** Bits of a fraction. */
  public static final int BITS = 10;
}
