package io.quern.kernels.reference;

import io.quern.kernels.ArgMax;
import io.quern.kernels.MeanFloat;
import io.quern.kernels.MeanInt8;
import io.quern.kernels.Memory;
import io.quern.kernels.SoftmaxFloat;
import io.quern.kernels.SoftmaxInt8;
import io.quern.kernels.StridedView;
import io.quern.quant.FixedPointFunctions;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Mean, softmax and index of the largest: sizes around tiles, extremes, ties. */
public abstract class ReductionContract extends KernelContract {
  private static final int[] SIZES = {1, 2, 3, 7, 8, 9, 15, 16, 17, 33, 100};

  @Test
  void meanOverTheImage() {
    for (int c : SIZES) {
      for (int[] range : new int[][] {{-128, 127}, {-128, -128}, {127, 127}}) {
        StridedView kept = new StridedView(IN, new int[] {2, c}, new int[] {20 * c, 1});
        StridedView reduced = new StridedView(0, new int[] {4, 5}, new int[] {5 * c, c});
        Memory m = int8Memory(40 * c, 2 * c);
        fill(m.bytes, IN, 40 * c, range[0], range[1]);
        int out = outAfter(40 * c);
        check(
            "mean over 4x5, " + c + " channels",
            new MeanInt8(kept, reduced, out, -7, 1717986918, -5, 9),
            m);
        Memory f = floatMemory(40 * c, 2 * c);
        fill(f.floats, IN, 40 * c);
        check("mean over 4x5, " + c, new MeanFloat(kept, reduced, out), f, 1e-5f);
      }
    }
  }

  @Test
  void meanOfManyValues() {
    int c = 17;
    for (int rows : new int[] {256, 257, 258, 515}) {
      for (int[] range : new int[][] {{-128, 127}, {-128, -128}, {127, 127}}) {
        StridedView kept = new StridedView(IN, new int[] {c}, new int[] {1});
        StridedView reduced = new StridedView(0, new int[] {rows}, new int[] {c});
        Memory m = int8Memory(rows * c, c);
        fill(m.bytes, IN, rows * c, range[0], range[1]);
        int out = outAfter(rows * c);
        check("mean of " + rows, new MeanInt8(kept, reduced, out, 3, 1 << 30, -7, 9), m);
      }
    }
  }

  @Test
  void meanOverBatchAndColumns() {
    for (int c : new int[] {8, 9, 16, 33}) {
      StridedView kept = new StridedView(IN, new int[] {4, c}, new int[] {5 * c, 1});
      StridedView reduced = new StridedView(0, new int[] {3, 5}, new int[] {20 * c, c});
      Memory m = int8Memory(60 * c, 4 * c);
      fill(m.bytes, IN, 60 * c, -128, 127);
      int out = outAfter(60 * c);
      check("mean, " + c + " channels", new MeanInt8(kept, reduced, out, 3, 1 << 30, -2, 9), m);
    }
  }

  @Test
  void meanOverScatteredAxes() {
    StridedView kept = new StridedView(IN, new int[] {3, 4}, new int[] {20, 1});
    StridedView reduced = new StridedView(0, new int[] {2, 5}, new int[] {60, 4});
    Memory m = int8Memory(120, 12);
    fill(m.bytes, IN, 120, -128, 127);
    check(
        "mean over axes 0 and 2",
        new MeanInt8(kept, reduced, outAfter(120), 3, 1 << 30, -2, -128),
        m);
  }

  @Test
  void softmax() {
    for (int depth : SIZES) {
      for (float scale : new float[] {0.0001f, 0.05f, 1, 40}) {
        for (int[] range : new int[][] {{-128, 127}, {5, 5}, {-128, -128}, {126, 127}}) {
          Memory m = int8Memory(3 * depth, 3 * depth);
          fill(m.bytes, IN, 3 * depth, range[0], range[1]);
          int[] exponentials = FixedPointFunctions.softmaxExponentials(scale, 1);
          check(
              "softmax of " + depth + ", scale " + scale,
              new SoftmaxInt8(IN, outAfter(3 * depth), 3, depth, exponentials),
              m);
        }
      }
      Memory f = floatMemory(3 * depth, 3 * depth);
      fill(f.floats, IN, 3 * depth);
      check(
          "softmax of " + depth, new SoftmaxFloat(IN, outAfter(3 * depth), 3, depth, 2), f, 1e-6f);
    }
  }

  @Test
  void softmaxOfMoreThan512EqualElements() {
    int depth = 1001;
    Memory m = int8Memory(depth, depth);
    Arrays.fill(m.bytes, IN, IN + depth, (byte) 3);
    int[] exponentials = FixedPointFunctions.softmaxExponentials(1, 1);
    check("1001 equal", new SoftmaxInt8(IN, outAfter(depth), 1, depth, exponentials), m);
  }

  @Test
  void largest() {
    for (int axis : SIZES) {
      for (int inner : new int[] {1, 3, 8}) {
        for (int[] range : new int[][] {{-128, 127}, {0, 1}, {4, 4}}) {
          int n = 2 * axis * inner;
          Memory m = new Memory(n + 2 * GUARD, n + 2 * GUARD, 2 * inner + 2 * GUARD);
          fill(m.bytes, IN, n, range[0], range[1]);
          fill(m.floats, IN, n);
          Arrays.fill(m.ints, 0xA5A5A5A5);
          String what = "argmax over " + axis + ", inner " + inner;
          check(what, new ArgMax(false, IN, GUARD, 2, axis, inner), m);
          check(what, new ArgMax(true, IN, GUARD, 2, axis, inner), m);
        }
      }
    }
  }
}
