package io.quern.kernels.portable;

/**
 * Proofs, from the weights, that sums of products of 8-bit values are exact in float.
 *
 * <p>A float holds every integer of magnitude up to 2^24. Inputs are raw int8, so of magnitude at
 * most 128; the input zero point is left to the bias. Then any partial sum over a run of weights,
 * in any order, has magnitude at most {@code 128 * sum |w|}.
 */
final class ExactSums {
  private static final int LIMIT = (1 << 24) / 128;

  /** What {@code |w - zeroPoint|} cannot exceed. */
  private static final int MOST = 255;

  private ExactSums() {}

  /**
   * Longest run length, a multiple of {@code step}, such that every run of weights that starts at a
   * multiple of it sums exactly for every output; at least {@code step}.
   *
   * @param weights [outputs, depth]
   */
  static int runLength(byte[] weights, int zeroPoint, int outputs, int depth, int step) {
    int run = (depth + step - 1) / step * step;
    while (run > step && !exact(weights, zeroPoint, outputs, depth, run)) {
      run = (run / 2 + step - 1) / step * step;
    }
    return run;
  }

  /**
   * For each output what the magnitude of its sum cannot exceed, or the largest int.
   *
   * @param weights [outputs, depth]
   */
  static int[] bounds(byte[] weights, int zeroPoint, int outputs, int depth) {
    int[] bounds = new int[outputs];
    for (int o = 0; o < outputs; o++) {
      long sum = 0;
      for (int k = o * depth; k < (o + 1) * depth; k++) {
        sum += Math.abs(weights[k] - zeroPoint);
      }
      bounds[o] = (int) Math.min(128 * sum, Integer.MAX_VALUE);
    }
    return bounds;
  }

  private static boolean exact(byte[] weights, int zeroPoint, int outputs, int depth, int run) {
    if (Math.min(run, depth) <= LIMIT / MOST) {
      return true; // whatever the weights are
    }
    for (int o = 0; o < outputs; o++) {
      for (int from = 0; from < depth; from += run) {
        int to = Math.min(depth, from + run);
        int sum = 0;
        for (int k = from; k < to; k++) {
          sum += Math.abs(weights[o * depth + k] - zeroPoint);
        }
        if (sum > LIMIT) {
          return false;
        }
      }
    }
    return true;
  }
}
