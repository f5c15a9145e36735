package io.quern.kernels.portable;

import io.quern.kernels.AveragePool2dInt8;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;

/** Mean over a window, a row of channels at a time. Units are those of {@link Windows}. */
final class AveragePool2dPortable implements Kernel {
  private final AveragePool2dInt8 p;
  private final Windows windows;

  AveragePool2dPortable(AveragePool2dInt8 p) {
    this.p = p;
    windows = new Windows(p.geometry());
  }

  @Override
  public int units() {
    return windows.units();
  }

  @Override
  public ScratchSize scratch() {
    return new ScratchSize(0, 0, Windows.CHANNELS, 0);
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    int[] sums = scratch.ints;
    for (int unit = from; unit < to; unit++) {
      int channels = windows.channels(unit);
      int bottom = windows.bottom(unit);
      int right = windows.right(unit);
      java.util.Arrays.fill(sums, 0, channels, 0);
      int rows = bottom - windows.top(unit);
      int columns = right - windows.left(unit);
      int run = columns == p.geometry().inW() ? rows * columns : columns;
      for (int i = 0; i < rows * columns; i += run) {
        int at = p.in() + windows.in(unit, windows.top(unit) + i / columns, windows.left(unit));
        Sums.add(sums, memory.bytes, at, p.geometry().inC(), run, channels);
      }
      int out = p.out() + windows.out(unit);
      for (int c = 0; c < channels; c++) {
        memory.bytes[out + c] = p.mean(sums[c], rows * columns);
      }
    }
  }

  @Override
  public String microKernel() {
    return "channelRows";
  }
}
