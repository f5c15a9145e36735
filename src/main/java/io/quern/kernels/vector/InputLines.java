package io.quern.kernels.vector;

import io.quern.kernels.ConvGeometry;
import io.quern.kernels.Memory;

/**
 * Rows of the input as padded float lines, staged once each: a ring of as many as the output rows
 * of one unit need. Padding holds the input zero point, whose part in the sums is in the bias.
 */
final class InputLines {
  /** Lines in the ring. */
  final int count;

  /** Pixels of a line, padding included. */
  final int pixels;

  private final int channels;

  /** Floats of a line. */
  final int length;

  private final ConvGeometry g;
  private final int in;
  private final int zeroPoint;

  /**
   * @param outputs output pixels that a line must serve, at least {@code g.outW()}
   * @param rows output rows that the ring must serve at once
   */
  InputLines(ConvGeometry g, int in, int zeroPoint, int outputs, int rows) {
    this.g = g;
    this.in = in;
    this.zeroPoint = zeroPoint;
    channels = g.inC();
    count = (rows - 1) * g.strideH() + (g.kernelH() - 1) * g.dilationH() + 1;
    pixels = (outputs - 1) * g.strideW() + (g.kernelW() - 1) * g.dilationW() + 1;
    length = pixels * channels;
  }

  /** Forgets all lines. */
  void clear(int[] staged) {
    for (int i = 0; i < count; i++) {
      staged[i] = Integer.MIN_VALUE;
    }
  }

  /** Where the line lies that kernel row {@code i} of output row {@code y} reads. */
  int at(int y, int i) {
    return Math.floorMod(y * g.strideH() - g.padTop() + i * g.dilationH(), count) * length;
  }

  /** Stages what output row {@code y} of an image reads, unless it is there. */
  void stage(Memory memory, float[] lines, int[] staged, int batch, int y) {
    for (int i = 0; i < g.kernelH(); i++) {
      int iy = y * g.strideH() - g.padTop() + i * g.dilationH();
      int slot = Math.floorMod(iy, count);
      if (staged[slot] != iy) {
        staged[slot] = iy;
        line(memory, lines, slot * length, batch, iy);
      }
    }
  }

  private void line(Memory memory, float[] lines, int at, int batch, int iy) {
    if (iy < 0 || iy >= g.inH()) {
      Lanes.fill(lines, at, length, zeroPoint);
      return;
    }
    int left = Math.min(pixels, g.padLeft());
    int inside = Math.max(0, Math.min(pixels - left, g.inW()));
    Lanes.fill(lines, at, left * channels, zeroPoint);
    int from = in + (batch * g.inH() + iy) * g.inW() * g.inC();
    int to = at + left * channels;
    Lanes.toFloats(memory.bytes, from, lines, to, inside * channels);
    int done = (left + inside) * channels;
    Lanes.fill(lines, at + done, length - done, zeroPoint);
  }
}
