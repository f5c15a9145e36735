package io.quern.kernels.vector;

import io.quern.kernels.Scratch;

/**
 * Weights of a layer, packed for {@link Gemm}: panels of 1 to 4 vectors of outputs, each [pass,
 * depth, width], where the depth of a pass is padded; and the biases. What is not there is 0, so
 * that tiles may read beyond: anything finite in the inputs.
 */
final class Panels {
  final int count;
  final float[] weights;
  final float[] bias;

  /** Floats of {@link #weights} for each output. */
  private final int depth;

  private final int outputs;
  private final int[] firstOutput;
  private final int[] vectors;

  /** By vectors of a panel: where each pixel's sums lie. */
  private final int[][] sumAt = new int[5][];

  /**
   * @param weights [outputs, passes, passDepth]
   * @param pixels most pixels of a tile
   */
  Panels(
      byte[] weights, int weightsZeroPoint, float[] bias, int passes, int passDepth, int pixels) {
    this(less(weights, weightsZeroPoint), bias, passes, passDepth, pixels);
  }

  Panels(int[] weights, float[] bias, int passes, int passDepth, int pixels) {
    int padded = Gemm.padded(passDepth);
    this.depth = passes * padded;
    this.outputs = bias.length;
    int all = Lanes.roundUp(outputs) / Lanes.COUNT;
    firstOutput = new int[all];
    vectors = new int[all];
    int n = 0;
    for (int v = 0; v < all; v += vectors[n++]) {
      firstOutput[n] = v * Lanes.COUNT;
      vectors[n] = Gemm.panelVectors(all - v);
      if (sumAt[vectors[n]] == null) {
        sumAt[vectors[n]] = new int[pixels];
        for (int p = 0; p < pixels; p++) {
          sumAt[vectors[n]][p] = p * width(n);
        }
      }
    }
    count = n;
    this.weights = new float[all * Lanes.COUNT * depth];
    this.bias = new float[all * Lanes.COUNT];
    System.arraycopy(bias, 0, this.bias, 0, outputs);
    for (int i = 0; i < count; i++) {
      int to = weightsAt(i);
      for (int j = 0; j < Math.min(width(i), outputs - firstOutput[i]); j++) {
        int from = (firstOutput[i] + j) * passes * passDepth;
        for (int k = 0; k < passes * passDepth; k++) {
          int at = k / passDepth * padded + k % passDepth;
          this.weights[to + at * width(i) + j] = weights[from + k];
        }
      }
    }
  }

  private static int[] less(byte[] weights, int zeroPoint) {
    int[] to = new int[weights.length];
    for (int i = 0; i < to.length; i++) {
      to[i] = weights[i] - zeroPoint;
    }
    return to;
  }

  /** First output channel of a panel, also where its biases begin. */
  int firstOutput(int panel) {
    return firstOutput[panel];
  }

  /** Vectors across. */
  int vectors(int panel) {
    return vectors[panel];
  }

  /** Channels across, with padding. */
  int width(int panel) {
    return vectors[panel] * Lanes.COUNT;
  }

  /**
   * Sums of a panel of a single pass, from {@code acc} on: [pixels, {@link #width}].
   *
   * @param floats inputs of {@code pixels} pixels from {@code at} on, and sums
   * @param depth padded
   */
  void multiply(int panel, int pixels, float[] floats, int at, int stride, int depth, int acc) {
    Gemm.run(
        vectors[panel],
        pixels,
        floats,
        at,
        stride,
        weights,
        weightsAt(panel),
        depth,
        bias,
        firstOutput[panel],
        0,
        floats,
        acc,
        width(panel));
  }

  /**
   * Requantizes the sums of a panel, [pixels, {@link #width}], to {@code out[outAt + p * outputs +
   * o]}. Panels that share an output are to be done from the last to the first, see {@link
   * LaneRequantizer#vector}.
   */
  void requantize(
      LaneRequantizer r,
      int panel,
      float[] acc,
      int accAt,
      byte[] out,
      int outAt,
      int pixels,
      Scratch scratch,
      int intsAt) {
    int[] at = sumAt[vectors[panel]];
    for (int v = vectors[panel] - 1; v >= 0; v--) {
      int o = firstOutput[panel] + v * Lanes.COUNT;
      int count = Math.min(Lanes.COUNT, outputs - o);
      r.vector(
          acc,
          accAt + v * Lanes.COUNT,
          at,
          out,
          outAt + o,
          outputs,
          o,
          count,
          pixels,
          scratch,
          intsAt);
    }
  }

  /** A panel of a product of depth 8 and its requantization, see {@link LaneRequantizer}. */
  void eightInputs(
      LaneRequantizer r, int panel, float[] inputs, byte[] out, int outAt, int pixels) {
    for (int v = 0; v < vectors[panel]; v++) {
      int o = firstOutput[panel] + v * Lanes.COUNT;
      int at = weightsAt(panel) + v * Lanes.COUNT;
      r.eightInputs(inputs, weights, at, width(panel), bias, o, out, outAt + o, outputs, pixels);
    }
  }

  /** Where the panel's weights begin. */
  int weightsAt(int panel) {
    return firstOutput[panel] * depth;
  }

  /** Channels of the widest panel, with padding. */
  int maxWidth() {
    return width(0);
  }
}
