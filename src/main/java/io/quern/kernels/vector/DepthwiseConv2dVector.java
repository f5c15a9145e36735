package io.quern.kernels.vector;

import io.quern.kernels.ConvGeometry;
import io.quern.kernels.DepthwiseConv2dInt8;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;

/** Depthwise convolution by {@link DepthwiseRow}. A unit is some output rows of one image. */
final class DepthwiseConv2dVector implements Kernel {
  /** Output pixels that are requantized together. */
  private static final int PIXELS = 64;

  private final ConvGeometry g;
  private final int out;
  private final int rows;
  private final int unitsPerImage;
  private final DepthwiseRow row;
  private final LaneRequantizer requantizer;

  private DepthwiseConv2dVector(DepthwiseConv2dInt8 p, FloatSums sums) {
    g = p.geometry();
    out = p.out();
    rows = Math.max(1, Math.min(g.outH(), PIXELS / g.outW()));
    unitsPerImage = (g.outH() + rows - 1) / rows;
    row = new DepthwiseRow(p, sums, rows * g.outW());
    requantizer = new LaneRequantizer(p.requantization(), sums);
  }

  /** Null when {@link DepthwiseRow} does not take it. */
  static Kernel create(DepthwiseConv2dInt8 p) {
    FloatSums sums = DepthwiseRow.prove(p);
    return sums == null ? null : new DepthwiseConv2dVector(p, sums);
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
        row.lines.count + rows * g.outW() * Lanes.COUNT,
        row.lines.count * row.lines.length + row.plane * row.channels / Lanes.COUNT);
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    row.lines.clear(scratch.ints);
    int acc = row.lines.count * row.lines.length;
    for (int unit = from; unit < to; unit++) {
      int batch = unit / unitsPerImage;
      int first = unit % unitsPerImage * rows;
      int end = Math.min(g.outH(), first + rows);
      if (first == 0) {
        row.lines.clear(scratch.ints);
      }
      for (int y = first; y < end; y++) {
        row.sums(memory, scratch, batch, y, acc + (y - first) * g.outW() * Lanes.COUNT);
      }
      requantizer.tile(
          scratch.floats,
          acc,
          row.plane,
          Lanes.COUNT,
          memory.bytes,
          out + (batch * g.outH() + first) * g.outW() * g.outC(),
          g.outC(),
          0,
          g.outC(),
          (end - first) * g.outW(),
          scratch,
          row.lines.count);
    }
  }

  @Override
  public String microKernel() {
    return "channels" + Lanes.COUNT;
  }
}
