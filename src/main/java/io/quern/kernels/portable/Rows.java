package io.quern.kernels.portable;

import io.quern.kernels.Parts;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Loops over whole rows: the shapes that C2 vectorises on JDK 17 as well as on 25. Every array is
 * read and written at the same index; at most eight multiply-adds per loop, because JDK 17 does not
 * unroll, and so not vectorise, larger bodies.
 */
final class Rows {
  /**
   * Length of the rows that kernels ask for. Measured on x86-64 with AVX2, JDK 17 and 25: rows of
   * 64 to 256 run at the same rate within 15 %, rows of 32 at 60 % of it.
   */
  static final int LENGTH = 128;

  /**
   * Whether {@link Math#fma(float, float, float)} is an instruction. Where it is not, it goes
   * through BigDecimal and takes 10,000 times as long, which no clock can miss. Sums of integers
   * are the same either way.
   */
  static final boolean FMA = fmaIsFast();

  /** Whether C2 vectorises the conversion of bytes to floats and back: from JDK 21 on. */
  static final boolean CONVERSION_IS_FAST = Runtime.version().feature() >= 21;

  /**
   * The float value of each byte {@code b}, at {@code b & 255}. Looking it up takes half the time
   * of the conversion on JDK 17, three quarters of it on 25 where that is not vectorised.
   */
  static final float[] BYTE_VALUES = byteValues();

  /** Floats of a vector of 256 bits. */
  private static final int VECTOR = 8;

  /** Four bytes as an int whose lowest byte is the first of them, at any index. */
  static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private Rows() {}

  /**
   * {@code n} and what makes it whole vectors after one single step, which is the least that C2
   * starts a loop with: see {@link RowStart}.
   */
  static int whole(int n) {
    return (n - 1 + VECTOR - 1 & -VECTOR) + 1;
  }

  /** The same of a row that begins at 0 and is written to the right one of four shifted ones. */
  static int wholeFrom0(int n) {
    return (n - 2 + VECTOR - 1 & -VECTOR) + 2;
  }

  /**
   * Even tiles of at most {@code most} pixels, multiples of what a vector holds but for the last.
   */
  static int tile(int pixels, int most) {
    return Math.min(most, Parts.even(pixels, most) + VECTOR - 1 & -VECTOR);
  }

  private static float[] byteValues() {
    float[] values = new float[256];
    for (int b = Byte.MIN_VALUE; b <= Byte.MAX_VALUE; b++) {
      values[b & 255] = b;
    }
    return values;
  }

  private static boolean fmaIsFast() {
    long best = Long.MAX_VALUE;
    float x = 1;
    for (int round = 0; round < 4; round++) {
      long start = System.nanoTime();
      for (int i = 0; i < 16; i++) {
        x = Math.fma(x, 1.5f, 0.25f) * 0.5f;
      }
      best = Math.min(best, System.nanoTime() - start);
    }
    return x > 0 && best < 16 * 1000;
  }

  private static float fma(float a, float b, float c) {
    return FMA ? Math.fma(a, b, c) : a * b + c;
  }

  /**
   * {@code acc[i] += s0 * r0[i] + s1 * r1[i] + s2 * r2[i] + s3 * r3[i]} from index {@code from} up
   * to {@code to}.
   */
  static void addScaled(
      float[] acc,
      float[] r0,
      float[] r1,
      float[] r2,
      float[] r3,
      float s0,
      float s1,
      float s2,
      float s3,
      int from,
      int to) {
    for (int i = from; i < to; i++) {
      acc[i] = fma(s3, r3[i], fma(s2, r2[i], fma(s1, r1[i], fma(s0, r0[i], acc[i]))));
    }
  }

  /**
   * Two steps of four sums: {@code acc0[i] += s00 * r0[i] + s01 * r1[i]}, likewise the others. The
   * shape that runs at the highest rate on JDK 17 and 25: eight multiply-adds for ten loads and
   * stores. One of four by four is not vectorised by JDK 17.
   */
  static void addScaled4x2(
      float[] acc0,
      float[] acc1,
      float[] acc2,
      float[] acc3,
      float[] r0,
      float[] r1,
      float s00,
      float s01,
      float s10,
      float s11,
      float s20,
      float s21,
      float s30,
      float s31,
      int from,
      int to) {
    for (int i = from; i < to; i++) {
      float x0 = r0[i];
      float x1 = r1[i];
      acc0[i] = fma(s01, x1, fma(s00, x0, acc0[i]));
      acc1[i] = fma(s11, x1, fma(s10, x0, acc1[i]));
      acc2[i] = fma(s21, x1, fma(s20, x0, acc2[i]));
      acc3[i] = fma(s31, x1, fma(s30, x0, acc3[i]));
    }
  }

  /** {@code acc[i] += a0[i] * b0[i] + a1[i] * b1[i] + a2[i] * b2[i]}. */
  static void addProducts(
      float[] acc, float[] a0, float[] b0, float[] a1, float[] b1, float[] a2, float[] b2, int n) {
    for (int i = 0; i < n; i++) {
      acc[i] = fma(a2[i], b2[i], fma(a1[i], b1[i], fma(a0[i], b0[i], acc[i])));
    }
  }

  /** {@code acc[i] = value} from index {@code from} up to {@code to}. */
  static void fill(float[] acc, float value, int from, int to) {
    for (int i = from; i < to; i++) {
      acc[i] = value;
    }
  }

  /** {@code acc[i] = max(acc[i], row[i])}; NaN in the row is passed over. */
  static void max(float[] acc, float[] row, int n) {
    for (int i = 0; i < n; i++) {
      acc[i] = acc[i] < row[i] ? row[i] : acc[i];
    }
  }

  /** {@code acc[i] += row[i]}. */
  static void add(float[] acc, float[] row, int n) {
    for (int i = 0; i < n; i++) {
      acc[i] = acc[i] + row[i];
    }
  }

  /** {@code acc[i] /= divisor}. */
  static void divide(float[] acc, float divisor, int n) {
    for (int i = 0; i < n; i++) {
      acc[i] = acc[i] / divisor;
    }
  }

  /** {@code acc[i] = min(max(acc[i], lo), hi)}; NaN stays NaN. */
  static void clamp(float[] acc, float lo, float hi, int n) {
    for (int i = 0; i < n; i++) {
      acc[i] = Math.min(Math.max(acc[i], lo), hi);
    }
  }

  /** {@code to[at + i] = from[start + i]}. */
  static void convert(byte[] from, int start, float[] to, int at, int n) {
    if (CONVERSION_IS_FAST) {
      cast(from, start, to, at, n);
      return;
    }
    float[] values = BYTE_VALUES;
    for (int i = 0; i < n; i++) {
      to[at + i] = values[from[start + i] & 255];
    }
  }

  private static void cast(byte[] from, int start, float[] to, int at, int n) {
    for (int i = 0; i < n; i++) {
      to[at + i] = from[start + i];
    }
  }

  /** {@code rq[at + q * distance + i] = from[start + i * step + q]} for {@code q} from 0 to 3. */
  static void gather4(
      byte[] from,
      int start,
      int step,
      float[] r0,
      float[] r1,
      float[] r2,
      float[] r3,
      int at,
      int distance,
      int n) {
    float[] values = BYTE_VALUES;
    int at1 = at + distance;
    int at2 = at1 + distance;
    int at3 = at2 + distance;
    for (int i = 0; i < n; i++) {
      int four = (int) INTS.get(from, start + i * step);
      r0[at + i] = values[four & 255];
      r1[at1 + i] = values[four >> 8 & 255];
      r2[at2 + i] = values[four >> 16 & 255];
      r3[at3 + i] = values[four >>> 24];
    }
  }

  /** {@code to[at + q * distance + i] = from[start + i * step + q]} for {@code q} from 0 to 2. */
  static void gather3(byte[] from, int start, int step, float[] to, int at, int distance, int n) {
    float[] values = BYTE_VALUES;
    int at1 = at + distance;
    int at2 = at1 + distance;
    for (int i = 0; i < n; i++) {
      int pixel = start + i * step;
      to[at + i] = values[from[pixel] & 255];
      to[at1 + i] = values[from[pixel + 1] & 255];
      to[at2 + i] = values[from[pixel + 2] & 255];
    }
  }

  /** {@code acc[i] += s * r[i]}. */
  static void addScaled(float[] acc, short[] r, float s, int n) {
    for (int i = 0; i < n; i++) {
      acc[i] = acc[i] + s * r[i];
    }
  }

  /** {@code r[i] = 0}. */
  static void clear(short[] r, int n) {
    for (int i = 0; i < n; i++) {
      r[i] = 0;
    }
  }

  /** {@code acc[i] += r0[i] + r1[i] + r2[i] + r3[i]}. */
  static void addRows(short[] acc, short[] r0, short[] r1, short[] r2, short[] r3, int n) {
    for (int i = 0; i < n; i++) {
      acc[i] = (short) (acc[i] + r0[i] + r1[i] + r2[i] + r3[i]);
    }
  }

  /** {@code to[i] = -(r0[i] + r1[i] + r2[i] + r3[i]) / 2} of even values. */
  static void minusHalfSum(short[] to, short[] r0, short[] r1, short[] r2, short[] r3, int n) {
    for (int i = 0; i < n; i++) {
      to[i] = (short) (-(short) (r0[i] + r1[i] + r2[i] + r3[i]) >> 1);
    }
  }

  /** {@code r1[i] = r0[i] + x[i], r2[i] = r0[i] + y[i], r3[i] = r0[i] + x[i] + y[i]}. */
  static void expand(short[] r0, short[] r1, short[] r2, short[] r3, short[] x, short[] y, int n) {
    for (int i = 0; i < n; i++) {
      r1[i] = (short) (r0[i] + x[i]);
      r2[i] = (short) (r0[i] + y[i]);
      r3[i] = (short) (r0[i] + x[i] + y[i]);
    }
  }

  /** {@code r[at + i] = 2 * from[start + i * step]}. */
  static void gatherTwice(byte[] from, int start, int step, short[] r, int at, int n) {
    for (int i = 0; i < n; i++) {
      r[at + i] = (short) (from[start + i * step] << 1);
    }
  }

  /** {@code rq[at + i] = 2 * from[start + i * step + q]} for {@code q} from 0 to 3. */
  static void gatherTwice4(
      byte[] from,
      int start,
      int step,
      short[] r0,
      short[] r1,
      short[] r2,
      short[] r3,
      int at,
      int n) {
    for (int i = 0; i < n; i++) {
      int four = (int) INTS.get(from, start + i * step);
      r0[at + i] = (short) ((byte) four << 1);
      r1[at + i] = (short) ((byte) (four >> 8) << 1);
      r2[at + i] = (short) ((byte) (four >> 16) << 1);
      r3[at + i] = (short) (four >> 24 << 1);
    }
  }
}
