package io.quern.kernels.vector;

import io.quern.kernels.Conv2dInt8;
import io.quern.kernels.ConvGeometry;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;

/**
 * Convolution without copying patches: the values under one kernel row are consecutive in a staged
 * line, so each kernel row is a matrix product whose rows overlap, added to the one before. (With a
 * dilation, each kernel element is.) A unit is some output rows of one image.
 */
final class Conv2dVector implements Kernel {
  /** Output pixels that share a pass over the weights. */
  private static final int PIXELS = 48;

  private final ConvGeometry g;
  private final int out;
  private final int rows;
  private final int unitsPerImage;
  private final int passes;
  private final int passDepth;
  private final int accRows;
  private final InputLines lines;
  private final Panels panels;
  private final LaneRequantizer requantizer;

  private Conv2dVector(Conv2dInt8 p, FloatSums sums) {
    g = p.geometry();
    out = p.out();
    rows = Math.max(1, Math.min(g.outH(), PIXELS / g.outW()));
    unitsPerImage = (g.outH() + rows - 1) / rows;
    int outputs = g.outW() + Gemm.MOST_PIXELS - 1;
    lines = new InputLines(g, p.in(), p.inputZeroPoint(), outputs, rows);
    boolean whole = g.dilationW() == 1;
    passes = whole ? g.kernelH() : g.kernelH() * g.kernelW();
    passDepth = whole ? g.kernelW() * g.inC() : g.inC();
    panels = new Panels(p.weights(), p.weightsZeroPoint(), sums.start(), passes * passDepth);
    accRows = (rows - 1) * g.outW() + outputs;
    requantizer = new LaneRequantizer(p.requantization(), sums);
  }

  /** Null when the sums may be inexact. */
  static Kernel create(Conv2dInt8 p) {
    ConvGeometry g = p.geometry();
    int depth = g.kernelH() * g.kernelW() * g.inC();
    FloatSums sums =
        FloatSums.prove(
            p.weights(), p.weightsZeroPoint(), p.bias(), p.inputZeroPoint(), depth, true);
    return sums == null ? null : new Conv2dVector(p, sums);
  }

  @Override
  public int units() {
    return g.batch() * unitsPerImage;
  }

  @Override
  public ScratchSize scratch() {
    return new ScratchSize(
        Lanes.COUNT,
        0,
        lines.count + rows * g.outW() * Lanes.COUNT,
        lines.count * lines.length + accRows * panels.maxWidth());
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    int[] staged = scratch.ints;
    lines.clear(staged);
    for (int unit = from; unit < to; unit++) {
      int batch = unit / unitsPerImage;
      int first = unit % unitsPerImage * rows;
      int end = Math.min(g.outH(), first + rows);
      if (first == 0) {
        lines.clear(staged);
      }
      for (int y = first; y < end; y++) {
        lines.stage(memory, scratch.floats, staged, batch, y);
      }
      // The last panel first: its stores may spill over the first channels of the next pixel.
      for (int panel = panels.count - 1; panel >= 0; panel--) {
        for (int y = first; y < end; y++) {
          row(scratch.floats, panel, y, (y - first) * g.outW() * panels.width(panel));
        }
        int o = panels.firstOutput(panel);
        requantizer.tile(
            scratch.floats,
            lines.count * lines.length,
            Lanes.COUNT,
            panels.width(panel),
            memory.bytes,
            out + (batch * g.outH() + first) * g.outW() * g.outC() + o,
            g.outC(),
            o,
            panels.channels(panel),
            (end - first) * g.outW(),
            scratch,
            lines.count);
      }
    }
  }

  private void row(float[] floats, int panel, int y, int at) {
    int acc = lines.count * lines.length + at;
    int width = panels.width(panel);
    int o = panels.firstOutput(panel);
    int b = panels.weightsAt(panel);
    int step = g.strideW() * g.inC();
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
          b + pass * passDepth * width,
          passDepth,
          pass == 0 ? panels.bias : floats,
          pass == 0 ? o : acc,
          pass == 0 ? 0 : width,
          floats,
          acc,
          width);
    }
  }

  @Override
  public String microKernel() {
    return "lines" + Gemm.tilePixels(panels.vectors(0)) + "x" + panels.maxWidth();
  }
}
