package io.quern.kernels.reference;

import io.quern.kernels.Copy;
import io.quern.kernels.CopyRegion;
import io.quern.kernels.Memory;
import io.quern.kernels.Pad;
import io.quern.kernels.ResizeGeometry;
import io.quern.kernels.ResizeNearest;
import io.quern.kernels.StridedView;
import org.junit.jupiter.api.Test;

/**
 * Operators that move elements: reshape, transpose, slice, split, concatenation, padding, nearest.
 */
public abstract class MovementContract extends KernelContract {
  private void check(String what, int elements, CopyRegion... regions) {
    Memory bytes = int8Memory(elements, elements);
    fill(bytes.bytes, IN, elements, -128, 127);
    check(what, new Copy(Copy.Elements.BYTES, regions, null), bytes);
    byte[][] tables = new byte[regions.length][256];
    for (byte[] t : tables) {
      fill(t, 0, 256, -128, 127);
    }
    check(what + ", tables", new Copy(Copy.Elements.BYTES, regions, tables), bytes);
    Memory floats = floatMemory(elements, elements);
    fill(floats.floats, IN, elements);
    check(what, new Copy(Copy.Elements.FLOATS, regions, null), floats);
    Memory ints = new Memory(0, 0, bytes.bytes.length);
    for (int i = 0; i < elements; i++) {
      ints.ints[IN + i] = 1_000_003 * i;
    }
    check(what, new Copy(Copy.Elements.INTS, regions, null), ints);
  }

  @Test
  void wholeTensors() {
    for (int n : new int[] {1, 2, 15, 16, 17, 255}) {
      check(
          "copy " + n,
          n,
          new CopyRegion(StridedView.dense(IN, n), StridedView.dense(outAfter(n), n)));
    }
  }

  @Test
  void transposed() {
    int out = outAfter(3 * 5 * 7);
    StridedView from = new StridedView(IN, new int[] {7, 3, 5}, new int[] {1, 35, 7});
    check("2 0 1", 105, new CopyRegion(from, StridedView.dense(out, 7, 3, 5)));
  }

  @Test
  void reversedAndStrided() {
    int out = outAfter(60);
    StridedView from = new StridedView(IN + 59, new int[] {3, 5}, new int[] {-20, -2});
    check("backwards", 60, new CopyRegion(from, StridedView.dense(out, 3, 5)));
  }

  @Test
  void concatenatedAlongTheMiddle() {
    int out = outAfter(2 * 5 * 4);
    check(
        "2x2x4 and 2x3x4",
        40,
        new CopyRegion(
            StridedView.dense(IN, 2, 2, 4),
            new StridedView(out, new int[] {2, 2, 4}, new int[] {20, 4, 1})),
        new CopyRegion(
            StridedView.dense(IN + 16, 2, 3, 4),
            new StridedView(out + 8, new int[] {2, 3, 4}, new int[] {20, 4, 1})));
  }

  @Test
  void padding() {
    for (int c : new int[] {1, 3, 16, 17}) {
      int[] in = {1, 3, 4, c};
      int[] before = {0, 1, 2, 0};
      int[] out = {1, 6, 6, c};
      int[] channelBefore = {1, 0, 0, 2};
      int[] channelOut = {3, 3, 5, c + 3};
      Memory bytes = int8Memory(12 * c, 45 * (c + 3));
      fill(bytes.bytes, IN, 12 * c, -128, 127);
      int at = outAfter(12 * c);
      check("pad " + c, new Pad(false, IN, at, in, before, out, -77), bytes);
      check("pad all " + c, new Pad(false, IN, at, in, channelBefore, channelOut, 77), bytes);
      Memory floats = floatMemory(12 * c, 45 * (c + 3));
      fill(floats.floats, IN, 12 * c);
      check("pad " + c, new Pad(true, IN, at, in, before, out, 0.25f), floats);
    }
  }

  @Test
  void nearest() {
    for (int c : new int[] {1, 3, 16, 17}) {
      ResizeGeometry g = new ResizeGeometry(2, 3, 4, 5, 2, c);
      int[] rows = {0, 0, 1, 2, 2};
      int[] columns = {1, 3};
      Memory bytes = int8Memory(24 * c, 20 * c);
      fill(bytes.bytes, IN, 24 * c, -128, 127);
      int at = outAfter(24 * c);
      check("nearest " + c, new ResizeNearest(false, IN, at, g, rows, columns), bytes);
      Memory floats = floatMemory(24 * c, 20 * c);
      fill(floats.floats, IN, 24 * c);
      check("nearest " + c, new ResizeNearest(true, IN, at, g, rows, columns), floats);
    }
  }
}
