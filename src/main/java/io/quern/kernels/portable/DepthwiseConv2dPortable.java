package io.quern.kernels.portable;

import io.quern.kernels.DepthwiseConv2dInt8;
import io.quern.kernels.Memory;

/**
 * int8 depthwise convolution by {@link DepthwiseRows}; sums are exact in float because {@link
 * #supports} has seen the weights.
 */
final class DepthwiseConv2dPortable extends DepthwiseRows {
  private final int out;
  private final int[] bias;
  private final float padding;
  private final Requantizer requantizer;

  DepthwiseConv2dPortable(DepthwiseConv2dInt8 p) {
    super(p.geometry(), p.in(), p.depthMultiplier(), weights(p));
    out = p.out();
    int taps = p.geometry().kernelH() * p.geometry().kernelW();
    int[] folded = p.bias().clone();
    for (int i = 0; i < taps * channels; i++) {
      folded[i % channels] -= p.inputZeroPoint() * (p.weights()[i] - p.weightsZeroPoint());
    }
    bias = new int[channels * blockPixels];
    for (int i = 0; i < bias.length; i++) {
      bias[i] = folded[i % channels];
    }
    padding = p.inputZeroPoint();
    requantizer = new Requantizer(Requantizer.repeat(p.requantization(), blockPixels));
  }

  /** Whether the sums are exact in float. */
  static boolean supports(DepthwiseConv2dInt8 p) {
    int taps = p.geometry().kernelH() * p.geometry().kernelW();
    byte[] byChannel = new byte[p.weights().length];
    int channels = p.geometry().outC();
    for (int i = 0; i < byChannel.length; i++) {
      byChannel[i % channels * taps + i / channels] = p.weights()[i];
    }
    return ExactSums.runLength(byChannel, p.weightsZeroPoint(), channels, taps, 1) >= taps;
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
  void convert(Memory memory, int from, float[] line, int to, int n) {
    Rows.convert(memory.bytes, from, line, to, n);
  }

  @Override
  void repeat(Memory memory, int from, float[] line, int to, int n, int times) {
    for (int i = 0; i < n; i++) {
      line[to + i] = memory.bytes[from + i / times];
    }
  }

  @Override
  void start(float[] acc, int c, int n) {
    Rows.fill(acc, 0, n);
  }

  @Override
  void finish(Memory memory, float[] acc, int c, int n, int at) {
    requantizer.channels(acc, bias, c, n, memory.bytes, out + at);
  }
}
