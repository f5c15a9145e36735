package io.quern.kernels.portable;

import io.quern.kernels.AveragePool2dFloat;
import io.quern.kernels.ConvGeometry;
import io.quern.kernels.Kernel;
import io.quern.kernels.MaxPool2dFloat;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;

/**
 * Mean or largest element of a window in float, a row of channels at a time, in the order of the
 * reference, so with the same values. Units are those of {@link Windows}.
 */
final class Pool2dFloatPortable implements Kernel {
  private final int in;
  private final int out;
  private final boolean mean;
  private final float min;
  private final float max;
  private final Windows windows;

  private Pool2dFloatPortable(int in, int out, ConvGeometry g, boolean mean, float min, float max) {
    this.in = in;
    this.out = out;
    this.mean = mean;
    this.min = min;
    this.max = max;
    windows = new Windows(g);
  }

  Pool2dFloatPortable(AveragePool2dFloat p) {
    this(p.in(), p.out(), p.geometry(), true, p.min(), p.max());
  }

  Pool2dFloatPortable(MaxPool2dFloat p) {
    this(p.in(), p.out(), p.geometry(), false, p.min(), p.max());
  }

  @Override
  public int units() {
    return windows.units();
  }

  @Override
  public ScratchSize scratch() {
    return new ScratchSize(0, 0, 0, 0, 2, Windows.CHANNELS);
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    float[] acc = scratch.rows[0];
    float[] row = scratch.rows[1];
    for (int unit = from; unit < to; unit++) {
      int channels = windows.channels(unit);
      int bottom = windows.bottom(unit);
      int right = windows.right(unit);
      Rows.fill(acc, mean ? 0 : -Float.MAX_VALUE, 0, channels);
      int count = 0;
      for (int y = windows.top(unit); y < bottom; y++) {
        for (int x = windows.left(unit); x < right; x++, count++) {
          System.arraycopy(memory.floats, in + windows.in(unit, y, x), row, 0, channels);
          if (mean) {
            Rows.add(acc, row, channels);
          } else {
            Rows.max(acc, row, channels);
          }
        }
      }
      if (mean) {
        Rows.divide(acc, count, channels);
      }
      Rows.clamp(acc, min, max, channels);
      System.arraycopy(acc, 0, memory.floats, out + windows.out(unit), channels);
    }
  }

  @Override
  public String microKernel() {
    return "channelRows";
  }
}
