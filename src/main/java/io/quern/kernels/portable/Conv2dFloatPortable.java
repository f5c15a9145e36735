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
  void gather4(
      Memory memory,
      int from,
      int step,
      float[] r0,
      float[] r1,
      float[] r2,
      float[] r3,
      int at,
      int distance,
      int n) {
    float[] floats = memory.floats;
    int at1 = at + distance;
    int at2 = at1 + distance;
    int at3 = at2 + distance;
    for (int k = 0; k < n; k++) {
      int pixel = from + k * step;
      r0[at + k] = floats[pixel];
      r1[at1 + k] = floats[pixel + 1];
      r2[at2 + k] = floats[pixel + 2];
      r3[at3 + k] = floats[pixel + 3];
    }
  }

  @Override
  void gather3(Memory memory, int from, int step, float[] lines, int at, int distance, int n) {
    float[] floats = memory.floats;
    int at1 = at + distance;
    int at2 = at1 + distance;
    for (int k = 0; k < n; k++) {
      int pixel = from + k * step;
      lines[at + k] = floats[pixel];
      lines[at1 + k] = floats[pixel + 1];
      lines[at2 + k] = floats[pixel + 2];
    }
  }

  @Override
  float padding() {
    return 0;
  }

  @Override
  void outputs(Memory memory, Scratch scratch, int start, int o, int count, int n, int at) {
    float[][] rows = scratch.rows;
    int end = start + Rows.whole(n);
    for (int q = 0; q < count; q++) {
      Rows.fill(rows[paddedDepth + q], bias[o + q], start, end);
    }
    for (int k = 0; k < paddedDepth; k += 2) {
      for (int q = 0; q < count; q += BLOCK) {
        accumulateBlock(rows, paddedDepth + q, (o + q) * paddedDepth, k, start, end);
      }
    }
    for (int q = 0; q < count; q++) {
      store(rows[paddedDepth + q], start, memory.floats, out + at + q, n);
    }
  }

  /** Adds rows {@code k} and {@code k + 1}, by the weights from {@code at} on, to four sums. */
  private void accumulateBlock(float[][] rows, int acc, int at, int k, int start, int end) {
    float[] w = weights;
    int w0 = at + k;
    int w1 = w0 + paddedDepth;
    int w2 = w1 + paddedDepth;
    int w3 = w2 + paddedDepth;
    FloatRows.addScaled4x2(
        rows[acc],
        rows[acc + 1],
        rows[acc + 2],
        rows[acc + 3],
        rows[k],
        rows[k + 1],
        w[w0],
        w[w0 + 1],
        w[w1],
        w[w1 + 1],
        w[w2],
        w[w2 + 1],
        w[w3],
        w[w3 + 1],
        start,
        end);
  }

  @Override
  void output(Memory memory, Scratch scratch, int start, int o, int n, int at) {
    float[][] rows = scratch.rows;
    float[] acc = rows[paddedDepth];
    int end = start + Rows.whole(n);
    Rows.fill(acc, bias[o], start, end);
    int w = o * paddedDepth;
    for (int k = 0; k < paddedDepth; k += 4) {
      FloatRows.addScaled(
          acc,
          rows[k],
          rows[k + 1],
          rows[k + 2],
          rows[k + 3],
          weights[w + k],
          weights[w + k + 1],
          weights[w + k + 2],
          weights[w + k + 3],
          start,
          end);
    }
    store(acc, start, memory.floats, out + at, n);
  }

  private void store(float[] acc, int from, float[] to, int at, int n) {
    int stride = outputStride();
    for (int p = 0; p < n; p++) {
      to[at + p * stride] = Math.min(Math.max(acc[from + p], min), max);
    }
  }
}
