package io.quern.kernels.portable;

import io.quern.kernels.Requantization;
import io.quern.quant.FixedPoint;

/**
 * {@link Requantization} as one multiplication, one addition and one shift of 64 bits.
 *
 * <p>With {@code p = acc * multiplier} the first rounding is {@code y = floor((p + 2^30) / 2^31)}
 * (gemmlowp's nudges round ties up on both sides of 0), the second, for {@code e = -shift > 0},
 * {@code floor((y + 2^(e-1) - [y < 0]) / 2^e)}. Floors compose: {@code floor((p + 2^30 + 2^(30+e) -
 * [p < 0] * 2^31) / 2^(31+e))}; that {@code [p < 0]} may stand for {@code [y < 0]} is seen at
 * {@code -2^30 <= p < 0}, where both give 0. Left shifts, which wrap, go to {@link
 * FixedPoint#multiply}. Nothing overflows: {@code |p| < 2^62}, the constants are below {@code 2^61
 * + 2^31}.
 *
 * <p>Bounds are applied by {@code Math.min} and {@code Math.max}, which compile to conditional
 * moves: whether a real activation is clamped is not predictable, and a branch that fails costs
 * more than all the rest.
 */
final class Requantizer {
  private final int[] multipliers;
  private final int[] shifts;
  private final int[] rightShifts;
  private final long[] roundings;
  private final long[] negatives;
  private final int zeroPoint;
  private final int qmin;
  private final int qmax;
  private final boolean shiftsLeft;

  Requantizer(Requantization r) {
    int n = r.multipliers().length;
    multipliers = r.multipliers();
    shifts = r.shifts();
    rightShifts = new int[n];
    roundings = new long[n];
    negatives = new long[n];
    zeroPoint = r.zeroPoint();
    qmin = r.qmin();
    qmax = r.qmax();
    boolean left = false;
    for (int c = 0; c < n; c++) {
      int e = Math.max(0, -shifts[c]);
      left |= shifts[c] > 0;
      rightShifts[c] = 31 + e;
      roundings[c] = e == 0 ? 1L << 30 : (1L << 30) + (1L << 30 + e);
      negatives[c] = e == 0 ? 0 : 1L << 31;
    }
    shiftsLeft = left;
  }

  /** One multiplier for all values: they are channel 0. */
  static Requantizer perTensor(int multiplier, int shift, int zeroPoint, int qmin, int qmax) {
    return new Requantizer(
        new Requantization(new int[] {multiplier}, new int[] {shift}, zeroPoint, qmin, qmax));
  }

  /** One value of channel {@code c}. */
  byte apply(int acc, int c) {
    int q;
    if (shiftsLeft) {
      q = FixedPoint.multiply(acc, multipliers[c], shifts[c]);
    } else {
      long p = (long) acc * multipliers[c];
      q = (int) (p + roundings[c] - (p >> 63 & negatives[c]) >> rightShifts[c]);
    }
    q += zeroPoint;
    return (byte) Math.min(Math.max(q, qmin), qmax);
  }

  /**
   * A row of one channel from index {@code from} on: {@code out[at + i * stride] =
   * requantize(acc[from + i] + bias)}.
   */
  void channel(float[] acc, int from, int bias, int c, int n, byte[] out, int at, int stride) {
    if (shiftsLeft) {
      for (int i = 0; i < n; i++) {
        out[at + i * stride] = apply((int) acc[from + i] + bias, c);
      }
      return;
    }
    long m = multipliers[c];
    int shift = rightShifts[c];
    long rounding = roundings[c];
    long negative = negatives[c];
    int z = zeroPoint;
    int lo = qmin;
    int hi = qmax;
    for (int i = 0; i < n; i++) {
      long p = ((int) acc[from + i] + bias) * m;
      int q = (int) (p + rounding - (p >> 63 & negative) >> shift) + z;
      out[at + i * stride] = (byte) Math.min(Math.max(q, lo), hi);
    }
  }

  /** The same of a row of ints. */
  void channel(int[] acc, int from, int bias, int c, int n, byte[] out, int at, int stride) {
    if (shiftsLeft) {
      for (int i = 0; i < n; i++) {
        out[at + i * stride] = apply(acc[from + i] + bias, c);
      }
      return;
    }
    long m = multipliers[c];
    int shift = rightShifts[c];
    long rounding = roundings[c];
    long negative = negatives[c];
    int z = zeroPoint;
    int lo = qmin;
    int hi = qmax;
    for (int i = 0; i < n; i++) {
      long p = (acc[from + i] + bias) * m;
      int q = (int) (p + rounding - (p >> 63 & negative) >> shift) + z;
      out[at + i * stride] = (byte) Math.min(Math.max(q, lo), hi);
    }
  }
}
