package io.quern.kernels.reference;

import io.quern.kernels.AddInt8;
import io.quern.kernels.BinaryFloat;
import io.quern.kernels.DequantizeInt8;
import io.quern.kernels.LookupInt8;
import io.quern.kernels.Memory;
import io.quern.kernels.MulInt8;
import io.quern.kernels.PreluFloat;
import io.quern.kernels.PreluInt8;
import io.quern.kernels.QuantizeInt8;
import io.quern.kernels.StridedView;
import io.quern.kernels.UnaryFloat;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Element-wise operators: lengths around tiles, broadcasting, in place, extremes. */
public abstract class ElementwiseContract extends KernelContract {
  private static final int[] LENGTHS = {1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 64, 127, 257};

  /** Two operands of [rows, columns], the right one broadcast as its kind says. */
  private interface Case {
    void check(String what, StridedView left, StridedView right, int out);
  }

  private void shapes(boolean inPlace, Case c) {
    for (int columns : LENGTHS) {
      int rows = 3;
      int elements = rows * columns;
      int out = inPlace ? IN : IN + 2 * elements + GUARD;
      int[] dims = {rows, columns};
      StridedView left = StridedView.dense(IN, dims);
      int rightAt = IN + elements;
      int[][] strides = {{columns, 1}, {0, 1}, {1, 0}, {0, 0}};
      for (int[] s : strides) {
        StridedView right = new StridedView(rightAt, dims, s);
        String what = rows + "x" + columns + " right strides " + Arrays.toString(s);
        c.check(what, left, right, out);
      }
    }
  }

  private Memory bytesFor(StridedView left, int min, int max) {
    int elements = left.elements();
    Memory m = int8Memory(2 * elements, elements);
    fill(m.bytes, IN, 2 * elements, min, max);
    return m;
  }

  private Memory floatsFor(StridedView left) {
    int elements = left.elements();
    Memory m = floatMemory(2 * elements, elements);
    fill(m.floats, IN, 2 * elements);
    return m;
  }

  private AddInt8 add(
      StridedView left,
      StridedView right,
      int out,
      boolean subtract,
      int zero,
      int qmin,
      int qmax) {
    return new AddInt8(
        left,
        right,
        out,
        subtract,
        20,
        zero,
        1 << 30,
        0,
        -zero - 1,
        random.nextInt(1 << 30, Integer.MAX_VALUE),
        -random.nextInt(8),
        random.nextInt(1 << 30, Integer.MAX_VALUE),
        -18 - random.nextInt(3),
        5,
        qmin,
        qmax);
  }

  @Test
  void sums() {
    for (boolean subtract : new boolean[] {false, true}) {
      for (int zero : new int[] {-128, 0, 127}) {
        shapes(
            false,
            (what, l, r, out) ->
                check(
                    "add " + what,
                    add(l, r, out, subtract, zero, -128, 127),
                    bytesFor(l, -128, 127)));
      }
    }
  }

  @Test
  void sumsInPlace() {
    shapes(
        true,
        (what, l, r, out) ->
            check("add " + what, add(l, r, out, false, 3, -128, 127), bytesFor(l, -128, 127)));
  }

  @Test
  void sumsWithEqualBounds() {
    shapes(
        false,
        (what, l, r, out) ->
            check("add " + what, add(l, r, out, false, 3, 9, 9), bytesFor(l, -128, 127)));
  }

  @Test
  void products() {
    for (int zero : new int[] {-128, 0, 127}) {
      for (int shift : new int[] {-4, -8, -31, 0}) {
        shapes(
            false,
            (what, l, r, out) ->
                check(
                    "mul " + what,
                    new MulInt8(l, r, out, zero, -zero - 1, 1500000000, shift, -7, -100, 100),
                    bytesFor(l, -128, 127)));
      }
    }
  }

  @Test
  void floats() {
    for (BinaryFloat.Function f : BinaryFloat.Function.values()) {
      shapes(
          false,
          (what, l, r, out) ->
              check(f + " " + what, new BinaryFloat(f, l, r, out, -0.5f, 1), floatsFor(l)));
    }
    shapes(
        false,
        (what, l, r, out) -> check("prelu " + what, new PreluFloat(l, r, out), floatsFor(l)));
  }

  @Test
  void preluOfInt8() {
    for (int zero : new int[] {-128, 0, 127}) {
      shapes(
          false,
          (what, l, r, out) ->
              check(
                  "prelu " + what,
                  new PreluInt8(l, r, out, zero, 4, 1 << 30, 1, 1300000000, -6, -zero - 1),
                  bytesFor(l, -128, 127)));
    }
  }

  @Test
  void tables() {
    byte[] table = new byte[256];
    fill(table, 0, 256, -128, 127);
    for (int n : LENGTHS) {
      for (int out : new int[] {IN, outAfter(n)}) {
        Memory m = int8Memory(n, n);
        fill(m.bytes, IN, n, -128, 127);
        check("lookup " + n, new LookupInt8(IN, out, n, table), m);
      }
    }
  }

  @Test
  void functionsInFloat() {
    for (UnaryFloat.Function f : UnaryFloat.Function.values()) {
      for (int n : LENGTHS) {
        Memory m = floatMemory(n, n);
        fill(m.floats, IN, n);
        check(f + " " + n, new UnaryFloat(f, IN, outAfter(n), n, 0.3f), m, 1e-6f);
      }
    }
  }

  @Test
  void quantizeAndDequantize() {
    for (int n : LENGTHS) {
      Memory m = new Memory(n + 2 * GUARD, n + 2 * GUARD, 0);
      fill(m.floats, GUARD, n);
      fill(m.bytes, GUARD, n, -128, 127);
      m.floats[GUARD] = Float.NaN;
      m.floats[GUARD + n - 1] = Float.NEGATIVE_INFINITY;
      check("quantize " + n, new QuantizeInt8(GUARD, GUARD, n, 0.007f, -3), m);
      check("dequantize " + n, new DequantizeInt8(GUARD, GUARD, n, 0.007f, -3), m);
    }
  }
}
