package io.quern.kernels.portable;

import io.quern.kernels.Copy;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;

/**
 * Moves elements of any type, row by row: rows that are dense on both sides in one piece. A unit is
 * a block of elements of one row of one region.
 */
final class CopyPortable implements Kernel {
  private final Copy.Elements elements;
  private final ViewRows[] regions;

  /** First unit of each region, and the number of all units. */
  private final int[] firstUnit;

  /** A table for each region, or null. */
  private final byte[][] tables;

  CopyPortable(Copy p) {
    this.elements = p.elements();
    this.tables = p.tables();
    this.regions = new ViewRows[p.regions().length];
    firstUnit = new int[regions.length + 1];
    for (int i = 0; i < regions.length; i++) {
      this.regions[i] = new ViewRows(p.regions()[i].from(), p.regions()[i].to());
      firstUnit[i + 1] = Math.addExact(firstUnit[i], this.regions[i].units());
    }
  }

  @Override
  public int units() {
    return firstUnit[regions.length];
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    for (int i = 0; i < regions.length; i++) {
      int first = Math.max(from, firstUnit[i]) - firstUnit[i];
      int end = Math.min(to, firstUnit[i + 1]) - firstUnit[i];
      ViewRows rows = regions[i];
      boolean dense = rows.leftStep == 1 && rows.rightStep == 1 && tables == null;
      for (int unit = first; unit < end; unit++) {
        int source = rows.left(unit);
        int target = rows.right(unit);
        int n = rows.count(unit);
        if (dense) {
          Object array = array(memory);
          System.arraycopy(array, source, array, target, n);
        } else if (tables != null) {
          look(memory.bytes, source, rows.leftStep, target, rows.rightStep, n, tables[i]);
        } else {
          move(memory, source, rows.leftStep, target, rows.rightStep, n);
        }
      }
    }
  }

  private Object array(Memory m) {
    return switch (elements) {
      case BYTES -> m.bytes;
      case FLOATS -> m.floats;
      case INTS -> m.ints;
    };
  }

  private void move(Memory m, int from, int fromStep, int to, int toStep, int n) {
    switch (elements) {
      case BYTES -> move(m.bytes, from, fromStep, to, toStep, n);
      case FLOATS -> move(m.floats, from, fromStep, to, toStep, n);
      case INTS -> move(m.ints, from, fromStep, to, toStep, n);
    }
  }

  private static void move(byte[] a, int from, int fromStep, int to, int toStep, int n) {
    for (int i = 0; i < n; i++) {
      a[to + i * toStep] = a[from + i * fromStep];
    }
  }

  private static void move(float[] a, int from, int fromStep, int to, int toStep, int n) {
    for (int i = 0; i < n; i++) {
      a[to + i * toStep] = a[from + i * fromStep];
    }
  }

  private static void move(int[] a, int from, int fromStep, int to, int toStep, int n) {
    for (int i = 0; i < n; i++) {
      a[to + i * toStep] = a[from + i * fromStep];
    }
  }

  private static void look(
      byte[] a, int from, int fromStep, int to, int toStep, int n, byte[] table) {
    for (int i = 0; i < n; i++) {
      a[to + i * toStep] = table[a[from + i * fromStep] + 128];
    }
  }

  @Override
  public String microKernel() {
    return tables == null ? "rows" : "tables";
  }
}
