package io.quern.kernels.vector;

import io.quern.kernels.Requantization;

/**
 * Constants that requantize exact sums in float lanes, one value per channel, and for which
 * channels that is proven.
 *
 * <p>For a multiplier M and a right shift e, both roundings of {@link
 * io.quern.quant.FixedPoint#multiply} together are the nearest integer to {@code v = acc * M /
 * 2^(31+e) + sign(acc) / 2^(e+1)}: it reaches {@code k > 0} where {@code acc * M >= (2k-1) *
 * 2^(30+e) - 2^30}, and {@code k <= 0} where {@code acc * M >= (2k-1) * 2^(30+e) + 2^30}.
 *
 * <p>Lanes compute {@code near = round(acc * high)} by adding {@link #ROUNDER}, then {@code rest =
 * acc * high - near + (acc * low + offset)} and {@code near + round(rest)}, where {@code high} has
 * the upper 24 bits of the scale and {@code low} the others. Where {@code |v| <= 2^9}, the errors
 * of the products, of {@code rest} and of its parts come to less than 2^-23; beyond, to less than
 * 1, which changes no clamped result. The nearest sum on either side of each of the at most 255
 * steps is known from remainders modulo M; {@code offset} holds a shift that makes the least
 * distances on both sides equal, and where they are below 2^-23, the channel is not in float lanes.
 */
final class FloatScales {
  /** 1.5 * 2^23: what is added to it is rounded to an integer, which its lowest bits then hold. */
  static final float ROUNDER = 12582912;

  /** Greatest right shift: steps between sums are above 2^-14. */
  private static final int MOST_SHIFT = 13;

  final float[] high;
  final float[] low;

  /** Includes the half unit of the first rounding when no sum that matters is negative. */
  final float[] offset;

  /** The half unit of the first rounding, to be added with the sum's sign; zeros when unsigned. */
  final float[] away;

  private final boolean[] proven;

  /**
   * @param unsigned whether results of negative sums are clamped anyway
   */
  FloatScales(Requantization r, FloatSums sums, boolean unsigned) {
    int n = r.multipliers().length;
    int padded = Lanes.roundUp(n);
    high = new float[padded];
    low = new float[padded];
    offset = new float[padded];
    away = new float[padded];
    proven = new boolean[n];
    int lo = r.qmin() - r.zeroPoint();
    int hi = r.qmax() - r.zeroPoint();
    for (int c = 0; c < n; c++) {
      double bound = Math.max(-(double) sums.least()[c], sums.greatest()[c]);
      boolean whole = sums.rest() == null || sums.rest()[c] == 0;
      proven[c] = whole && set(c, r.multipliers()[c], -r.shifts()[c], bound, lo, hi, unsigned);
    }
  }

  /** Whether all of {@code count} channels from {@code from} on are proven. */
  boolean proven(int from, int count) {
    boolean all = true;
    for (int c = from; c < from + count; c++) {
      all &= proven[c];
    }
    return all;
  }

  private boolean set(
      int c, int multiplier, int e, double bound, int lo, int hi, boolean unsigned) {
    if (multiplier <= 0 || e < 1 || e > MOST_SHIFT) {
      return false;
    }
    if (bound * Math.scalb((double) multiplier, -31 - e) > 1 << 21) {
      return false;
    }
    long above = multiplier;
    long below = multiplier;
    long growth = (1L << 31 + e) % multiplier;
    long remainder = 0;
    for (int k = lo + 1; k <= hi; k++) {
      if (k == lo + 1 || k == 1) {
        long step = (2L * k - 1 << 30 + e) + (k > 0 ? -(1L << 30) : 1L << 30);
        remainder = Math.floorMod(step, (long) multiplier);
      } else {
        remainder += growth;
        remainder -= remainder >= multiplier ? multiplier : 0;
      }
      above = Math.min(above, remainder == 0 ? 0 : multiplier - remainder);
      below = Math.min(below, remainder == 0 ? multiplier : remainder);
    }
    if ((above + below) / 2 < 1L << 8 + e) {
      return false;
    }
    long head = (long) multiplier + 64 >> 7;
    high[c] = Math.scalb((float) head, 7 - 31 - e);
    low[c] = Math.scalb((float) (multiplier - (head << 7)), -31 - e);
    offset[c] = Math.scalb((float) ((below - above) / 2 + (unsigned ? 1L << 30 : 0)), -31 - e);
    away[c] = unsigned ? 0 : Math.scalb(1f, -1 - e);
    return true;
  }
}
