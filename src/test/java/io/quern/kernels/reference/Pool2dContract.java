package io.quern.kernels.reference;

import io.quern.kernels.AveragePool2dFloat;
import io.quern.kernels.AveragePool2dInt8;
import io.quern.kernels.ConvGeometry;
import io.quern.kernels.MaxPool2dFloat;
import io.quern.kernels.MaxPool2dInt8;
import io.quern.kernels.Memory;
import org.junit.jupiter.api.Test;

/** Average and maximum over windows: channels around tiles, borders, both roundings, bounds. */
public abstract class Pool2dContract extends KernelContract {
  private static final int[] AROUND_TILES = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33};

  private void check(int batch, int h, int w, int c, int window, int stride, int pad) {
    check(batch, h, w, c, window, stride, pad, -128, 127, -128, 127);
  }

  private void check(
      int batch,
      int h,
      int w,
      int c,
      int window,
      int stride,
      int pad,
      int qmin,
      int qmax,
      int inMin,
      int inMax) {
    int outH = (h + 2 * pad - window) / stride + 1;
    int outW = (w + 2 * pad - window) / stride + 1;
    ConvGeometry g =
        new ConvGeometry(
            batch, h, w, c, outH, outW, c, window, window, stride, stride, 1, 1, pad, pad);
    int inElements = batch * h * w * c;
    int out = outAfter(inElements);
    Memory bytes = int8Memory(inElements, g.pixels() * c);
    fill(bytes.bytes, IN, inElements, inMin, inMax);
    for (boolean halfUp : new boolean[] {false, true}) {
      check(
          "average, half up " + halfUp + ", " + g,
          new AveragePool2dInt8(IN, out, g, halfUp, qmin, qmax),
          bytes);
    }
    check("max, " + g, new MaxPool2dInt8(IN, out, g, qmin, qmax), bytes);
    Memory floats = floatMemory(inElements, g.pixels() * c);
    fill(floats.floats, IN, inElements);
    check("average, " + g, new AveragePool2dFloat(IN, out, g, -0.5f, 6), floats, 1e-5f);
    check("max, " + g, new MaxPool2dFloat(IN, out, g, -0.5f, 6), floats);
  }

  @Test
  void channelsAroundTile() {
    for (int c : AROUND_TILES) {
      check(1, 6, 5, c, 3, 1, 1);
    }
  }

  @Test
  void manyChannels() {
    for (int c : new int[] {255, 256, 257, 515}) {
      check(2, 4, 3, c, 2, 1, 0);
    }
    check(1, 7, 7, 300, 7, 1, 0);
  }

  @Test
  void windowsAndStrides() {
    for (int window : new int[] {1, 2, 3, 5}) {
      for (int stride = 1; stride <= 3; stride++) {
        check(1, 7, 8, 5, window, stride, 0);
        check(2, 7, 8, 5, window, stride, window / 2);
      }
    }
  }

  @Test
  void wholeImage() {
    check(1, 7, 7, 33, 7, 1, 0);
    check(1, 1, 1, 16, 1, 1, 0);
    check(3, 6, 6, 48, 6, 1, 0);
  }

  @Test
  void wholeImageChannels() {
    for (int c : AROUND_TILES) {
      check(1, 5, 5, c, 5, 1, 0);
      check(1, 4, 4, c, 4, 1, 0, -10, 20, -3, 3);
    }
    check(1, 9, 9, 64, 9, 1, 0, -128, 127, -128, -128);
    check(1, 9, 9, 100, 9, 1, 0, -128, 127, 127, 127);
    for (int in : new int[] {-128, 127}) {
      check(1, 23, 23, 17, 23, 1, 0, -128, 127, in, in);
    }
  }

  @Test
  void extremes() {
    for (int in : new int[] {-128, 127}) {
      check(1, 5, 5, 9, 3, 1, 1, -128, 127, in, in);
    }
    check(1, 5, 5, 9, 3, 1, 1, -10, 20, -128, 127);
  }

  @Test
  void qminEqualsQmax() {
    check(1, 5, 5, 9, 3, 1, 1, 7, 7, -128, 127);
  }

  @Test
  void ties() {
    check(1, 8, 8, 17, 2, 2, 0, -128, 127, -3, 3);
  }
}
