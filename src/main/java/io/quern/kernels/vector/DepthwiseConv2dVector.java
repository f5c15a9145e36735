package io.quern.kernels.vector;

import static io.quern.kernels.vector.Lanes.COUNT;

import io.quern.kernels.ConvGeometry;
import io.quern.kernels.DepthwiseConv2dInt8;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;

/**
 * Depthwise convolution by {@link DepthwiseBand}. A unit is a band of output rows of a column of
 * channels, or of all of them where their number is not one of whole vectors: stores of the last
 * vector then spill over the next pixel, so that it has to come first.
 */
final class DepthwiseConv2dVector implements Kernel {
  private final ConvGeometry g;
  private final int out;
  private final int bands;
  private final int groups;
  private final int groupColumns;
  private final DepthwiseBand band;
  private final LaneRequantizer requantizer;

  private DepthwiseConv2dVector(DepthwiseConv2dInt8 p, FloatSums sums) {
    g = p.geometry();
    out = p.out();
    requantizer = new LaneRequantizer(p.requantization(), sums, true);
    band = new DepthwiseBand(p, sums, requantizer);
    bands = (g.outH() + band.rows - 1) / band.rows;
    int columns = band.columns.length - 1;
    groupColumns = g.outC() % COUNT == 0 ? 1 : columns;
    groups = columns / groupColumns;
  }

  /** Null when {@link DepthwiseBand} does not take it. */
  static Kernel create(DepthwiseConv2dInt8 p) {
    FloatSums sums = DepthwiseBand.prove(p);
    return sums == null ? null : new DepthwiseConv2dVector(p, sums);
  }

  @Override
  public int units() {
    return g.batch() * bands * groups;
  }

  @Override
  public ScratchSize scratch() {
    return LaneRequantizer.scratch(band.sumAt.length, 0, band.floats);
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    band.clear(scratch.floats);
    for (int unit = from; unit < to; unit++) {
      int first = unit % bands * band.rows;
      int group = unit / bands % groups;
      int batch = unit / bands / groups;
      int n = Math.min(band.rows, g.outH() - first);
      boolean follows = unit > from && first > 0 && groupColumns == 1;
      int outAt = out + (batch * g.outH() + first) * g.outW() * g.outC();
      for (int i = (group + 1) * groupColumns - 1; i >= group * groupColumns; i--) {
        band.sums(memory.bytes, scratch.floats, batch, first, n, i, follows);
        int v = band.columns[i];
        requantizer.panel(
            scratch.floats,
            band.acc,
            band.accPlane,
            band.sumAt,
            memory.bytes,
            outAt + v * COUNT,
            g.outC(),
            v * COUNT,
            band.columns[i + 1] - v,
            n * g.outW(),
            scratch,
            0);
      }
    }
  }

  @Override
  public String microKernel() {
    return "band" + band.rows + "x" + (band.columns[1] - band.columns[0]) * COUNT;
  }
}
