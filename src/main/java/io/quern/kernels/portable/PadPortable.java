package io.quern.kernels.portable;

import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Pad;
import io.quern.kernels.Scratch;
import java.util.Arrays;

/**
 * Padding, row by row: inner axes without padding are one row with the axis outside them. A unit is
 * an output row.
 */
final class PadPortable implements Kernel {
  private final Pad p;

  /** Outer axes, innermost last; the rows are what is inside them. */
  private final int[] inDims;

  private final int[] before;
  private final int[] outDims;

  /** Elements of padding before the input's in a row. */
  private final int rowBefore;

  private final int inRow;
  private final int outRow;

  PadPortable(Pad p) {
    this.p = p;
    int[] dims = p.inDims();
    int axis = dims.length - 1;
    int inner = 1;
    while (axis > 0 && dims[axis] == p.outDims()[axis]) {
      inner *= dims[axis--];
    }
    boolean scalar = axis < 0;
    rowBefore = scalar ? 0 : p.before()[axis] * inner;
    inRow = scalar ? 1 : dims[axis] * inner;
    outRow = scalar ? 1 : p.outDims()[axis] * inner;
    int outer = Math.max(0, axis);
    inDims = Arrays.copyOf(dims, outer);
    before = Arrays.copyOf(p.before(), outer);
    outDims = Arrays.copyOf(p.outDims(), outer);
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
      int target = p.out() + unit * outRow;
      if (row < 0) {
        fill(memory, target, target + outRow);
        continue;
      }
      fill(memory, target, target + rowBefore);
      fill(memory, target + rowBefore + inRow, target + outRow);
      Object array = p.inFloat() ? memory.floats : memory.bytes;
      System.arraycopy(array, p.in() + row * inRow, array, target + rowBefore, inRow);
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
    if (p.inFloat()) {
      Arrays.fill(memory.floats, from, to, p.value());
    } else {
      Arrays.fill(memory.bytes, from, to, (byte) p.value());
    }
  }

  @Override
  public String microKernel() {
    return "rows";
  }
}
