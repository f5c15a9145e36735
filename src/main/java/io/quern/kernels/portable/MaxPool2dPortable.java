package io.quern.kernels.portable;

import io.quern.kernels.Kernel;
import io.quern.kernels.MaxPool2dInt8;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;
import java.util.Arrays;

/** Largest element of a window, a row of channels at a time. Units are those of {@link Windows}. */
final class MaxPool2dPortable implements Kernel {
  private final MaxPool2dInt8 p;
  private final Windows windows;

  MaxPool2dPortable(MaxPool2dInt8 p) {
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
    int[] largest = scratch.ints;
    byte[] bytes = memory.bytes;
    for (int unit = from; unit < to; unit++) {
      int channels = windows.channels(unit);
      int bottom = windows.bottom(unit);
      int right = windows.right(unit);
      // Nothing is below qmin in the end.
      Arrays.fill(largest, 0, channels, p.qmin());
      for (int y = windows.top(unit); y < bottom; y++) {
        for (int x = windows.left(unit); x < right; x++) {
          max(largest, bytes, p.in() + windows.in(unit, y, x), channels);
        }
      }
      int out = p.out() + windows.out(unit);
      for (int c = 0; c < channels; c++) {
        bytes[out + c] = (byte) Math.min(largest[c], p.qmax());
      }
    }
  }

  private static void max(int[] largest, byte[] row, int at, int n) {
    for (int i = 0; i < n; i++) {
      largest[i] = Math.max(largest[i], row[at + i]);
    }
  }

  @Override
  public String microKernel() {
    return "channelRows";
  }
}
