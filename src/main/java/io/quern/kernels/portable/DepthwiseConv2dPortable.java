package io.quern.kernels.portable;

import io.quern.kernels.DepthwiseConv2dInt8;
import io.quern.kernels.Memory;

/**
 * int8 depthwise convolution by {@link DepthwiseRows}; sums are exact in float because {@link
 * #supports} has seen the weights.
 */
final class DepthwiseConv2dPortable extends DepthwiseRows {
  private final int out;
  private final float padding;
  private final RowRequantizer requantizer;
  private final RowRequantizer.Segment[] outputs;

  DepthwiseConv2dPortable(DepthwiseConv2dInt8 p) {
    super(p.geometry(), p.in(), p.depthMultiplier(), weights(p));
    out = p.out();
    int taps = p.geometry().kernelH() * p.geometry().kernelW();
    int[] bias = p.bias().clone();
    for (int i = 0; i < taps * channels; i++) {
      bias[i % channels] -= p.inputZeroPoint() * (p.weights()[i] - p.weightsZeroPoint());
    }
    padding = p.inputZeroPoint();
    int[] bounds = ExactSums.bounds(byChannel(p), p.weightsZeroPoint(), channels, taps);
    requantizer = new RowRequantizer(p.requantization(), bias, bounds);
    outputs = new RowRequantizer.Segment[segments];
    for (int s = 0; s < segments; s++) {
      outputs[s] = requantizer.segment(s * segment, segmentChannels(s), blockPixels);
    }
  }

  /** Whether the sums are exact in float. */
  static boolean supports(DepthwiseConv2dInt8 p) {
    int taps = p.geometry().kernelH() * p.geometry().kernelW();
    int channels = p.geometry().outC();
    return ExactSums.runLength(byChannel(p), p.weightsZeroPoint(), channels, taps, 1) >= taps;
  }

  /** The weights as [channels, KH * KW]. */
  private static byte[] byChannel(DepthwiseConv2dInt8 p) {
    byte[] w = new byte[p.weights().length];
    int channels = p.geometry().outC();
    int taps = w.length / channels;
    for (int i = 0; i < w.length; i++) {
      w[i % channels * taps + i / channels] = p.weights()[i];
    }
    return w;
  }

  private static float[] weights(DepthwiseConv2dInt8 p) {
    float[] w = new float[p.weights().length];
    for (int i = 0; i < w.length; i++) {
      w[i] = p.weights()[i] - p.weightsZeroPoint();
    }
    return w;
  }

  @Override
  float padding() {
    return padding;
  }

  @Override
  boolean sumsAreExact() {
    return true;
  }

  @Override
  void convert(Memory memory, int from, float[] line, int to, int n) {
    Rows.convert(memory.bytes, from, line, to, n);
  }

  @Override
  boolean convertsRuns() {
    return Rows.CONVERSION_IS_FAST;
  }

  @Override
  void repeat(Memory memory, int from, float[] line, int to, int first, int n, int times) {
    for (int i = 0; i < n; i++) {
      line[to + i] = memory.bytes[from + (first + i) / times];
    }
  }

  @Override
  void start(float[] acc, int s, int n, int whole) {
    Rows.fill(acc, 0, 0, whole);
  }

  @Override
  void finish(Memory memory, float[] acc, int s, int n, int at) {
    requantizer.channels(acc, outputs[s], n, memory.bytes, out + at);
  }
}
