package io.quern.kernels;

import java.util.Arrays;

/**
 * From an int32 accumulator to int8: {@code clamp(multiply(acc, multiplier[c], shift[c]) +
 * zeroPoint, qmin, qmax)} with {@link io.quern.quant.FixedPoint#multiply}.
 *
 * @param multipliers Q31, one per output channel (expanded when the weights are per tensor), each 0
 *     or in [2^30, 2^31)
 * @param shifts positive to the left, as many as multipliers, in [-31, 30]
 * @param zeroPoint of the output, [-128, 127]
 * @param qmin least output, at least -128
 * @param qmax greatest output, at most 127
 */
public record Requantization(int[] multipliers, int[] shifts, int zeroPoint, int qmin, int qmax) {
  /** That of {@code n} times as many channels, all channels {@code n} times over. */
  public Requantization repeated(int n) {
    int channels = multipliers.length;
    int[] m = Arrays.copyOf(multipliers, n * channels);
    int[] s = Arrays.copyOf(shifts, n * channels);
    for (int i = channels; i < n * channels; i++) {
      m[i] = m[i - channels];
      s[i] = s[i - channels];
    }
    return new Requantization(m, s, zeroPoint, qmin, qmax);
  }
}
