package io.quern.kernels;

import io.quern.quant.FixedPoint;

/**
 * From an int32 accumulator to int8: {@code clamp(multiply(acc, multiplier[c], shift[c]) +
 * zeroPoint, qmin, qmax)} with {@link FixedPoint#multiply}.
 *
 * @param multipliers Q31, one per output channel (expanded when the weights are per tensor), each 0
 *     or in [2^30, 2^31)
 * @param shifts positive to the left, as many as multipliers, in [-31, 30]
 * @param zeroPoint of the output, [-128, 127]
 * @param qmin least output, at least -128
 * @param qmax greatest output, at most 127
 */
public record Requantization(int[] multipliers, int[] shifts, int zeroPoint, int qmin, int qmax) {
  /** The output of channel {@code c}. */
  public byte output(int acc, int c) {
    int q = FixedPoint.multiply(acc, multipliers[c], shifts[c]) + zeroPoint;
    return (byte) Math.min(Math.max(q, qmin), qmax);
  }

  /** That of {@code n} times as many channels, all channels {@code n} times over. */
  public Requantization repeated(int n) {
    return new Requantization(
        Repeated.times(multipliers, n), Repeated.times(shifts, n), zeroPoint, qmin, qmax);
  }
}
