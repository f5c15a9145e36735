package io.quern.kernels.reference;

import io.quern.kernels.AveragePool2dInt8;
import io.quern.kernels.ConvGeometry;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;

/** {@link AveragePool2dInt8} as its formula reads. A unit is an output row of one image. */
final class AveragePool2dReference implements Kernel {
  private final AveragePool2dInt8 p;

  AveragePool2dReference(AveragePool2dInt8 p) {
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
          memory.bytes[at] = output(memory.bytes, n, y, x, c);
        }
      }
    }
  }

  private byte output(byte[] bytes, int n, int y, int x, int c) {
    ConvGeometry g = p.geometry();
    int sum = 0;
    int count = 0;
    for (int i = 0; i < g.kernelH(); i++) {
      int inY = y * g.strideH() + i - g.padTop();
      for (int j = 0; j < g.kernelW(); j++) {
        int inX = x * g.strideW() + j - g.padLeft();
        if (inY < 0 || inY >= g.inH() || inX < 0 || inX >= g.inW()) {
          continue;
        }
        byte in = bytes[p.in() + ((n * g.inH() + inY) * g.inW() + inX) * g.inC() + c];
        sum += in;
        count++;
      }
    }
    return p.mean(sum, count);
  }
}
