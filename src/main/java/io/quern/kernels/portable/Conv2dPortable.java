package io.quern.kernels.portable;

import io.quern.kernels.Conv2dInt8;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;

/**
 * int8 convolution by {@link ConvTiles}: {@code requantize(bias - zIn * sum w + sum w * in)}, the
 * sum in float where {@link ExactSums} proves it exact and continued in int beyond.
 */
final class Conv2dPortable extends ConvTiles {
  private final int out;
  private final byte[] weights;
  private final int weightsZeroPoint;
  private final float padding;
  private final int run;
  private final RowRequantizer requantizer;

  Conv2dPortable(Conv2dInt8 p) {
    super(p.geometry(), p.in(), p.groups());
    out = p.out();
    int outputs = p.geometry().outC();
    weightsZeroPoint = p.weightsZeroPoint();
    weights = new byte[outputs * paddedDepth];
    int[] bias = new int[outputs];
    for (int o = 0; o < outputs; o++) {
      int sum = 0;
      for (int k = 0; k < depth; k++) {
        byte w = p.weights()[o * depth + k];
        weights[o * paddedDepth + k] = w;
        sum += w - weightsZeroPoint;
      }
      bias[o] = p.bias()[o] - p.inputZeroPoint() * sum;
    }
    padding = p.inputZeroPoint();
    run = ExactSums.runLength(p.weights(), weightsZeroPoint, outputs, depth, 4);
    int[] bounds = ExactSums.bounds(p.weights(), weightsZeroPoint, outputs, depth);
    requantizer = new RowRequantizer(p.requantization(), bias, bounds);
  }

  @Override
  void gather(Memory memory, int from, int step, float[] row, int at, int n) {
    byte[] bytes = memory.bytes;
    float[] values = Rows.BYTE_VALUES;
    for (int k = 0; k < n; k++) {
      row[at + k] = values[bytes[from + k * step] & 255];
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
    Rows.gather4(memory.bytes, from, step, r0, r1, r2, r3, at, distance, n);
  }

  @Override
  void gather3(Memory memory, int from, int step, float[] lines, int at, int distance, int n) {
    Rows.gather3(memory.bytes, from, step, lines, at, distance, n);
  }

  @Override
  float padding() {
    return padding;
  }

  @Override
  void outputs(Memory memory, Scratch scratch, int start, int o, int count, int n, int at) {
    sum(scratch, start, o, count, n);
    requantize(memory, scratch, start, o, count, n, at);
  }

  @Override
  void output(Memory memory, Scratch scratch, int start, int o, int n, int at) {
    sum(scratch, start, o, 1, n);
    requantize(memory, scratch, start, o, 1, n, at);
  }

  /** Sums {@code count} channels in the rows for it, or in int where float is not exact. */
  private void sum(Scratch scratch, int start, int o, int count, int n) {
    int end = start + Rows.whole(n);
    if (run >= paddedDepth) {
      accumulate(scratch.rows, o, count, 0, paddedDepth, start, end);
      return;
    }
    int[] sums = scratch.ints;
    java.util.Arrays.fill(sums, 0, count * rowLength, 0);
    for (int k = 0; k < paddedDepth; k += run) {
      accumulate(scratch.rows, o, count, k, Math.min(paddedDepth, k + run), start, end);
      for (int q = 0; q < count; q++) {
        add(sums, q * rowLength, scratch.rows[paddedDepth + q], start, n);
      }
    }
  }

  private static void add(int[] sums, int at, float[] acc, int from, int n) {
    for (int p = 0; p < n; p++) {
      sums[at + p] += (int) acc[from + p];
    }
  }

  private void requantize(
      Memory memory, Scratch scratch, int start, int o, int count, int n, int at) {
    byte[] bytes = memory.bytes;
    int stride = outputStride();
    int q = 0;
    if (run >= paddedDepth) {
      for (; q + 16 <= count; q += 16) {
        int row = paddedDepth + q;
        requantizer.channels16(scratch.rows, row, start, o + q, n, bytes, out + at + q, stride);
      }
      for (; q + BLOCK <= count; q += BLOCK) {
        int row = paddedDepth + q;
        requantizer.channels4(scratch.rows, row, start, o + q, n, bytes, out + at + q, stride);
      }
    }
    for (; q < count; q++) {
      int c = o + q;
      if (run >= paddedDepth) {
        float[] acc = scratch.rows[paddedDepth + q];
        requantizer.channel(acc, start, c, n, bytes, out + at + q, stride);
      } else {
        requantizer.channel(scratch.ints, q * rowLength, c, n, bytes, out + at + q, stride);
      }
    }
  }

  private void accumulate(float[][] rows, int o, int count, int from, int to, int start, int end) {
    for (int q = 0; q < count; q++) {
      Rows.fill(rows[paddedDepth + q], 0, start, end);
    }
    if (count >= BLOCK) {
      for (int k = from; k < to; k += 2) {
        for (int q = 0; q < count; q += BLOCK) {
          accumulateBlock(rows, paddedDepth + q, (o + q) * paddedDepth, k, start, end);
        }
      }
    } else {
      accumulateOne(rows, rows[paddedDepth], o, from, to, start, end);
    }
  }

  /** Adds rows {@code k} and {@code k + 1}, by the weights from {@code at} on, to four sums. */
  private void accumulateBlock(float[][] rows, int acc, int at, int k, int start, int end) {
    byte[] w = weights;
    int w0 = at + k;
    int w1 = w0 + paddedDepth;
    int w2 = w1 + paddedDepth;
    int w3 = w2 + paddedDepth;
    int z = weightsZeroPoint;
    Rows.addScaled4x2(
        rows[acc],
        rows[acc + 1],
        rows[acc + 2],
        rows[acc + 3],
        rows[k],
        rows[k + 1],
        w[w0] - z,
        w[w0 + 1] - z,
        w[w1] - z,
        w[w1 + 1] - z,
        w[w2] - z,
        w[w2 + 1] - z,
        w[w3] - z,
        w[w3 + 1] - z,
        start,
        end);
  }

  private void accumulateOne(
      float[][] rows, float[] acc, int o, int from, int to, int start, int end) {
    int w = o * paddedDepth;
    int z = weightsZeroPoint;
    for (int k = from; k < to; k += 4) {
      Rows.addScaled(
          acc,
          rows[k],
          rows[k + 1],
          rows[k + 2],
          rows[k + 3],
          weights[w + k] - z,
          weights[w + k + 1] - z,
          weights[w + k + 2] - z,
          weights[w + k + 3] - z,
          start,
          end);
    }
  }
}
