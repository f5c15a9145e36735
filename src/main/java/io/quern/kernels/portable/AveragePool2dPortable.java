package io.quern.kernels.portable;

import io.quern.kernels.AveragePool2dInt8;
import io.quern.kernels.ConvGeometry;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;

/** Mean over a window, a row of channels at a time. A unit is one output position. */
final class AveragePool2dPortable implements Kernel {
  private final AveragePool2dInt8 p;
  private final ConvGeometry g;

  AveragePool2dPortable(AveragePool2dInt8 p) {
    this.p = p;
    this.g = p.geometry();
  }

  @Override
  public int units() {
    return g.pixels();
  }

  @Override
  public ScratchSize scratch() {
    return new ScratchSize(0, 0, g.inC(), 0);
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    for (int unit = from; unit < to; unit++) {
      int x = unit % g.outW() * g.strideW() - g.padLeft();
      int y = unit / g.outW() % g.outH() * g.strideH() - g.padTop();
      int image = unit / (g.outW() * g.outH()) * g.inH();
      int x0 = Math.max(0, x);
      int x1 = Math.min(g.inW(), x + g.kernelW());
      int y0 = Math.max(0, y);
      int y1 = Math.min(g.inH(), y + g.kernelH());
      int[] sums = scratch.ints;
      java.util.Arrays.fill(sums, 0, g.inC(), 0);
      for (int iy = y0; iy < y1; iy++) {
        for (int ix = x0; ix < x1; ix++) {
          int at = p.in() + ((image + iy) * g.inW() + ix) * g.inC();
          Sums.add(sums, memory.bytes, at, g.inC());
        }
      }
      divide(sums, (y1 - y0) * (x1 - x0), memory.bytes, p.out() + unit * g.inC());
    }
  }

  private void divide(int[] sums, int count, byte[] out, int at) {
    for (int c = 0; c < g.inC(); c++) {
      int sum = sums[c];
      int half = p.halfUp() || sum > 0 ? count / 2 : -(count / 2);
      int mean = p.halfUp() ? Math.floorDiv(sum + half, count) : (sum + half) / count;
      out[at + c] = (byte) Math.min(Math.max(mean, p.qmin()), p.qmax());
    }
  }

  @Override
  public String microKernel() {
    return "channelRows";
  }
}
