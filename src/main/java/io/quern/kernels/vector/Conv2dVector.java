package io.quern.kernels.vector;

import static io.quern.kernels.vector.Lanes.COUNT;
import static io.quern.kernels.vector.Lanes.FLOATS;

import io.quern.kernels.Conv2dInt8;
import io.quern.kernels.ConvGeometry;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Parts;
import io.quern.kernels.Repeated;
import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Convolution without copying patches: the values under one kernel row are consecutive in a staged
 * line, so each kernel row is a matrix product whose rows overlap, added to the one before. (With a
 * dilation, each kernel element is.) A unit is an output row of one image; some are taken together.
 *
 * <p>Where that makes many shallow products, as of three channels, the lines that an output row
 * reads are woven into one, [column, kernel row, channel], in which all values under the kernel are
 * consecutive.
 */
final class Conv2dVector implements Kernel {
  /** Output pixels that share a pass over the weights. */
  private static final int PIXELS = 48;

  /** Products shallower than this are not worth a pass over the sums. */
  private static final int LEAST_DEPTH = Lanes.WIDE ? 15 : 32;

  private final ConvGeometry g;
  private final int out;

  /** Output rows that share a pass over the weights. */
  private final int rows;

  private final boolean woven;
  private final int passes;
  private final int passDepth;

  /** Where woven lines begin in the scratch, and how far apart they are. */
  private final int wovenAt;

  private final int wovenLength;

  /** Where the sums begin in the scratch. */
  private final int acc;

  private final int floats;
  private final InputLines lines;
  private final Panels panels;
  private final LaneRequantizer requantizer;

  private Conv2dVector(Conv2dInt8 p, FloatSums sums) {
    g = p.geometry();
    out = p.out();
    rows = Math.max(1, Math.min(g.outH(), PIXELS / g.outW()));
    boolean whole = g.dilationW() == 1;
    int rowDepth = g.kernelW() * g.inC();
    woven = whole && g.kernelH() > 1 && rowDepth < LEAST_DEPTH && g.inC() <= COUNT;
    int outputs = woven ? g.outW() : g.outW() + Gemm.MOST_PIXELS - 1;
    lines = new InputLines(g, p.in(), p.inputZeroPoint(), outputs, rows);
    passes = woven ? 1 : whole ? g.kernelH() : g.kernelH() * g.kernelW();
    passDepth = woven ? g.kernelH() * rowDepth : whole ? rowDepth : g.inC();
    byte[] weights = woven ? columnsFirst(p.weights()) : p.weights();
    int pixels = rows * g.outW();
    panels = new Panels(weights, p.weightsZeroPoint(), sums.start(), passes, passDepth, pixels);
    wovenAt = lines.count * lines.length + COUNT;
    wovenLength = woven ? lines.pixels * g.kernelH() * g.inC() + COUNT : 0;
    // Tiles may run beyond the last line.
    int beyond = woven ? Gemm.MOST_PIXELS * g.strideW() * g.kernelH() * g.inC() : 0;
    acc = wovenAt + rows * wovenLength + beyond;
    floats = acc + (pixels + Gemm.MOST_PIXELS) * panels.maxWidth();
    requantizer = new LaneRequantizer(p.requantization(), sums);
  }

  private byte[] columnsFirst(byte[] weights) {
    byte[] to = new byte[weights.length];
    int h = g.kernelH();
    int w = g.kernelW();
    int c = g.inC();
    for (int o = 0; o < g.outC(); o++) {
      for (int i = 0; i < h; i++) {
        for (int j = 0; j < w; j++) {
          System.arraycopy(weights, ((o * h + i) * w + j) * c, to, ((o * w + j) * h + i) * c, c);
        }
      }
    }
    return to;
  }

  /**
   * The same convolution with two output pixels of a row as one of twice the channels: where one
   * pixel fills half a vector at most, as the first layer's of small networks. Its kernel is wider
   * by the stride, with zeros where a pixel does not look.
   */
  private static Conv2dInt8 paired(Conv2dInt8 p) {
    ConvGeometry g = p.geometry();
    int kernelW = g.kernelW() + g.strideW();
    if (!Lanes.WIDE
        || 2 * g.outC() > COUNT
        || g.outW() % 2 != 0
        || g.dilationW() != 1
        || kernelW > 2 * g.kernelW()) {
      return p;
    }
    byte[] weights = new byte[2 * g.outC() * g.kernelH() * kernelW * g.inC()];
    Arrays.fill(weights, (byte) p.weightsZeroPoint());
    int from = g.kernelW() * g.inC();
    for (int row = 0; row < 2 * g.outC() * g.kernelH(); row++) {
      int right = row / (g.outC() * g.kernelH());
      int to = row * kernelW * g.inC() + right * g.strideW() * g.inC();
      int same = row % (g.outC() * g.kernelH());
      System.arraycopy(p.weights(), same * from, weights, to, from);
    }
    return new Conv2dInt8(
        p.in(),
        p.out(),
        new ConvGeometry(
            g.batch(),
            g.inH(),
            g.inW(),
            g.inC(),
            g.outH(),
            g.outW() / 2,
            2 * g.outC(),
            g.kernelH(),
            kernelW,
            g.strideH(),
            2 * g.strideW(),
            g.dilationH(),
            1,
            g.padTop(),
            g.padLeft()),
        weights,
        p.weightsZeroPoint(),
        Repeated.times(p.bias(), 2),
        1,
        p.inputZeroPoint(),
        p.requantization().repeated(2));
  }

  /** Null when the sums may be inexact. */
  static Kernel create(Conv2dInt8 unpaired) {
    Conv2dInt8 p = paired(unpaired);
    ConvGeometry g = p.geometry();
    int depth = g.kernelH() * g.kernelW() * g.inC();
    FloatSums sums =
        FloatSums.prove(
            p.weights(), p.weightsZeroPoint(), p.bias(), p.inputZeroPoint(), depth, true);
    return sums == null ? null : new Conv2dVector(p, sums);
  }

  @Override
  public int units() {
    return g.batch() * g.outH();
  }

  @Override
  public int grain() {
    return rows;
  }

  @Override
  public ScratchSize scratch() {
    return LaneRequantizer.scratch(lines.count + g.kernelH() + rows * g.outW() * COUNT, floats);
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    int[] staged = scratch.ints;
    float[] f = scratch.floats;
    lines.clear(staged);
    Gemm.clearBehind(f, lines.count * lines.length);
    int end;
    for (int unit = from; unit < to; unit += end - unit % g.outH()) {
      int batch = unit / g.outH();
      int first = unit % g.outH();
      end = first + Parts.even(Math.min(g.outH() - first, to - unit), rows);
      if (first == 0) {
        lines.clear(staged);
      }
      for (int y = first; y < end; y++) {
        lines.stage(memory, f, staged, batch, y);
        if (woven) {
          for (int i = 0; i < g.kernelH(); i++) {
            staged[lines.count + i] = lines.at(y, i);
          }
          weave(f, staged, wovenAt + (y - first) * wovenLength);
        }
      }
      int outAt = out + (batch * g.outH() + first) * g.outW() * g.outC();
      int ints = lines.count + g.kernelH();
      int pixels = (end - first) * g.outW();
      // The last panel first: its stores may spill over the first channels of the next pixel.
      for (int panel = panels.count - 1; panel >= 0; panel--) {
        int width = panels.width(panel);
        for (int y = first; y < end; y++) {
          int sums = acc + (y - first) * g.outW() * width;
          if (woven) {
            int line = wovenAt + (y - first) * wovenLength;
            int step = g.strideW() * g.kernelH() * g.inC();
            panels.multiply(panel, g.outW(), f, line, step, Gemm.padded(passDepth), sums);
          } else {
            row(f, panel, y, sums);
          }
        }
        panels.requantize(requantizer, panel, f, acc, memory.bytes, outAt, pixels, scratch, ints);
      }
    }
  }

  /**
   * Columns from line {@code lineAt[lines.count + i]} for each kernel row i. Every value is moved
   * with what follows it in a vector; what that overwrites comes later.
   */
  private void weave(float[] f, int[] lineAt, int to) {
    int c = g.inC();
    int h = g.kernelH();
    if (h == 3) {
      int first = lines.count;
      weaveThree(f, lineAt[first], lineAt[first + 1], lineAt[first + 2], c, to, lines.pixels);
    } else {
      for (int x = 0; x < lines.pixels; x++) {
        weave(f, lineAt, lines.count, h, x * c, c, to + x * h * c);
      }
    }
    Gemm.clearBehind(f, to + lines.pixels * h * c);
  }

  private static void weaveThree(
      float[] f, int line0, int line1, int line2, int c, int to, int columns) {
    for (int x = 0; x < columns; x++) {
      int at = to + 3 * x * c;
      FloatVector.fromArray(FLOATS, f, line0 + x * c).intoArray(f, at);
      FloatVector.fromArray(FLOATS, f, line1 + x * c).intoArray(f, at + c);
      FloatVector.fromArray(FLOATS, f, line2 + x * c).intoArray(f, at + 2 * c);
    }
  }

  private static void weave(
      float[] f, int[] lineAt, int first, int lines, int from, int c, int to) {
    for (int i = 0; i < lines; i++) {
      FloatVector.fromArray(FLOATS, f, lineAt[first + i] + from).intoArray(f, to + i * c);
    }
  }

  private void row(float[] floats, int panel, int y, int sums) {
    int width = panels.width(panel);
    int o = panels.firstOutput(panel);
    int b = panels.weightsAt(panel);
    int step = g.strideW() * g.inC();
    int depth = Gemm.padded(passDepth);
    for (int pass = 0; pass < passes; pass++) {
      int i = passes == g.kernelH() ? pass : pass / g.kernelW();
      int j = passes == g.kernelH() ? 0 : pass % g.kernelW();
      Gemm.run(
          panels.vectors(panel),
          g.outW(),
          floats,
          lines.at(y, i) + j * g.dilationW() * g.inC(),
          step,
          panels.weights,
          b + pass * depth * width,
          depth,
          pass == 0 ? panels.bias : floats,
          pass == 0 ? o : sums,
          pass == 0 ? 0 : width,
          floats,
          sums,
          width);
    }
  }

  @Override
  public String microKernel() {
    return (woven ? "woven" : "lines")
        + Gemm.tilePixels(panels.vectors(0))
        + "x"
        + panels.maxWidth();
  }
}
