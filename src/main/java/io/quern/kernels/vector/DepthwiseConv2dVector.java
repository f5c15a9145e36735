package io.quern.kernels.vector;

import static io.quern.kernels.vector.Lanes.COUNT;

import io.quern.kernels.ConvGeometry;
import io.quern.kernels.DepthwiseConv2dInt8;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Parts;
import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;

/**
 * Depthwise convolution by {@link DepthwiseBand}. A unit is an output row of some vectors of
 * channels; a band of them is taken together.
 */
final class DepthwiseConv2dVector implements Kernel {
  /** Vectors of channels of a unit: whole cache lines of bytes, at 256 bits. */
  private static final int VECTORS = 8;

  private final ConvGeometry g;

  /** Of the output, with {@link DepthwiseBand#fold} pixels as one. */
  private final int outW;

  private final int outC;
  private final int out;
  private final int groups;
  private final int groupVectors;
  private final DepthwiseBand band;
  private final LaneRequantizer requantizer;

  private DepthwiseConv2dVector(DepthwiseConv2dInt8 p, FloatSums sums) {
    g = p.geometry();
    out = p.out();
    int fold = DepthwiseBand.fold(g);
    outW = g.outW() / fold;
    outC = g.outC() * fold;
    FloatSums repeated = sums.repeated(fold);
    band = new DepthwiseBand(p, repeated, fold);
    // Stores of a vector that is not full spill over the next pixel: one unit has all channels.
    groupVectors = outC % COUNT == 0 ? Math.min(VECTORS, band.vectors) : band.vectors;
    groups = (band.vectors + groupVectors - 1) / groupVectors;
    requantizer = new LaneRequantizer(p.requantization().repeated(fold), repeated);
  }

  /** Null when {@link DepthwiseBand} does not take it. */
  static Kernel create(DepthwiseConv2dInt8 p) {
    FloatSums sums = DepthwiseBand.prove(p);
    return sums == null ? null : new DepthwiseConv2dVector(p, sums);
  }

  @Override
  public int units() {
    return g.batch() * groups * g.outH();
  }

  @Override
  public int grain() {
    return band.rows;
  }

  @Override
  public ScratchSize scratch() {
    return LaneRequantizer.scratch(band.sumAt.length * COUNT, band.floats);
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    band.clear(scratch.floats);
    boolean parts = band.rows < g.outH() || from % g.outH() > 0 || to % g.outH() > 0;
    int n;
    for (int unit = from; unit < to; unit += n) {
      int group = unit / g.outH() % groups;
      int batch = unit / g.outH() / groups;
      int first = unit % g.outH();
      n = Parts.even(Math.min(g.outH() - first, to - unit), band.rows);
      int end = Math.min(band.vectors, (group + 1) * groupVectors);
      // The last vector first: its stores may spill over the first channels of the next pixel.
      for (int v = end - 1; v >= group * groupVectors; v--) {
        band.sums(memory.bytes, scratch.floats, batch, first, n, v, parts);
        requantizer.vector(
            scratch.floats,
            band.acc,
            band.sumAt,
            memory.bytes,
            out + (batch * g.outH() + first) * outW * outC + v * COUNT,
            outC,
            v * COUNT,
            Math.min(COUNT, outC - v * COUNT),
            n * outW,
            scratch,
            0);
      }
    }
  }

  @Override
  public String microKernel() {
    return "band" + band.rows + "x" + COUNT;
  }
}
