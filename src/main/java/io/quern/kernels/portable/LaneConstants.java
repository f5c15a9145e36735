package io.quern.kernels.portable;

import io.quern.kernels.CacheLines;
import java.util.Arrays;

/**
 * What {@link RowRequantizer} computes with, one value per lane: the requantization of exact sums
 * in float, proven from the multiplier.
 *
 * <p>For a multiplier M and a right shift e, {@link io.quern.quant.FixedPoint#multiply} of {@code
 * acc} reaches {@code k} where {@code acc * M >= (2k - 1) * 2^(30+e) - 2^30} when {@code k > 0},
 * and {@code >= (2k - 1) * 2^(30+e) + 2^30} when not (see {@link Requantizer}). So it is the
 * nearest integer to {@code v = acc * M / 2^(31+e) + sign(acc) / 2^(e+1)}, ties but for. It grows
 * with {@code acc}, hence clamping the sum is clamping the result, and afterwards {@code |v| <=
 * 256}.
 *
 * <p>Lanes compute {@code v} with M split in two floats, so that its only errors are of rounding:
 * less than 2^-23 in all. How near {@code v} comes to a half is known: each of the at most 256
 * steps has one nearest sum on either side. A constant is added to {@code v} to make the least of
 * these distances equal on both sides; where it is then below 2^-23, the channel is not in lanes.
 * With multipliers as they come that is one channel of 2^11 for e = 8, one of a hundred for e = 10.
 */
final class LaneConstants {
  /** Up to here twice a clamped sum, below {@code 2^(10+e)}, is exact and can be changed by 1. */
  private static final int MOST_SHIFT = 13;

  private static final long EXACT = 1 << 24;

  /** Sums less the bias that give the least and the greatest result. */
  final float[] low;

  final float[] high;

  /** Sum of the two, with the bias. */
  final float[] span;

  /** Half of M / 2^(31+e): the upper 24 bits and the rest. */
  final float[] scaleHigh;

  final float[] scaleLow;

  /** Added to the scaled sum, besides {@link #sign}. */
  final float[] offset;

  /** Half of what is added to the scaled sum, with its sign; only when {@link #signed}. */
  final float[] sign;

  /** Whether any sum may be negative after clamping; if not, {@link #offset} has all. */
  final boolean signed;

  /**
   * Lanes that cannot be requantized in float: they take sums that are already requantized, less
   * the zero point.
   */
  final int[] scalarLanes;

  private LaneConstants(int n, boolean signed, int[] scalarLanes) {
    int length = CacheLines.floats(Rows.wholeFrom0(n));
    low = new float[length];
    high = new float[length];
    span = new float[length];
    scaleHigh = new float[length];
    scaleLow = new float[length];
    offset = new float[length];
    sign = new float[length];
    this.signed = signed;
    this.scalarLanes = scalarLanes;
  }

  /**
   * Constants of all channels, one lane each.
   *
   * @param bounds of the magnitudes of the sums without bias
   */
  static LaneConstants of(io.quern.kernels.Requantization r, int[] bias, int[] bounds) {
    int n = bias.length;
    int lo = r.qmin() - r.zeroPoint();
    int hi = r.qmax() - r.zeroPoint();
    int[] scalar = new int[n];
    int scalars = 0;
    LaneConstants all = new LaneConstants(n, lo < 0, scalar);
    for (int c = 0; c < n; c++) {
      if (!all.set(c, r.multipliers()[c], -r.shifts()[c], bias[c], bounds[c], lo, hi)) {
        all.setIdentity(c, lo, hi);
        scalar[scalars++] = c;
      }
    }
    return all.lanes(0, n, 1, Arrays.copyOf(scalar, scalars));
  }

  /** {@code count} channels from {@code from} on, repeated {@code times} times. */
  LaneConstants repeat(int from, int count, int times) {
    int[] scalar = new int[scalarLanes.length * times];
    int scalars = 0;
    for (int t = 0; t < times; t++) {
      for (int c : scalarLanes) {
        if (c >= from && c < from + count) {
          scalar[scalars++] = t * count + c - from;
        }
      }
    }
    return lanes(from, count, times, Arrays.copyOf(scalar, scalars));
  }

  private LaneConstants lanes(int from, int count, int times, int[] scalar) {
    LaneConstants to = new LaneConstants(count * times, signed, scalar);
    float[][] source = {low, high, span, scaleHigh, scaleLow, offset, sign};
    float[][] target = {to.low, to.high, to.span, to.scaleHigh, to.scaleLow, to.offset, to.sign};
    for (int a = 0; a < source.length; a++) {
      for (int t = 0; t < times; t++) {
        System.arraycopy(source[a], from, target[a], t * count, count);
      }
    }
    return to;
  }

  private void setIdentity(int c, int lo, int hi) {
    low[c] = lo;
    high[c] = hi;
    span[c] = lo + hi;
    scaleHigh[c] = 0.5f;
  }

  /** False if it cannot be proven exact. */
  private boolean set(int c, int multiplier, int e, long bias, long bound, int lo, int hi) {
    if (multiplier <= 0 || e < 1 || e > MOST_SHIFT) {
      return false;
    }
    long first = leastSum(lo, multiplier, e);
    long last = leastSum(hi, multiplier, e);
    long farthest = Math.max(Math.abs(first - bias), Math.abs(last - bias));
    long above = multiplier;
    long below = multiplier;
    // Of each step what is left of it beyond a multiple of M; the next step is 2^(31+e) on.
    long on = (1L << 31 + e) % multiplier;
    long remainder = 0;
    for (int k = lo == 0 ? 1 : lo; k <= hi; k++) {
      if (k == lo || k == 1) {
        remainder = Math.floorMod(step(k, e), (long) multiplier);
      } else {
        remainder += on;
        remainder -= remainder >= multiplier ? multiplier : 0;
      }
      above = Math.min(above, remainder == 0 ? 0 : multiplier - remainder);
      below = Math.min(below, remainder == 0 ? multiplier : remainder);
    }
    if (bound + farthest > EXACT || (above + below) / 2 < 1L << 8 + e) {
      return false;
    }
    low[c] = first - bias;
    high[c] = last - bias;
    span[c] = first + last;
    long head = (long) multiplier + 64 >> 7;
    scaleHigh[c] = Math.scalb((float) head, 7 - 32 - e);
    scaleLow[c] = Math.scalb((float) (multiplier - (head << 7)), -32 - e);
    long shift = (below - above) / 2 + (signed ? 0 : 1L << 30);
    offset[c] = Math.scalb((float) shift, -31 - e);
    sign[c] = Math.scalb(1f, -2 - e);
    return true;
  }

  /** Least {@code acc * M} that gives {@code k}. */
  private static long step(int k, int e) {
    return (2L * k - 1 << 30 + e) + (k > 0 ? -(1L << 30) : 1L << 30);
  }

  /** A sum that gives {@code k}: the least one, or 0. */
  private static long leastSum(int k, int multiplier, int e) {
    return k == 0 ? 0 : -Math.floorDiv(-step(k, e), (long) multiplier);
  }
}
