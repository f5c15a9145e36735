package io.quern.kernels.portable;

/**
 * Multiply-adds of {@link Rows} for float networks, rounded once on every machine. Where that is no
 * instruction, as on 32-bit Arm, it is made of double arithmetic and takes several times as long;
 * but a network gives the same floats everywhere, and a calibration therefore the same file.
 */
final class FloatRows {
  /** The bits of a double that a normal float lacks, and their value half-way between two. */
  private static final long REST = (1L << 29) - 1;

  private static final long HALF = 1L << 28;

  private FloatRows() {}

  /**
   * {@code a * b + c} rounded once, as {@link Math#fma(float, float, float)} defines it.
   *
   * <p>The product of two floats is exact in double, so only the sum is rounded twice. That matters
   * if the first rounding lands half-way between two floats; then the sum is rounded to odd in
   * place of to nearest, after which the second rounding gives what one would have given (Boldo and
   * Melquiond, "Emulation of FMA and correctly rounded sums: proved algorithms using rounding to
   * odd", IEEE Transactions on Computers 57(4), 2008).
   */
  static float fma(float a, float b, float c) {
    double product = (double) a * b;
    double sum = product + c;
    if ((Double.doubleToRawLongBits(sum) & REST) != HALF && Math.abs(sum) >= Float.MIN_NORMAL) {
      return (float) sum;
    }
    return (float) toOdd(sum, product, c);
  }

  /** {@code product + c} rounded to odd, {@code sum} being the same rounded to nearest. */
  private static double toOdd(double sum, double product, double c) {
    double part = sum - product;
    double error = (product - (sum - part)) + (c - part);
    long bits = Double.doubleToRawLongBits(sum);
    if (error == 0 || Double.isNaN(error) || (bits & 1) != 0) {
      return sum;
    }
    return Double.longBitsToDouble(error > 0 == sum > 0 ? bits + 1 : bits - 1);
  }

  /** {@code acc[i] += s0 * r0[i]}, then {@code s1 * r1[i]} and so on. */
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
    if (Rows.FMA) {
      Rows.addScaled(acc, r0, r1, r2, r3, s0, s1, s2, s3, from, to);
      return;
    }
    addScaled(acc, r0, s0, from, to);
    addScaled(acc, r1, s1, from, to);
    addScaled(acc, r2, s2, from, to);
    addScaled(acc, r3, s3, from, to);
  }

  /** As {@link Rows#addScaled4x2}. */
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
    if (Rows.FMA) {
      Rows.addScaled4x2(
          acc0, acc1, acc2, acc3, r0, r1, s00, s01, s10, s11, s20, s21, s30, s31, from, to);
      return;
    }
    addScaled(acc0, r0, s00, from, to);
    addScaled(acc0, r1, s01, from, to);
    addScaled(acc1, r0, s10, from, to);
    addScaled(acc1, r1, s11, from, to);
    addScaled(acc2, r0, s20, from, to);
    addScaled(acc2, r1, s21, from, to);
    addScaled(acc3, r0, s30, from, to);
    addScaled(acc3, r1, s31, from, to);
  }

  /** As {@link Rows#addProducts}. */
  static void addProducts(
      float[] acc, float[] a0, float[] b0, float[] a1, float[] b1, float[] a2, float[] b2, int n) {
    if (Rows.FMA) {
      Rows.addProducts(acc, a0, b0, a1, b1, a2, b2, n);
      return;
    }
    addProducts(acc, a0, b0, n);
    addProducts(acc, a1, b1, n);
    addProducts(acc, a2, b2, n);
  }

  /** {@code acc[i] += s * r[i]} from index {@code from} up to {@code to}. */
  static void addScaled(float[] acc, float[] r, float s, int from, int to) {
    for (int i = from; i < to; i++) {
      acc[i] = fma(s, r[i], acc[i]);
    }
  }

  /** {@code acc[i] += a[i] * b[i]}. */
  static void addProducts(float[] acc, float[] a, float[] b, int n) {
    for (int i = 0; i < n; i++) {
      acc[i] = fma(a[i], b[i], acc[i]);
    }
  }
}
