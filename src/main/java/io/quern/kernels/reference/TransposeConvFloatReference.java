package io.quern.kernels.reference;

import io.quern.kernels.ConvGeometry;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.TransposeConvFloat;

/** {@link TransposeConvFloat} as its formula reads. A unit is an output row of one image. */
final class TransposeConvFloatReference implements Kernel {
  private final TransposeConvFloat p;

  TransposeConvFloatReference(TransposeConvFloat p) {
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
        for (int o = 0; o < g.outC(); o++) {
          int at = p.out() + ((n * g.outH() + y) * g.outW() + x) * g.outC() + o;
          memory.floats[at] = output(memory.floats, n, y, x, o);
        }
      }
    }
  }

  private float output(float[] floats, int n, int y, int x, int o) {
    ConvGeometry g = p.geometry();
    float acc = 0;
    for (int inY = 0; inY < g.inH(); inY++) {
      int i = y + g.padTop() - inY * g.strideH();
      for (int inX = 0; inX < g.inW(); inX++) {
        int j = x + g.padLeft() - inX * g.strideW();
        if (i < 0 || i >= g.kernelH() || j < 0 || j >= g.kernelW()) {
          continue;
        }
        for (int c = 0; c < g.inC(); c++) {
          float in = floats[p.in() + ((n * g.inH() + inY) * g.inW() + inX) * g.inC() + c];
          float w = p.weights()[((o * g.kernelH() + i) * g.kernelW() + j) * g.inC() + c];
          acc += in * w;
        }
      }
    }
    return Clamp.clamp(acc + p.bias()[o], p.min(), p.max());
  }
}
