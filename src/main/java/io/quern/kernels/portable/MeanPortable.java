package io.quern.kernels.portable;

import io.quern.kernels.Kernel;
import io.quern.kernels.MeanInt8;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;
import io.quern.kernels.StridedView;

/**
 * Mean over axes where the innermost axis that stays is dense, as the channels of a global average
 * are: rows of it are summed. A unit is one row of the output.
 */
final class MeanPortable implements Kernel {
  private final MeanInt8 p;
  private final int row;
  private final int[] rows;
  private final int[] reduced;

  /** How many of {@link #reduced} in a row are equally far apart. */
  private final int run;

  private final Requantizer requantizer;

  private MeanPortable(MeanInt8 p) {
    this.p = p;
    int[] dims = p.kept().dims();
    row = dims[dims.length - 1];
    rows = new int[p.kept().elements() / row];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = p.kept().at(i * row);
    }
    reduced = new int[p.reduced().elements()];
    for (int i = 0; i < reduced.length; i++) {
      reduced[i] = p.reduced().at(i);
    }
    int end = 1;
    while (end < reduced.length && reduced[end] - reduced[end - 1] == reduced[1] - reduced[0]) {
      end++;
    }
    run = end;
    requantizer =
        Requantizer.perTensor(
            p.multiplier(), p.shift(), p.outputZeroPoint(), Byte.MIN_VALUE, Byte.MAX_VALUE);
  }

  /** Null when no dense axis stays. */
  static Kernel create(MeanInt8 p) {
    StridedView kept = p.kept();
    int last = kept.dims().length - 1;
    return last >= 0 && kept.strides()[last] == 1 && kept.dims()[last] >= 8
        ? new MeanPortable(p)
        : null;
  }

  @Override
  public int units() {
    return rows.length;
  }

  @Override
  public ScratchSize scratch() {
    return new ScratchSize(0, 0, row, 0);
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    int[] sums = scratch.ints;
    int stride = run > 1 ? reduced[1] - reduced[0] : 0;
    for (int unit = from; unit < to; unit++) {
      java.util.Arrays.fill(sums, 0, row, -reduced.length * p.inputZeroPoint());
      for (int j = 0; j < reduced.length; j += run) {
        Sums.add(sums, memory.bytes, rows[unit] + reduced[j], stride, run, row);
      }
      for (int c = 0; c < row; c++) {
        memory.bytes[p.out() + unit * row + c] = requantizer.apply(sums[c], 0);
      }
    }
  }

  @Override
  public String microKernel() {
    return "channelRows";
  }
}
