package io.quern.kernels.vector;

import static io.quern.kernels.vector.Lanes.COUNT;
import static io.quern.kernels.vector.Lanes.FLOATS;

import io.quern.kernels.ConvGeometry;
import io.quern.kernels.DepthwiseConv2dInt8;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import jdk.incubator.vector.FloatVector;

/**
 * One output row of a depthwise convolution: for each vector of channels the weights stay in
 * registers while the pixels pass by.
 */
final class DepthwiseRow {
  /** Channels, padded to whole vectors. */
  final int channels;

  final InputLines lines;

  /** Floats that a row of sums takes. */
  final int accLength;

  private final ConvGeometry g;
  private final float[] weights;
  private final float[] bias;
  private final boolean threeByThree;

  /**
   * @param rows output rows for which lines are staged at once
   * @param sums from {@link #prove}
   */
  DepthwiseRow(DepthwiseConv2dInt8 p, FloatSums sums, int rows) {
    g = p.geometry();
    channels = Lanes.roundUp(g.outC());
    lines = new InputLines(g, p.in(), p.inputZeroPoint(), g.outW(), rows, channels);
    accLength = g.outW() * channels;
    threeByThree = g.kernelH() == 3 && g.kernelW() == 3;
    int taps = g.kernelH() * g.kernelW();
    weights = new float[taps * channels];
    bias = new float[channels];
    System.arraycopy(sums.start(), 0, bias, 0, g.outC());
    for (int t = 0; t < taps; t++) {
      for (int c = 0; c < g.outC(); c++) {
        weights[t * channels + c] = p.weights()[t * g.outC() + c] - p.weightsZeroPoint();
      }
    }
  }

  /** Null when the sums may be inexact or each input channel has several outputs. */
  static FloatSums prove(DepthwiseConv2dInt8 p) {
    if (p.depthMultiplier() != 1) {
      return null;
    }
    ConvGeometry g = p.geometry();
    return FloatSums.prove(
        p.weights(),
        p.weightsZeroPoint(),
        p.bias(),
        p.inputZeroPoint(),
        g.kernelH() * g.kernelW(),
        false);
  }

  /** The sums of output row {@code y}: [outW, channels] from {@code acc} on in the same array. */
  void sums(Memory memory, Scratch scratch, int batch, int y, int acc) {
    float[] f = scratch.floats;
    lines.stage(memory, f, scratch.ints, batch, y);
    int step = g.strideW() * channels;
    for (int c = 0; c < channels; c += COUNT) {
      if (threeByThree) {
        int across = g.dilationW() * channels;
        threeByThree(
            f,
            lines.at(y, 0) + c,
            lines.at(y, 1) + c,
            lines.at(y, 2) + c,
            across,
            step,
            c,
            acc + c,
            g.outW());
      } else {
        general(f, y, step, c, acc + c);
      }
    }
  }

  private void threeByThree(
      float[] f, int l0, int l1, int l2, int across, int step, int c, int acc, int pixels) {
    int n = channels;
    FloatVector w0 = FloatVector.fromArray(FLOATS, weights, c);
    FloatVector w1 = FloatVector.fromArray(FLOATS, weights, c + n);
    FloatVector w2 = FloatVector.fromArray(FLOATS, weights, c + 2 * n);
    FloatVector w3 = FloatVector.fromArray(FLOATS, weights, c + 3 * n);
    FloatVector w4 = FloatVector.fromArray(FLOATS, weights, c + 4 * n);
    FloatVector w5 = FloatVector.fromArray(FLOATS, weights, c + 5 * n);
    FloatVector w6 = FloatVector.fromArray(FLOATS, weights, c + 6 * n);
    FloatVector w7 = FloatVector.fromArray(FLOATS, weights, c + 7 * n);
    FloatVector w8 = FloatVector.fromArray(FLOATS, weights, c + 8 * n);
    FloatVector b = FloatVector.fromArray(FLOATS, bias, c);
    int two = 2 * across;
    for (int x = 0; x < pixels; x++) {
      int at = x * step;
      FloatVector s = FloatVector.fromArray(FLOATS, f, l0 + at).fma(w0, b);
      s = FloatVector.fromArray(FLOATS, f, l0 + across + at).fma(w1, s);
      s = FloatVector.fromArray(FLOATS, f, l0 + two + at).fma(w2, s);
      s = FloatVector.fromArray(FLOATS, f, l1 + at).fma(w3, s);
      s = FloatVector.fromArray(FLOATS, f, l1 + across + at).fma(w4, s);
      s = FloatVector.fromArray(FLOATS, f, l1 + two + at).fma(w5, s);
      s = FloatVector.fromArray(FLOATS, f, l2 + at).fma(w6, s);
      s = FloatVector.fromArray(FLOATS, f, l2 + across + at).fma(w7, s);
      s = FloatVector.fromArray(FLOATS, f, l2 + two + at).fma(w8, s);
      s.intoArray(f, acc + x * n);
    }
  }

  private void general(float[] f, int y, int step, int c, int acc) {
    for (int i = 0; i < g.kernelH(); i++) {
      for (int j = 0; j < g.kernelW(); j++) {
        boolean first = i == 0 && j == 0;
        tap(
            f,
            lines.at(y, i) + j * g.dilationW() * channels + c,
            step,
            (i * g.kernelW() + j) * channels + c,
            first ? bias : f,
            first ? c : acc,
            first ? 0 : channels,
            acc,
            g.outW());
      }
    }
  }

  private void tap(
      float[] f,
      int line,
      int step,
      int weight,
      float[] start,
      int startAt,
      int startStride,
      int acc,
      int pixels) {
    FloatVector w = FloatVector.fromArray(FLOATS, weights, weight);
    for (int x = 0; x < pixels; x++) {
      FloatVector s = FloatVector.fromArray(FLOATS, start, startAt + x * startStride);
      FloatVector.fromArray(FLOATS, f, line + x * step).fma(w, s).intoArray(f, acc + x * channels);
    }
  }
}
