package io.quern.kernels.portable;

import io.quern.kernels.ConvGeometry;

/**
 * Pooling windows cut to the input. A unit is a block of channels of one output position, so that a
 * window over the whole image can be divided among threads too.
 */
final class Windows {
  /** Most channels of a block. */
  static final int CHANNELS = 256;

  private final ConvGeometry g;
  private final int blocks;

  Windows(ConvGeometry g) {
    this.g = g;
    blocks = (g.inC() + CHANNELS - 1) / CHANNELS;
  }

  int units() {
    return g.pixels() * blocks;
  }

  /** First channel of a unit. */
  int channel(int unit) {
    return unit % blocks * CHANNELS;
  }

  /** Channels of a unit. */
  int channels(int unit) {
    return Math.min(CHANNELS, g.inC() - channel(unit));
  }

  /** First row inside the input that a unit reads. */
  int top(int unit) {
    return Math.max(0, y(unit));
  }

  /** End of its rows. */
  int bottom(int unit) {
    return Math.min(g.inH(), y(unit) + g.kernelH());
  }

  /** First column inside the input that it reads. */
  int left(int unit) {
    return Math.max(0, x(unit));
  }

  /** End of its columns. */
  int right(int unit) {
    return Math.min(g.inW(), x(unit) + g.kernelW());
  }

  /** Position in the input of a unit's first channel at a row and a column. */
  int in(int unit, int row, int column) {
    int image = unit / blocks / (g.outW() * g.outH());
    return ((image * g.inH() + row) * g.inW() + column) * g.inC() + channel(unit);
  }

  /** Position in the output of a unit's first channel. */
  int out(int unit) {
    return unit / blocks * g.inC() + channel(unit);
  }

  private int x(int unit) {
    return unit / blocks % g.outW() * g.strideW() - g.padLeft();
  }

  private int y(int unit) {
    return unit / blocks / g.outW() % g.outH() * g.strideH() - g.padTop();
  }
}
