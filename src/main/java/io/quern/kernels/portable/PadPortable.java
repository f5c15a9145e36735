package io.quern.kernels.portable;

import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.PadFloat;
import io.quern.kernels.PadInt8;
import io.quern.kernels.Scratch;
import java.util.Arrays;

/**
 * Padding, row by row: inner axes without padding are one row with the axis outside them. A unit is
 * an output row.
 */
final class PadPortable implements Kernel {
  private final boolean inFloat;
  private final int in;
  private final int out;
  private final byte byteValue;
  private final float floatValue;

  /** Outer axes, innermost last; the rows are what is inside them. */
  private final int[] inDims;

  private final int[] before;
  private final int[] outDims;

  /** Elements of padding before the input's in a row. */
  private final int rowBefore;

  private final int inRow;
  private final int outRow;

  private PadPortable(
      boolean inFloat,
      int in,
      int out,
      int[] inDims,
      int[] before,
      int[] outDims,
      float floatValue,
      byte byteValue) {
    this.inFloat = inFloat;
    this.in = in;
    this.out = out;
    this.floatValue = floatValue;
    this.byteValue = byteValue;
    int axis = inDims.length - 1;
    int inner = 1;
    while (axis > 0 && inDims[axis] == outDims[axis]) {
      inner *= inDims[axis--];
    }
    boolean scalar = axis < 0;
    rowBefore = scalar ? 0 : before[axis] * inner;
    inRow = scalar ? 1 : inDims[axis] * inner;
    outRow = scalar ? 1 : outDims[axis] * inner;
    int outer = Math.max(0, axis);
    this.inDims = Arrays.copyOf(inDims, outer);
    this.before = Arrays.copyOf(before, outer);
    this.outDims = Arrays.copyOf(outDims, outer);
  }

  PadPortable(PadInt8 p) {
    this(false, p.in(), p.out(), p.inDims(), p.before(), p.outDims(), 0, p.value());
  }

  PadPortable(PadFloat p) {
    this(true, p.in(), p.out(), p.inDims(), p.before(), p.outDims(), p.value(), (byte) 0);
  }

  @Override
  public int units() {
    int n = 1;
    for (int d : outDims) {
      n *= d;
    }
    return n;
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    for (int unit = from; unit < to; unit++) {
      int row = inputRow(unit);
      int target = out + unit * outRow;
      if (row < 0) {
        fill(memory, target, target + outRow);
        continue;
      }
      fill(memory, target, target + rowBefore);
      fill(memory, target + rowBefore + inRow, target + outRow);
      Object array = inFloat ? memory.floats : memory.bytes;
      System.arraycopy(array, in + row * inRow, array, target + rowBefore, inRow);
    }
  }

  /** Row of the input that an output row holds, or -1 in the padding. */
  private int inputRow(int outputRow) {
    int row = 0;
    int stride = 1;
    int rest = outputRow;
    for (int d = outDims.length - 1; d >= 0; d--) {
      int i = rest % outDims[d] - before[d];
      rest /= outDims[d];
      if (i < 0 || i >= inDims[d]) {
        return -1;
      }
      row += i * stride;
      stride *= inDims[d];
    }
    return row;
  }

  private void fill(Memory memory, int from, int to) {
    if (inFloat) {
      Arrays.fill(memory.floats, from, to, floatValue);
    } else {
      Arrays.fill(memory.bytes, from, to, byteValue);
    }
  }

  @Override
  public String microKernel() {
    return "rows";
  }
}
