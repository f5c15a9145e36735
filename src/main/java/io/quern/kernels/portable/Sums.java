package io.quern.kernels.portable;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Column sums of 8-bit rows, eight columns at a time: as unsigned bytes in the 16-bit parts of two
 * longs, which hold the sums of 257 rows.
 */
final class Sums {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private static final int MOST_ROWS = 257;

  private static final long SIGNS = 0x80808080_80808080L;

  private static final long EVEN = 0x00FF00FF_00FF00FFL;

  private Sums() {}

  /** {@code sums[i] +=} the sum of {@code values[at + j * stride + i]} over {@code rows} j. */
  static void add(int[] sums, byte[] values, int at, int stride, int rows, int n) {
    int whole = n & -8;
    for (int from = 0; from < rows; from += MOST_ROWS) {
      int count = Math.min(MOST_ROWS, rows - from);
      for (int i = 0; i < whole; i += 8) {
        eight(sums, i, values, at + from * stride + i, stride, count);
      }
    }
    for (int j = 0; j < rows; j++) {
      for (int i = whole; i < n; i++) {
        sums[i] += values[at + j * stride + i];
      }
    }
  }

  private static void eight(int[] sums, int i, byte[] values, int at, int stride, int rows) {
    long even = 0;
    long odd = 0;
    for (int j = 0; j < rows; j++) {
      long v = (long) LONGS.get(values, at + j * stride) ^ SIGNS;
      even += v & EVEN;
      odd += v >>> 8 & EVEN;
    }
    int signs = 128 * rows;
    for (int k = 0; k < 4; k++) {
      sums[i + 2 * k] += (int) (even >>> 16 * k & 0xFFFF) - signs;
      sums[i + 2 * k + 1] += (int) (odd >>> 16 * k & 0xFFFF) - signs;
    }
  }
}
