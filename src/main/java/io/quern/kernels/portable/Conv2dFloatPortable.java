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
  void gather(Memory memory, int from, int step, float[] row, int at, int n) {
    float[] floats = memory.floats;
    for (int k = 0; k < n; k++) {
      row[at + k] = floats[from + k * step];
    }
  }

  @Override
  float padding() {
    return 0;
  }

  @Override
  void outputs(Memory memory, Scratch scratch, int o, int n, int at) {
    float[][] rows = scratch.rows;
    for (int q = 0; q < BLOCK; q++) {
      Rows.fill(rows[paddedDepth + q], bias[o + q], n);
    }
    float[] w = weights;
    int w0 = o * paddedDepth;
    int w1 = w0 + paddedDepth;
    int w2 = w1 + paddedDepth;
    int w3 = w2 + paddedDepth;
    for (int k = 0; k < paddedDepth; k += 2) {
      Rows.addScaled4x2(
          rows[paddedDepth],
          rows[paddedDepth + 1],
          rows[paddedDepth + 2],
          rows[paddedDepth + 3],
          rows[k],
          rows[k + 1],
          w[w0 + k],
          w[w0 + k + 1],
          w[w1 + k],
          w[w1 + k + 1],
          w[w2 + k],
          w[w2 + k + 1],
          w[w3 + k],
          w[w3 + k + 1],
          n);
    }
    for (int q = 0; q < BLOCK; q++) {
      store(rows[paddedDepth + q], memory.floats, out + at + q, n);
    }
  }

  @Override
  void output(Memory memory, Scratch scratch, int o, int n, int at) {
    float[][] rows = scratch.rows;
    float[] acc = rows[paddedDepth];
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
    store(acc, memory.floats, out + at, n);
  }

  private void store(float[] acc, float[] to, int at, int n) {
    int stride = outputStride();
    for (int p = 0; p < n; p++) {
      to[at + p * stride] = Math.min(Math.max(acc[p], min), max);
    }
  }
}
