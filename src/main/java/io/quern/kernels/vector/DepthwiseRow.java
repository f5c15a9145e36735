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

  final BlockedLines lines;

  /** Floats between two vectors of sums of a pixel. */
  final int plane;

  private final ConvGeometry g;
  private final float[] weights;
  private final float[] bias;
  private final boolean threeByThree;

  /**
   * @param sums from {@link #prove}
   * @param pixels room for sums, in pixels
   */
  DepthwiseRow(DepthwiseConv2dInt8 p, FloatSums sums, int pixels) {
    g = p.geometry();
    channels = Lanes.roundUp(g.outC());
    lines = new BlockedLines(g, p.in(), p.inputZeroPoint());
    plane = pixels * COUNT;
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

  /**
   * The sums of output row {@code y}, from {@code acc} on in the same array: vector {@code v} of
   * pixel {@code x} at {@code acc + v * plane + x * COUNT}.
   */
  void sums(Memory memory, Scratch scratch, int batch, int y, int acc) {
    float[] f = scratch.floats;
    lines.stage(memory, f, scratch.ints, batch, y);
    for (int v = 0; v < channels / COUNT; v++) {
      if (threeByThree) {
        int at = v * lines.block;
        threeByThree(
            f,
            at + lines.at(y, 0),
            at + lines.at(y, 1),
            at + lines.at(y, 2),
            lines.column(1),
            lines.column(2),
            v * COUNT,
            acc + v * plane,
            g.outW());
      } else {
        general(f, y, v, acc + v * plane);
      }
    }
  }

  private void threeByThree(
      float[] f, int l0, int l1, int l2, int j1, int j2, int c, int acc, int pixels) {
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
    int l01 = l0 + j1;
    int l02 = l0 + j2;
    int l11 = l1 + j1;
    int l12 = l1 + j2;
    int l21 = l2 + j1;
    int l22 = l2 + j2;
    for (int x = 0; x < pixels; x++) {
      FloatVector s = FloatVector.fromArray(FLOATS, f, l0 + x * COUNT).fma(w0, b);
      s = FloatVector.fromArray(FLOATS, f, l01 + x * COUNT).fma(w1, s);
      s = FloatVector.fromArray(FLOATS, f, l02 + x * COUNT).fma(w2, s);
      s = FloatVector.fromArray(FLOATS, f, l1 + x * COUNT).fma(w3, s);
      s = FloatVector.fromArray(FLOATS, f, l11 + x * COUNT).fma(w4, s);
      s = FloatVector.fromArray(FLOATS, f, l12 + x * COUNT).fma(w5, s);
      s = FloatVector.fromArray(FLOATS, f, l2 + x * COUNT).fma(w6, s);
      s = FloatVector.fromArray(FLOATS, f, l21 + x * COUNT).fma(w7, s);
      s = FloatVector.fromArray(FLOATS, f, l22 + x * COUNT).fma(w8, s);
      s.intoArray(f, acc + x * COUNT);
    }
  }

  private void general(float[] f, int y, int v, int acc) {
    for (int i = 0; i < g.kernelH(); i++) {
      for (int j = 0; j < g.kernelW(); j++) {
        int line = lines.at(y, i) + v * lines.block + lines.column(j);
        int weight = (i * g.kernelW() + j) * channels + v * COUNT;
        if (i == 0 && j == 0) {
          first(f, line, weight, v * COUNT, acc, g.outW());
        } else {
          next(f, line, weight, acc, g.outW());
        }
      }
    }
  }

  private void first(float[] f, int line, int weight, int channel, int acc, int pixels) {
    FloatVector w = FloatVector.fromArray(FLOATS, weights, weight);
    FloatVector b = FloatVector.fromArray(FLOATS, bias, channel);
    for (int x = 0; x < pixels; x++) {
      FloatVector.fromArray(FLOATS, f, line + x * COUNT).fma(w, b).intoArray(f, acc + x * COUNT);
    }
  }

  private void next(float[] f, int line, int weight, int acc, int pixels) {
    FloatVector w = FloatVector.fromArray(FLOATS, weights, weight);
    for (int x = 0; x < pixels; x++) {
      FloatVector s = FloatVector.fromArray(FLOATS, f, acc + x * COUNT);
      FloatVector.fromArray(FLOATS, f, line + x * COUNT).fma(w, s).intoArray(f, acc + x * COUNT);
    }
  }
}
