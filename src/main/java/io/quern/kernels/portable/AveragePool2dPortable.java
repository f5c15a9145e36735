package io.quern.kernels.portable;

import io.quern.kernels.AveragePool2dInt8;
import io.quern.kernels.ConvGeometry;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;

/**
 * Mean over a window, a row of channels at a time. A unit is a block of channels of one output
 * position, so that a mean over all positions can be divided too.
 */
final class AveragePool2dPortable implements Kernel {
  private static final int CHANNELS = 256;

  private final AveragePool2dInt8 p;
  private final ConvGeometry g;
  private final int blocks;

  AveragePool2dPortable(AveragePool2dInt8 p) {
    this.p = p;
    this.g = p.geometry();
    this.blocks = (g.inC() + CHANNELS - 1) / CHANNELS;
  }

  @Override
  public int units() {
    return g.pixels() * blocks;
  }

  @Override
  public ScratchSize scratch() {
    return new ScratchSize(0, 0, CHANNELS, 0);
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    for (int unit = from; unit < to; unit++) {
      int channel = unit % blocks * CHANNELS;
      mean(memory.bytes, scratch.ints, unit / blocks, channel);
    }
  }

  private void mean(byte[] bytes, int[] sums, int pixel, int channel) {
    int channels = Math.min(CHANNELS, g.inC() - channel);
    int x = pixel % g.outW() * g.strideW() - g.padLeft();
    int y = pixel / g.outW() % g.outH() * g.strideH() - g.padTop();
    int image = pixel / (g.outW() * g.outH()) * g.inH();
    int x0 = Math.max(0, x);
    int x1 = Math.min(g.inW(), x + g.kernelW());
    int y0 = Math.max(0, y);
    int y1 = Math.min(g.inH(), y + g.kernelH());
    java.util.Arrays.fill(sums, 0, channels, 0);
    for (int iy = y0; iy < y1; iy++) {
      for (int ix = x0; ix < x1; ix++) {
        int at = p.in() + ((image + iy) * g.inW() + ix) * g.inC() + channel;
        Sums.add(sums, bytes, at, channels);
      }
    }
    int count = (y1 - y0) * (x1 - x0);
    divide(sums, channels, count, bytes, p.out() + pixel * g.inC() + channel);
  }

  private void divide(int[] sums, int channels, int count, byte[] out, int at) {
    for (int c = 0; c < channels; c++) {
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
