package io.quern.kernels.reference;

import io.quern.kernels.ConvGeometry;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.TransposeConvInt8;

/** {@link TransposeConvInt8} as its formula reads. A unit is an output row of one image. */
final class TransposeConvReference implements Kernel {
  private final TransposeConvInt8 p;

  TransposeConvReference(TransposeConvInt8 p) {
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
          memory.bytes[at] = output(memory.bytes, n, y, x, o);
        }
      }
    }
  }

  private byte output(byte[] bytes, int n, int y, int x, int o) {
    ConvGeometry g = p.geometry();
    int acc = 0;
    for (int inY = 0; inY < g.inH(); inY++) {
      int i = y + g.padTop() - inY * g.strideH();
      for (int inX = 0; inX < g.inW(); inX++) {
        int j = x + g.padLeft() - inX * g.strideW();
        if (i < 0 || i >= g.kernelH() || j < 0 || j >= g.kernelW()) {
          continue;
        }
        for (int c = 0; c < g.inC(); c++) {
          int in = bytes[p.in() + ((n * g.inH() + inY) * g.inW() + inX) * g.inC() + c];
          int w = p.weights()[((o * g.kernelH() + i) * g.kernelW() + j) * g.inC() + c];
          acc += (w - p.weightsZeroPoint()) * (in - p.inputZeroPoint());
        }
      }
    }
    return p.requantization().output(acc + p.bias()[o], o);
  }
}
