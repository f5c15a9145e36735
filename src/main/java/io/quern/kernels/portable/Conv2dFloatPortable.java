package io.quern.kernels.portable;

import io.quern.kernels.Conv2dFloat;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;

/**
 * Float convolution by {@link ConvTiles}. Sums run in the order of the formula, but for a fused
 * multiply-add that rounds once where the reference rounds twice.
 */
final class Conv2dFloatPortable extends ConvTiles {
  private final int out;
  private final float[] weights;
  private final float[] bias;
  private final float min;
  private final float max;

  Conv2dFloatPortable(Conv2dFloat p) {
    super(p.geometry(), p.in(), p.groups());
    out = p.out();
    int outputs = p.geometry().outC();
    weights = new float[outputs * paddedDepth];
    for (int o = 0; o < outputs; o++) {
      System.arraycopy(p.weights(), o * depth, weights, o * paddedDepth, depth);
    }
    bias = p.bias();
    min = p.min();
    max = p.max();
  }

  @Override
  void gather(Memory memory, int[] positions, int c, float[] row, int n) {
    float[] floats = memory.floats;
    for (int p = 0; p < n; p++) {
      row[p] = floats[positions[p] + c];
    }
  }

  @Override
  void gatherPadded(Memory memory, int[] positions, int c, float[] row, int n) {
    float[] floats = memory.floats;
    for (int p = 0; p < n; p++) {
      row[p] = positions[p] < 0 ? 0 : floats[positions[p] + c];
    }
  }

  @Override
  void output(Memory memory, Scratch scratch, float[] acc, int o, int n, int at) {
    float[][] rows = scratch.rows;
    Rows.fill(acc, bias[o], n);
    int w = o * paddedDepth;
    for (int k = 0; k < paddedDepth; k += 4) {
      Rows.addScaled(
          acc,
          rows[k],
          rows[k + 1],
          rows[k + 2],
          rows[k + 3],
          weights[w + k],
          weights[w + k + 1],
          weights[w + k + 2],
          weights[w + k + 3],
          n);
    }
    float[] floats = memory.floats;
    int stride = outputStride();
    for (int p = 0; p < n; p++) {
      floats[out + at + p * stride] = Math.min(Math.max(acc[p], min), max);
    }
  }
}
