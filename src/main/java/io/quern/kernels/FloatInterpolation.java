package io.quern.kernels;

/**
 * Between which input positions each output position of one dimension lies, in float.
 *
 * @param lower input position below, one per output position
 * @param upper input position above or equal
 * @param fraction distance from {@code lower}; may be negative at the border
 */
public record FloatInterpolation(int[] lower, int[] upper, float[] fraction) {}
