package io.quern.kernels.portable;

import io.quern.kernels.DepthwiseConv2dFloat;
import io.quern.kernels.Memory;

/** Float depthwise convolution by {@link DepthwiseRows}. */
final class DepthwiseConv2dFloatPortable extends DepthwiseRows {
  private final int out;
  private final float[] bias;
  private final float min;
  private final float max;

  DepthwiseConv2dFloatPortable(DepthwiseConv2dFloat p) {
    super(p.geometry(), p.in(), p.depthMultiplier(), p.weights());
    out = p.out();
    bias = new float[channels * blockPixels];
    for (int i = 0; i < bias.length; i++) {
      bias[i] = p.bias()[i % channels];
    }
    min = p.min();
    max = p.max();
  }

  @Override
  float padding() {
    return 0;
  }

  @Override
  boolean sumsAreExact() {
    return false;
  }

  @Override
  void convert(Memory memory, int from, float[] line, int to, int n) {
    System.arraycopy(memory.floats, from, line, to, n);
  }

  @Override
  boolean convertsRuns() {
    return false;
  }

  @Override
  void repeat(Memory memory, int from, float[] line, int to, int first, int n, int times) {
    for (int i = 0; i < n; i++) {
      line[to + i] = memory.floats[from + (first + i) / times];
    }
  }

  @Override
  void start(float[] acc, int s, int n, int whole) {
    System.arraycopy(bias, s * segment, acc, 0, n);
  }

  @Override
  void finish(Memory memory, float[] acc, int s, int n, int at) {
    float[] floats = memory.floats;
    for (int i = 0; i < n; i++) {
      floats[out + at + i] = Math.min(Math.max(acc[i], min), max);
    }
  }
}
