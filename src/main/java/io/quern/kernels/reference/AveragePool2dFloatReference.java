package io.quern.kernels.reference;

import io.quern.kernels.AveragePool2dFloat;
import io.quern.kernels.ConvGeometry;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;

/** {@link AveragePool2dFloat} as its formula reads. A unit is an output row of one image. */
final class AveragePool2dFloatReference implements Kernel {
  private final AveragePool2dFloat p;

  AveragePool2dFloatReference(AveragePool2dFloat p) {
    this.p = p;
  }

  @Override
  public int units() {
    return p.geometry().batch() * p.geometry().outH();
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    ConvGeometry g = p.geometry();
    for (int unit = from; unit < to; unit++) {
      int n = unit / g.outH();
      int y = unit % g.outH();
      for (int x = 0; x < g.outW(); x++) {
        for (int c = 0; c < g.inC(); c++) {
          int at = p.out() + ((n * g.outH() + y) * g.outW() + x) * g.inC() + c;
          memory.floats[at] = output(memory.floats, n, y, x, c);
        }
      }
    }
  }

  private float output(float[] floats, int n, int y, int x, int c) {
    ConvGeometry g = p.geometry();
    float sum = 0;
    float count = 0;
    for (int i = 0; i < g.kernelH(); i++) {
      int inY = y * g.strideH() + i - g.padTop();
      for (int j = 0; j < g.kernelW(); j++) {
        int inX = x * g.strideW() + j - g.padLeft();
        if (inY < 0 || inY >= g.inH() || inX < 0 || inX >= g.inW()) {
          continue;
        }
        float in = floats[p.in() + ((n * g.inH() + inY) * g.inW() + inX) * g.inC() + c];
        sum += in;
        count++;
      }
    }
    return Clamp.clamp(sum / count, p.min(), p.max());
  }
}
