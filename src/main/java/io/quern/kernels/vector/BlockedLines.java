package io.quern.kernels.vector;

import static io.quern.kernels.vector.Lanes.COUNT;
import static io.quern.kernels.vector.Lanes.FLOATS;

import io.quern.kernels.ConvGeometry;
import io.quern.kernels.Memory;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Rows of the input as padded float lines for depthwise kernels, staged once each: a ring of as
 * many as one output row needs. A line is [vector of channels, phase, column, lane]: the columns of
 * one residue modulo the stride lie together, so that neighbours in the output are exactly one
 * vector apart, for which C2 removes the bounds checks (with a stride that it does not know, it
 * cannot). Padding holds the input zero point, whose part in the sums is in the bias; lanes beyond
 * the channels hold anything finite.
 */
final class BlockedLines {
  /** Lines in the ring. */
  final int count;

  /** Floats of a line. */
  final int length;

  /** Floats of one vector of channels in a line. */
  final int block;

  private final ConvGeometry g;
  private final int in;
  private final int zeroPoint;
  private final int width;
  private final int phase;
  private final int vectors;

  BlockedLines(ConvGeometry g, int in, int zeroPoint) {
    this.g = g;
    this.in = in;
    this.zeroPoint = zeroPoint;
    count = (g.kernelH() - 1) * g.dilationH() + 1;
    int s = g.strideW();
    width = (g.outW() - 1) * s + (g.kernelW() - 1) * g.dilationW() + 1;
    phase = (width + s - 1) / s * COUNT;
    block = phase * s;
    vectors = Lanes.roundUp(g.inC()) / COUNT;
    length = block * vectors;
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

  /** Where in a line, and vector of channels, kernel column {@code j} of output column 0 lies. */
  int column(int j) {
    int u = j * g.dilationW();
    return u % g.strideW() * phase + u / g.strideW() * COUNT;
  }

  /** Stages what output row {@code y} of an image reads, unless it is there. */
  void stage(Memory memory, float[] lines, int[] staged, int batch, int y) {
    for (int i = 0; i < g.kernelH(); i++) {
      int iy = y * g.strideH() - g.padTop() + i * g.dilationH();
      int slot = Math.floorMod(iy, count);
      if (staged[slot] != iy) {
        staged[slot] = iy;
        line(memory.bytes, lines, slot * length, batch, iy);
      }
    }
  }

  private void line(byte[] bytes, float[] lines, int at, int batch, int iy) {
    if (iy < 0 || iy >= g.inH()) {
      Lanes.fill(lines, at, length, zeroPoint);
      return;
    }
    int left = Math.min(width, g.padLeft());
    int inside = Math.max(0, Math.min(width - left, g.inW()));
    int row = in + (batch * g.inH() + iy) * g.inW() * g.inC();
    int s = g.strideW();
    for (int v = 0; v < vectors; v++) {
      int to = at + v * block;
      for (int f = 0; f < s; f++) {
        // Columns u = f, f + s, ... of this phase; those in [left, left + inside) are in the input.
        int first = Math.max(0, (left - f + s - 1) / s);
        int end = Math.max(first, (left + inside - f + s - 1) / s);
        int base = to + f * phase;
        Lanes.fill(lines, base, Math.min(first * COUNT, phase), zeroPoint);
        int n = Math.min(end, phase / COUNT) - first;
        if (n > 0) {
          int from = row + (f + first * s - left) * g.inC() + v * COUNT;
          convert(bytes, from, s * g.inC(), lines, base + first * COUNT, n, g.inC() - v * COUNT);
        }
        int done = (first + Math.max(0, n)) * COUNT;
        if (done < phase) {
          Lanes.fill(lines, base + done, phase - done, zeroPoint);
        }
      }
    }
  }

  /** A vector of each of {@code n} pixels. */
  private static void convert(
      byte[] bytes, int from, int stride, float[] lines, int to, int n, int channels) {
    int p = 0;
    if (Lanes.NARROW) {
      // A vector may reach beyond the pixel's channels, but not beyond the array.
      int safe = bytes.length - COUNT - from;
      int whole = safe < 0 ? 0 : Math.min(n, safe / stride + 1);
      for (; p < whole; p++) {
        ((FloatVector)
                ByteVector.fromArray(Lanes.BYTES, bytes, from + p * stride)
                    .convertShape(VectorOperators.B2F, FLOATS, 0))
            .intoArray(lines, to + p * COUNT);
      }
    }
    int present = Math.min(COUNT, channels);
    for (; p < n; p++) {
      for (int c = 0; c < COUNT; c++) {
        lines[to + p * COUNT + c] = c < present ? bytes[from + p * stride + c] : 0;
      }
    }
  }
}
