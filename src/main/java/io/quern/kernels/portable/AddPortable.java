package io.quern.kernels.portable;

import io.quern.kernels.AddInt8;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Requantization;
import io.quern.kernels.Scratch;
import io.quern.quant.FixedPoint;

/**
 * Sum of two dense tensors of one shape: each operand's rescaled values are looked up in a table of
 * 256. A unit is {@link #UNIT} elements.
 */
final class AddPortable implements Kernel {
  private static final int UNIT = 4096;

  private final int left;
  private final int right;
  private final int out;
  private final int elements;
  private final int[] leftValues = new int[256];
  private final int[] rightValues = new int[256];
  private final Requantizer requantizer;

  private AddPortable(AddInt8 p) {
    left = p.left().offset();
    right = p.right().offset();
    out = p.out();
    elements = p.left().elements();
    for (int q = -128; q < 128; q++) {
      int l = q - p.leftZeroPoint() << p.leftShift();
      int r = q - p.rightZeroPoint() << p.leftShift();
      leftValues[q + 128] = FixedPoint.multiply(l, p.leftMultiplier(), p.leftExponent());
      int value = FixedPoint.multiply(r, p.rightMultiplier(), p.rightExponent());
      rightValues[q + 128] = p.subtract() ? -value : value;
    }
    requantizer =
        new Requantizer(
            new Requantization(
                new int[] {p.outMultiplier()},
                new int[] {p.outExponent()},
                p.outZeroPoint(),
                p.qmin(),
                p.qmax()));
  }

  /** Null when an operand is not dense. */
  static Kernel create(AddInt8 p) {
    return p.left().isDense() && p.right().isDense() ? new AddPortable(p) : null;
  }

  @Override
  public int units() {
    return (elements + UNIT - 1) / UNIT;
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    byte[] bytes = memory.bytes;
    int end = Math.min(elements, to * UNIT);
    for (int i = from * UNIT; i < end; i++) {
      int sum = leftValues[bytes[left + i] + 128] + rightValues[bytes[right + i] + 128];
      bytes[out + i] = requantizer.apply(sum, 0);
    }
  }

  @Override
  public String microKernel() {
    return "tables";
  }
}
