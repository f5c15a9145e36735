package io.quern.kernels.vector;

import static io.quern.kernels.vector.Lanes.COUNT;
import static io.quern.kernels.vector.Lanes.DOUBLES;
import static io.quern.kernels.vector.Lanes.FLOATS;
import static io.quern.kernels.vector.Lanes.INTS;

import io.quern.kernels.Requantization;
import io.quern.quant.FixedPoint;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;

/**
 * {@link Requantization} in double lanes, exactly.
 *
 * <p>Let {@code e = -shift >= 0}, {@code s = multiplier * 2^(-31-e)}, {@code t = acc * s}, {@code g
 * = 2^(-31-e)} the grid that t lies on, and {@code d = 2^(-e-1)}, or 0 when e is 0. Both roundings
 * together are {@code floor(t + 1/2 + d)} for {@code acc >= 0} and {@code floor(t + 1/2 - d)} below
 * (the first rounding moves the second's ties by half its unit, outwards; see {@code FixedPoint}).
 * On the grid, {@code floor(v + 1/2)} is {@code v + g/2} rounded to nearest, which has no ties; and
 * that rounding is what adding {@code 1.5 * 2^52} does.
 *
 * <p>Exactness: where the result is not clamped, {@code |t| < 2^9}, so {@code t + g/2 +- d} is a
 * multiple of {@code 2^(-32-e)} below 2^9 and has at most 41 + e bits: exact for e up to {@link
 * #LARGEST_SHIFT}. Where it is clamped, every step is monotone, so it stays beyond the bound; and
 * {@code |t| < 2^31} keeps the low 32 bits of the sum the integer. Other shifts (left, or right by
 * more than 12: factors of 1 and above or below 2^-13) go to {@link FixedPoint#multiply}.
 *
 * <p>When negative accumulators are clamped anyway ({@code qmin >= zeroPoint}, as after a ReLU) the
 * sign need not be looked at.
 *
 * <p>Biases too large for the float sums are added here: sums and biases are below 2^31, which a
 * double holds.
 */
final class LaneRequantizer {
  static final int LARGEST_SHIFT = 12;

  private static final double MAGIC = 0x1.8p52;
  private static final int HALF = COUNT / 2;
  private static final VectorShuffle<Integer> IN_ORDER =
      VectorShuffle.fromOp(INTS, i -> i < HALF ? 2 * i : 2 * (i - HALF) + 1);

  private final Requantization r;
  private final double[] factors;
  private final double[] halfGrids;
  private final double[] offsets;
  private final double[] biases;
  private final boolean exact;
  private final boolean positive;

  /**
   * @param bias to add to each channel's sums, or null
   */
  LaneRequantizer(Requantization r, double[] bias) {
    this.r = r;
    int n = r.multipliers().length;
    int padded = Math.max(Lanes.roundUp(n), COUNT);
    factors = new double[padded];
    halfGrids = new double[padded];
    offsets = new double[padded];
    biases = new double[padded];
    if (bias != null) {
      System.arraycopy(bias, 0, biases, 0, n);
    }
    positive = r.qmin() >= r.zeroPoint() && bias == null;
    boolean all = true;
    for (int c = 0; c < n; c++) {
      int shift = r.shifts()[c];
      int e = -shift;
      all &= e >= 0 && e <= LARGEST_SHIFT;
      factors[c] = Math.scalb((double) r.multipliers()[c], -31 - e);
      double halfGrid = Math.scalb(1.0, -32 - e);
      double d = e == 0 ? 0 : Math.scalb(1.0, -e - 1);
      halfGrids[c] = positive ? halfGrid + d : halfGrid;
      offsets[c] = d;
    }
    exact = all;
  }

  /**
   * Requantizes a tile: {@code out[outAt + p * outStride + c]} from {@code acc[accAt + p *
   * accStride + c]} for channels {@code channel + c}.
   *
   * @param acc the channels of a pixel are padded to whole vectors
   * @param channels how many, from {@code channel} on
   * @param spare at least {@link Lanes#COUNT} bytes of scratch
   */
  void tile(
      float[] acc,
      int accAt,
      int accStride,
      byte[] out,
      int outAt,
      int outStride,
      int channel,
      int channels,
      int pixels,
      byte[] spare) {
    if (!exact || !Lanes.NARROW) {
      scalar(acc, accAt, accStride, out, outAt, outStride, channel, channels, pixels);
      return;
    }
    if (channels < COUNT) {
      for (int p = 0; p < pixels; p++) {
        block(acc, accAt + p * accStride, 0, spare, 0, 0, channel, 1);
        System.arraycopy(spare, 0, out, outAt + p * outStride, channels);
      }
      return;
    }
    for (int c = 0; c < channels; c += COUNT) {
      // The last block overlaps the one before instead of leaving a tail.
      int at = Math.min(c, channels - COUNT);
      block(acc, accAt + at, accStride, out, outAt + at, outStride, channel + at, pixels);
    }
  }

  private void block(
      float[] acc,
      int accAt,
      int accStride,
      byte[] out,
      int outAt,
      int outStride,
      int channel,
      int pixels) {
    if (positive) {
      positiveBlock(acc, accAt, accStride, out, outAt, outStride, channel, pixels);
    } else {
      signedBlock(acc, accAt, accStride, out, outAt, outStride, channel, pixels);
    }
  }

  private void positiveBlock(
      float[] acc,
      int accAt,
      int accStride,
      byte[] out,
      int outAt,
      int outStride,
      int channel,
      int pixels) {
    DoubleVector s0 = DoubleVector.fromArray(DOUBLES, factors, channel);
    DoubleVector s1 = DoubleVector.fromArray(DOUBLES, factors, channel + HALF);
    DoubleVector h0 = DoubleVector.fromArray(DOUBLES, halfGrids, channel);
    DoubleVector h1 = DoubleVector.fromArray(DOUBLES, halfGrids, channel + HALF);
    double magic = MAGIC + r.zeroPoint();
    int lo = r.qmin();
    int hi = r.qmax();
    for (int p = 0; p < pixels; p++) {
      FloatVector a = FloatVector.fromArray(FLOATS, acc, accAt + p * accStride);
      DoubleVector d0 = (DoubleVector) a.convertShape(VectorOperators.F2D, DOUBLES, 0);
      DoubleVector d1 = (DoubleVector) a.convertShape(VectorOperators.F2D, DOUBLES, 1);
      LongVector l0 = d0.fma(s0, h0).add(magic).reinterpretAsLongs();
      LongVector l1 = d1.fma(s1, h1).add(magic).reinterpretAsLongs();
      narrow(l0, l1, lo, hi).intoArray(out, outAt + p * outStride);
    }
  }

  private void signedBlock(
      float[] acc,
      int accAt,
      int accStride,
      byte[] out,
      int outAt,
      int outStride,
      int channel,
      int pixels) {
    DoubleVector s0 = DoubleVector.fromArray(DOUBLES, factors, channel);
    DoubleVector s1 = DoubleVector.fromArray(DOUBLES, factors, channel + HALF);
    DoubleVector h0 = DoubleVector.fromArray(DOUBLES, halfGrids, channel);
    DoubleVector h1 = DoubleVector.fromArray(DOUBLES, halfGrids, channel + HALF);
    DoubleVector b0 = DoubleVector.fromArray(DOUBLES, biases, channel);
    DoubleVector b1 = DoubleVector.fromArray(DOUBLES, biases, channel + HALF);
    LongVector o0 = DoubleVector.fromArray(DOUBLES, offsets, channel).reinterpretAsLongs();
    LongVector o1 = DoubleVector.fromArray(DOUBLES, offsets, channel + HALF).reinterpretAsLongs();
    double magic = MAGIC + r.zeroPoint();
    int lo = r.qmin();
    int hi = r.qmax();
    for (int p = 0; p < pixels; p++) {
      FloatVector a = FloatVector.fromArray(FLOATS, acc, accAt + p * accStride);
      DoubleVector d0 = (DoubleVector) a.convertShape(VectorOperators.F2D, DOUBLES, 0);
      DoubleVector d1 = (DoubleVector) a.convertShape(VectorOperators.F2D, DOUBLES, 1);
      d0 = d0.add(b0);
      d1 = d1.add(b1);
      DoubleVector n0 = d0.reinterpretAsLongs().and(Long.MIN_VALUE).or(o0).reinterpretAsDoubles();
      DoubleVector n1 = d1.reinterpretAsLongs().and(Long.MIN_VALUE).or(o1).reinterpretAsDoubles();
      LongVector l0 = d0.fma(s0, h0).add(n0).add(magic).reinterpretAsLongs();
      LongVector l1 = d1.fma(s1, h1).add(n1).add(magic).reinterpretAsLongs();
      narrow(l0, l1, lo, hi).intoArray(out, outAt + p * outStride);
    }
  }

  /** The low halves of {@code l0}'s lanes, then of {@code l1}'s, clamped, as bytes. */
  static ByteVector narrow(LongVector l0, LongVector l1, int lo, int hi) {
    return (ByteVector)
        l0.and(0xffffffffL)
            .or(l1.lanewise(VectorOperators.LSHL, 32))
            .reinterpretAsInts()
            .rearrange(IN_ORDER)
            .max(lo)
            .min(hi)
            .convertShape(VectorOperators.I2B, Lanes.BYTES, 0);
  }

  private void scalar(
      float[] acc,
      int accAt,
      int accStride,
      byte[] out,
      int outAt,
      int outStride,
      int channel,
      int channels,
      int pixels) {
    for (int p = 0; p < pixels; p++) {
      for (int c = 0; c < channels; c++) {
        int q =
            FixedPoint.multiply(
                    (int) acc[accAt + p * accStride + c] + (int) biases[channel + c],
                    r.multipliers()[channel + c],
                    r.shifts()[channel + c])
                + r.zeroPoint();
        out[outAt + p * outStride + c] = (byte) Math.min(Math.max(q, r.qmin()), r.qmax());
      }
    }
  }
}
