package io.quern.kernels.vector;

import io.quern.kernels.ConvGeometry;
import io.quern.kernels.DepthwiseConv2dInt8;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;

/** Depthwise convolution by {@link DepthwiseRow}. A unit is an output row of one image. */
final class DepthwiseConv2dVector implements Kernel {
  private final ConvGeometry g;
  private final int out;
  private final DepthwiseRow row;
  private final LaneRequantizer requantizer;

  private DepthwiseConv2dVector(DepthwiseConv2dInt8 p, FloatSums sums) {
    g = p.geometry();
    out = p.out();
    row = new DepthwiseRow(p, sums, 1);
    requantizer = new LaneRequantizer(p.requantization(), sums);
  }

  /** Null when {@link DepthwiseRow} does not take it. */
  static Kernel create(DepthwiseConv2dInt8 p) {
    FloatSums sums = DepthwiseRow.prove(p);
    return sums == null ? null : new DepthwiseConv2dVector(p, sums);
  }

  @Override
  public int units() {
    return g.batch() * g.outH();
  }

  @Override
  public ScratchSize scratch() {
    return new ScratchSize(
        Lanes.COUNT, 0, row.lines.count, row.lines.count * row.lines.length + row.accLength);
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    row.lines.clear(scratch.ints);
    int acc = row.lines.count * row.lines.length;
    for (int unit = from; unit < to; unit++) {
      int y = unit % g.outH();
      if (y == 0) {
        row.lines.clear(scratch.ints);
      }
      row.sums(memory, scratch, unit / g.outH(), y, acc);
      requantizer.tile(
          scratch.floats,
          acc,
          row.channels,
          memory.bytes,
          out + unit * g.outW() * g.outC(),
          g.outC(),
          0,
          g.outC(),
          g.outW(),
          scratch.bytes);
    }
  }

  @Override
  public String microKernel() {
    return "channels" + Lanes.COUNT;
  }
}
