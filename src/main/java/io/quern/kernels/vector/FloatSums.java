package io.quern.kernels.vector;

import io.quern.kernels.Repeated;

/**
 * Proof that a layer's sums are exact in float. Inputs are raw int8, so {@code 128 * sum |w| <=
 * 2^24} bounds every partial sum in any order; with {@code bias' = bias - zIn * sum w} in the bound
 * too, the sums may start at the bias, else the bias is added when they are requantized.
 *
 * @param start first value of each output's sum: its bias, or 0
 * @param rest the bias of each output that {@code start} does not hold; null when all are 0
 * @param least lower bound of each output's sum with its bias
 * @param greatest upper bound
 */
record FloatSums(float[] start, double[] rest, long[] least, long[] greatest) {
  /**
   * The biases with the input zero point folded in.
   *
   * @param weights [outputs, depth] when {@code byOutput}, else [depth, outputs]
   * @return null when some sum may be inexact
   */
  static FloatSums prove(
      byte[] weights,
      int weightsZeroPoint,
      int[] bias,
      int inputZeroPoint,
      int depth,
      boolean byOutput) {
    int outputs = bias.length;
    float[] start = new float[outputs];
    double[] rest = new double[outputs];
    long[] least = new long[outputs];
    long[] greatest = new long[outputs];
    boolean large = false;
    for (int o = 0; o < outputs; o++) {
      long sum = 0;
      long magnitude = 0;
      for (int k = 0; k < depth; k++) {
        int w = weights[byOutput ? o * depth + k : k * outputs + o] - weightsZeroPoint;
        sum += w;
        magnitude += Math.abs(w);
      }
      if (128 * magnitude > 1 << 24) {
        return null;
      }
      long b = bias[o] - inputZeroPoint * sum;
      least[o] = b - 128 * magnitude;
      greatest[o] = b + 128 * magnitude;
      if (Math.abs(b) + 128 * magnitude > 1 << 24) {
        rest[o] = b;
        large = true;
      } else {
        start[o] = b;
      }
    }
    return new FloatSums(start, large ? rest : null, least, greatest);
  }

  /** Those of {@code n} times as many outputs, all outputs {@code n} times over. */
  FloatSums repeated(int n) {
    return new FloatSums(
        Repeated.times(start, n),
        rest == null ? null : Repeated.times(rest, n),
        Repeated.times(least, n),
        Repeated.times(greatest, n));
  }
}
