package io.quern.kernels.vector;

/**
 * Weights of a layer, packed for {@link Gemm}: panels of 1, 2 or 4 vectors of outputs, each [depth,
 * width], the last one padded with zeros; and the biases likewise.
 */
final class Panels {
  final int count;
  final float[] weights;
  final float[] bias;

  private final int depth;
  private final int outputs;
  private final int[] firstOutput;
  private final int[] vectors;

  /**
   * @param weights [outputs, depth]
   */
  Panels(byte[] weights, int weightsZeroPoint, float[] bias, int depth) {
    this.depth = depth;
    this.outputs = bias.length;
    int all = Lanes.roundUp(outputs) / Lanes.COUNT;
    firstOutput = new int[all];
    vectors = new int[all];
    int n = 0;
    for (int v = 0; v < all; v += vectors[n++]) {
      firstOutput[n] = v * Lanes.COUNT;
      vectors[n] = Gemm.panelVectors(all - v, depth);
    }
    count = n;
    this.weights = new float[all * Lanes.COUNT * depth];
    this.bias = new float[all * Lanes.COUNT];
    System.arraycopy(bias, 0, this.bias, 0, outputs);
    for (int i = 0; i < count; i++) {
      for (int k = 0; k < depth; k++) {
        for (int j = 0; j < width(i); j++) {
          int o = firstOutput[i] + j;
          if (o < outputs) {
            this.weights[weightsAt(i) + k * width(i) + j] =
                weights[o * depth + k] - weightsZeroPoint;
          }
        }
      }
    }
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

  /** Channels that exist. */
  int channels(int panel) {
    return Math.min(width(panel), outputs - firstOutput[panel]);
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
