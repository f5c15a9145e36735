package io.quern.kernels.portable;

import io.quern.kernels.BinaryFloat;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;

/**
 * Element-wise operator of two float tensors in rows that are staged at index 0, where C2
 * vectorises; operands that repeat one row of channels are taken many rows at a time. Same values
 * as the reference. A unit is a block of elements.
 */
final class BinaryFloatPortable implements Kernel {
  private final BinaryFloat p;
  private final ViewRows rows;

  /** Rows that one unit takes: more than 1 when the right operand repeats one row. */
  private final int together;

  BinaryFloatPortable(BinaryFloat p) {
    this.p = p;
    rows = new ViewRows(p.left(), p.right());
    together = rows.repeatsShortRow() ? ViewRows.BLOCK / rows.length : 1;
  }

  @Override
  public int units() {
    return together == 1 ? rows.units() : (rows.rows + together - 1) / together;
  }

  @Override
  public ScratchSize scratch() {
    return new ScratchSize(0, 0, 0, 0, 2, ViewRows.BLOCK);
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    float[] f = memory.floats;
    float[] a = scratch.rows[0];
    float[] b = scratch.rows[1];
    if (together > 1) {
      for (int r = 0; r < together; r++) {
        System.arraycopy(f, p.right().offset(), b, r * rows.length, rows.length);
      }
      for (int unit = from; unit < to; unit++) {
        int at = unit * together * rows.length;
        int n = Math.min(together, rows.rows - unit * together) * rows.length;
        System.arraycopy(f, p.left().offset() + at, a, 0, n);
        apply(a, b, n);
        System.arraycopy(a, 0, f, p.out() + at, n);
      }
      return;
    }
    for (int unit = from; unit < to; unit++) {
      int n = rows.count(unit);
      stage(f, rows.left(unit), rows.leftStep, a, n);
      stage(f, rows.right(unit), rows.rightStep, b, n);
      apply(a, b, n);
      System.arraycopy(a, 0, f, p.out() + rows.position(unit), n);
    }
  }

  private static void stage(float[] from, int at, int step, float[] to, int n) {
    if (step == 1) {
      System.arraycopy(from, at, to, 0, n);
    } else if (step == 0) {
      Rows.fill(to, from[at], 0, n);
    } else {
      for (int i = 0; i < n; i++) {
        to[i] = from[at + i * step];
      }
    }
  }

  private void apply(float[] a, float[] b, int n) {
    switch (p.function()) {
      case ADD -> Rows.add(a, b, n);
      case SUB -> subtract(a, b, n);
      case MUL -> multiply(a, b, n);
    }
    if (p.min() != Float.NEGATIVE_INFINITY || p.max() != Float.POSITIVE_INFINITY) {
      Rows.clamp(a, p.min(), p.max(), n);
    }
  }

  private static void subtract(float[] a, float[] b, int n) {
    for (int i = 0; i < n; i++) {
      a[i] = a[i] - b[i];
    }
  }

  private static void multiply(float[] a, float[] b, int n) {
    for (int i = 0; i < n; i++) {
      a[i] = a[i] * b[i];
    }
  }

  @Override
  public String microKernel() {
    return "rows";
  }
}
