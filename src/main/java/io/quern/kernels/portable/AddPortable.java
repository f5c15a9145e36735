package io.quern.kernels.portable;

import io.quern.kernels.AddInt8;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;
import io.quern.quant.FixedPoint;

/**
 * Sum of two 8-bit tensors, row by row: each operand's rescaled values are looked up in a table of
 * 256. A unit is a block of elements of one row.
 */
final class AddPortable implements Kernel {
  private final ViewRows rows;
  private final int out;
  private final int[] leftValues = new int[256];
  private final int[] rightValues = new int[256];
  private final Requantizer requantizer;

  AddPortable(AddInt8 p) {
    rows = new ViewRows(p.left(), p.right());
    out = p.out();
    for (int q = -128; q < 128; q++) {
      int l = q - p.leftZeroPoint() << p.leftShift();
      int r = q - p.rightZeroPoint() << p.leftShift();
      leftValues[q + 128] = FixedPoint.multiply(l, p.leftMultiplier(), p.leftExponent());
      int value = FixedPoint.multiply(r, p.rightMultiplier(), p.rightExponent());
      rightValues[q + 128] = p.subtract() ? -value : value;
    }
    requantizer =
        Requantizer.perTensor(
            p.outMultiplier(), p.outExponent(), p.outZeroPoint(), p.qmin(), p.qmax());
  }

  @Override
  public int units() {
    return rows.units();
  }

  @Override
  public ScratchSize scratch() {
    return new ScratchSize(0, 0, ViewRows.BLOCK, 0);
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    byte[] bytes = memory.bytes;
    int[] sums = scratch.ints;
    for (int unit = from; unit < to; unit++) {
      int n = rows.count(unit);
      int l = rows.left(unit);
      int r = rows.right(unit);
      int o = out + rows.position(unit);
      if (rows.leftStep == 1 && rows.rightStep == 1) {
        for (int i = 0; i < n; i++) {
          sums[i] = leftValues[bytes[l + i] + 128] + rightValues[bytes[r + i] + 128];
        }
        requantizer.channel(sums, 0, 0, 0, n, bytes, o, 1);
      } else {
        for (int i = 0; i < n; i++) {
          int left = leftValues[bytes[l + i * rows.leftStep] + 128];
          int right = rightValues[bytes[r + i * rows.rightStep] + 128];
          bytes[o + i] = requantizer.apply(left + right, 0);
        }
      }
    }
  }

  @Override
  public String microKernel() {
    return "tables";
  }
}
