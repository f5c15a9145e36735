package io.quern.kernels.vector;

import static io.quern.kernels.vector.Lanes.COUNT;

import io.quern.kernels.ConvGeometry;
import io.quern.kernels.DepthwiseConv2dInt8;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;

/**
 * Depthwise convolution by {@link DepthwiseBand}. A unit is a band of output rows of some vectors
 * of channels.
 */
final class DepthwiseConv2dVector implements Kernel {
  /** Vectors of channels of a unit: whole cache lines of bytes, at 256 bits. */
  private static final int VECTORS = 8;

  private final ConvGeometry g;

  /** Of the output, with {@link DepthwiseBand#fold} pixels as one. */
  private final int outW;

  private final int outC;
  private final int out;
  private final int bands;
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
    bands = (g.outH() + band.rows - 1) / band.rows;
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
    return g.batch() * bands * groups;
  }

  @Override
  public ScratchSize scratch() {
    return LaneRequantizer.scratch(band.sumAt.length * COUNT, band.floats);
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    band.clear(scratch.floats);
    for (int unit = from; unit < to; unit++) {
      int group = unit % groups;
      int batch = unit / groups / bands;
      int first = unit / groups % bands * band.rows;
      int n = Math.min(band.rows, g.outH() - first);
      int end = Math.min(band.vectors, (group + 1) * groupVectors);
      // The last vector first: its stores may spill over the first channels of the next pixel.
      for (int v = end - 1; v >= group * groupVectors; v--) {
        band.sums(memory.bytes, scratch.floats, batch, first, n, v);
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
