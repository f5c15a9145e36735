package io.quern.kernels.portable;

import io.quern.kernels.Kernel;
import io.quern.kernels.MeanFloat;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;
import io.quern.kernels.StridedView;

/**
 * Mean in float over axes where the innermost axis that stays is dense: rows of it are summed, in
 * the order of the reference, so with the same values. A unit is one row of the output.
 */
final class MeanFloatPortable implements Kernel {
  private final MeanFloat p;
  private final int row;
  private final int count;

  private MeanFloatPortable(MeanFloat p) {
    this.p = p;
    int[] dims = p.kept().dims();
    row = dims[dims.length - 1];
    count = p.reduced().elements();
  }

  /** Null when no dense axis stays. */
  static Kernel create(MeanFloat p) {
    StridedView kept = p.kept();
    int last = kept.dims().length - 1;
    return last >= 0 && kept.strides()[last] == 1 && kept.dims()[last] >= 8
        ? new MeanFloatPortable(p)
        : null;
  }

  @Override
  public int units() {
    return p.kept().elements() / row;
  }

  @Override
  public ScratchSize scratch() {
    return new ScratchSize(0, 0, 0, 0, 2, row);
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    float[] sums = scratch.rows[0];
    float[] next = scratch.rows[1];
    for (int unit = from; unit < to; unit++) {
      int first = p.kept().at(unit * row);
      Rows.fill(sums, 0, 0, row);
      for (int j = 0; j < count; j++) {
        System.arraycopy(memory.floats, first + p.reduced().at(j), next, 0, row);
        Rows.add(sums, next, row);
      }
      Rows.divide(sums, count, row);
      System.arraycopy(sums, 0, memory.floats, p.out() + unit * row, row);
    }
  }

  @Override
  public String microKernel() {
    return "channelRows";
  }
}
