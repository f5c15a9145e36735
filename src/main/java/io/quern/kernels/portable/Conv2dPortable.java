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
  private final int[] bias;
  private final float padding;
  private final int run;
  private final Requantizer requantizer;

  Conv2dPortable(Conv2dInt8 p) {
    super(p.geometry(), p.in(), p.groups());
    out = p.out();
    int outputs = p.geometry().outC();
    weightsZeroPoint = p.weightsZeroPoint();
    weights = new byte[outputs * paddedDepth];
    bias = new int[outputs];
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
    requantizer = new Requantizer(p.requantization());
  }

  @Override
  void gather(Memory memory, int[] positions, int c, float[] row, int n) {
    byte[] bytes = memory.bytes;
    for (int p = 0; p < n; p++) {
      row[p] = bytes[positions[p] + c];
    }
  }

  @Override
  void gatherPadded(Memory memory, int[] positions, int c, float[] row, int n) {
    byte[] bytes = memory.bytes;
    for (int p = 0; p < n; p++) {
      row[p] = positions[p] < 0 ? padding : bytes[positions[p] + c];
    }
  }

  @Override
  void output(Memory memory, Scratch scratch, float[] acc, int o, int n, int at) {
    if (run >= paddedDepth) {
      accumulate(scratch.rows, acc, o, 0, paddedDepth, n);
      requantizer.channel(acc, bias[o], o, n, memory.bytes, out + at, outputStride());
      return;
    }
    int[] sums = scratch.ints;
    for (int p = 0; p < n; p++) {
      sums[p] = 0;
    }
    for (int k = 0; k < paddedDepth; k += run) {
      accumulate(scratch.rows, acc, o, k, Math.min(paddedDepth, k + run), n);
      for (int p = 0; p < n; p++) {
        sums[p] += (int) acc[p];
      }
    }
    requantizer.channel(sums, bias[o], o, n, memory.bytes, out + at, outputStride());
  }

  private void accumulate(float[][] rows, float[] acc, int o, int from, int to, int n) {
    Rows.fill(acc, 0, n);
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
          n);
    }
  }
}
