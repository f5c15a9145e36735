package io.quern.kernels.asm;

import io.quern.kernels.Requantization;

/**
 * A matrix product: {@code out[r,c] = requantize(bias[c] + sum w[c,i] * (in[r,i] -
 * inputZeroPoint))}.
 *
 * @param m most rows, at least 1
 * @param k depth, 1 to 65536
 * @param n columns, 1 to 65536
 * @param weights [n, k]
 * @param bias [n]
 * @param inputZeroPoint [-128, 127]
 */
record PointwiseLayer(
    int m,
    int k,
    int n,
    byte[] weights,
    int[] bias,
    int inputZeroPoint,
    Requantization requantization) {

  PointwiseLayer {
    Checks.range("m", m, 1, 1 << 24);
    Checks.range("k", k, 1, 1 << 16);
    Checks.range("n", n, 1, 1 << 16);
    Checks.length("weights", weights.length, (long) n * k);
    Checks.length("bias", bias.length, n);
    Checks.range("inputZeroPoint", inputZeroPoint, -128, 127);
    Checks.requantization(requantization, n);
  }

  /** Whether a weight is -128, which sums of two products in 16 bits cannot take. */
  boolean hasMinimalWeight() {
    return Checks.hasMinimum(weights);
  }

  /** Sum of the weights of column {@code c}. */
  int weightSum(int c) {
    int sum = 0;
    for (int i = 0; i < k; i++) {
      sum += weights[c * k + i];
    }
    return sum;
  }
}
