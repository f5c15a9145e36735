package io.quern.kernels.portable;

import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.MulInt8;
import io.quern.kernels.Scratch;

/** Product of two 8-bit tensors, row by row. A unit is a block of elements of one row. */
final class MulPortable implements Kernel {
  private final MulInt8 p;
  private final ViewRows rows;
  private final Requantizer requantizer;

  MulPortable(MulInt8 p) {
    this.p = p;
    rows = new ViewRows(p.left(), p.right());
    requantizer =
        Requantizer.perTensor(p.multiplier(), p.shift(), p.outZeroPoint(), p.qmin(), p.qmax());
  }

  @Override
  public int units() {
    return rows.units();
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    byte[] bytes = memory.bytes;
    for (int unit = from; unit < to; unit++) {
      int n = rows.count(unit);
      int l = rows.left(unit);
      int r = rows.right(unit);
      int o = p.out() + rows.position(unit);
      for (int i = 0; i < n; i++) {
        int left = bytes[l + i * rows.leftStep] - p.leftZeroPoint();
        int right = bytes[r + i * rows.rightStep] - p.rightZeroPoint();
        bytes[o + i] = requantizer.apply(left * right, 0);
      }
    }
  }

  @Override
  public String microKernel() {
    return "rows";
  }
}
