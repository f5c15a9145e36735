package io.quern.kernels.reference;

import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.SoftmaxFloat;
import io.quern.quant.RealFunctions;

/** {@link SoftmaxFloat} as its formula reads. A unit is one row. */
final class SoftmaxFloatReference implements Kernel {
  private final SoftmaxFloat p;

  SoftmaxFloatReference(SoftmaxFloat p) {
    this.p = p;
  }

  @Override
  public int units() {
    return p.rows();
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    float[] floats = memory.floats;
    for (int row = from; row < to; row++) {
      int in = p.in() + row * p.depth();
      int out = p.out() + row * p.depth();
      float max = -Float.MAX_VALUE;
      for (int c = 0; c < p.depth(); c++) {
        max = max < floats[in + c] ? floats[in + c] : max;
      }
      float sum = 0;
      for (int c = 0; c < p.depth(); c++) {
        float exp = RealFunctions.exp((floats[in + c] - max) * p.beta());
        floats[out + c] = exp;
        sum += exp;
      }
      for (int c = 0; c < p.depth(); c++) {
        floats[out + c] /= sum;
      }
    }
  }
}
