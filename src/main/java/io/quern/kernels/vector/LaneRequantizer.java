package io.quern.kernels.vector;

import static io.quern.kernels.vector.Lanes.COUNT;
import static io.quern.kernels.vector.Lanes.DOUBLES;
import static io.quern.kernels.vector.Lanes.FLOATS;
import static io.quern.kernels.vector.Lanes.HALF;
import static io.quern.kernels.vector.Lanes.HALF_INTS;
import static io.quern.kernels.vector.Lanes.INTS;
import static io.quern.kernels.vector.Lanes.LONGS;

import io.quern.kernels.Requantization;
import io.quern.kernels.Scratch;
import io.quern.quant.FixedPoint;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;

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
 * #PROVEN_SHIFT}. Where it is clamped, every step is monotone, so it stays beyond the bound; and
 * {@code |t| < 2^31} keeps the low 32 bits of the sum the integer. A left shift is e below 0 and d
 * = 0, as long as it does not wrap. For larger e, as of channels that are all but dead, every
 * output value's first accumulator is looked up when planning and both functions compared there and
 * just below; being monotone, they are then the same. A layer where that fails is requantized by
 * {@link FixedPoint#multiply}.
 *
 * <p>When negative accumulators are clamped anyway ({@code qmin >= zeroPoint}, as after a ReLU) the
 * sign need not be looked at. Biases too large for the float sums are added here: sums and biases
 * are below 2^31, which a double holds.
 *
 * <p>Two passes of small loops, because C2 gives up on keeping vectors in registers in larger ones
 * (10 times slower). Float vectors of one shape only: with two shapes loaded, C2 of JDK 17 no
 * longer knows the class of a float vector that a loop carries, as in {@link Gemm}, and boxes it.
 */
final class LaneRequantizer {
  static final int PROVEN_SHIFT = 12;

  private static final double MAGIC = 0x1.8p52;

  private final Requantization r;
  private final double[] factors;
  private final double[] constants;
  private final double[] offsets;
  private final double[] biases;
  private final boolean exact;
  private final boolean positive;
  private final double magic;

  LaneRequantizer(Requantization r, FloatSums sums) {
    this.r = r;
    int n = r.multipliers().length;
    int padded = Lanes.roundUp(n);
    factors = new double[padded];
    constants = new double[padded];
    offsets = new double[padded];
    biases = new double[padded];
    magic = MAGIC + r.zeroPoint();
    if (sums.rest() != null) {
      System.arraycopy(sums.rest(), 0, biases, 0, n);
    }
    positive = r.qmin() >= r.zeroPoint() && sums.rest() == null;
    boolean all = true;
    for (int c = 0; c < n; c++) {
      int e = -r.shifts()[c];
      factors[c] = Math.scalb((double) r.multipliers()[c], -31 - e);
      offsets[c] = e <= 0 ? 0 : Math.scalb(1.0, -e - 1);
      constants[c] = Math.scalb(1.0, -32 - e) + (positive ? offsets[c] : 0);
      all &= isExact(c, e, sums.least()[c], sums.greatest()[c]);
    }
    exact = all;
  }

  private boolean isExact(int c, int e, long least, long greatest) {
    if (e < 0) {
      return Math.max(-least, greatest) << -e <= Integer.MAX_VALUE;
    }
    return e <= PROVEN_SHIFT || sameAtSteps(c, (int) least, (int) greatest);
  }

  /** Compares with the formula at the ends of [least, greatest] and on both sides of every step. */
  private boolean sameAtSteps(int c, int least, int greatest) {
    int at = least;
    while (lanes(at, c) == formula(at, c)) {
      int value = formula(at, c);
      if (formula(greatest, c) == value) {
        return lanes(greatest, c) == value;
      }
      long below = at;
      long above = greatest;
      while (above - below > 1) {
        long middle = below + above >> 1;
        if (formula((int) middle, c) == value) {
          below = middle;
        } else {
          above = middle;
        }
      }
      if (lanes((int) below, c) != value) {
        return false;
      }
      at = (int) above;
    }
    return false;
  }

  private int formula(int acc, int c) {
    int q = FixedPoint.multiply(acc, r.multipliers()[c], r.shifts()[c]) + r.zeroPoint();
    return Math.min(Math.max(q, r.qmin()), r.qmax());
  }

  /** One value with the very operations of the lanes. */
  private int lanes(int acc, int c) {
    double t = Math.fma((double) acc, factors[c], constants[c]);
    if (!positive) {
      t += Math.copySign(offsets[c], (double) acc);
    }
    int q = (int) Double.doubleToRawLongBits(t + magic);
    return Math.min(Math.max(q, r.qmin()), r.qmax());
  }

  /**
   * Requantizes a tile: {@code out[outAt + p * outStride + c]} for channels {@code channel + c}.
   *
   * <p>The last vector of a pixel, when not full, is stored whole, spilling over the next pixel's
   * first channels, before those are stored; what would leave the tile goes through {@code spare}.
   * So panels that share an output are to be done from the last to the first.
   *
   * @param acc sums: vector {@code v} of pixel {@code p} at {@code accAt + v * accPlane + p *
   *     accStride}
   * @param outStride all channels of the output
   * @param channel the first channel, on a whole vector
   * @param channels how many
   * @param scratch at least {@link Lanes#COUNT} bytes, and a vector of ints per pixel from {@code
   *     intsAt} on
   */
  void tile(
      float[] acc,
      int accAt,
      int accPlane,
      int accStride,
      byte[] out,
      int outAt,
      int outStride,
      int channel,
      int channels,
      int pixels,
      Scratch scratch,
      int intsAt) {
    int[] q = scratch.ints;
    int vectors = Lanes.roundUp(channels) / COUNT;
    for (int v = vectors - 1; v >= 0; v--) {
      int from = accAt + v * accPlane;
      int c = channel + v * COUNT;
      int count = Math.min(COUNT, channels - v * COUNT);
      int to = outAt + v * COUNT;
      if (!exact) {
        scalar(acc, from, accStride, out, to, outStride, c, count, pixels);
        continue;
      }
      if (positive) {
        positive(acc, from, accStride, c, q, intsAt, pixels);
      } else {
        signed(acc, from, accStride, c, q, intsAt, pixels);
      }
      narrow(q, intsAt, out, to, outStride, count, pixels, r.qmin(), r.qmax(), scratch.bytes);
    }
  }

  /** Sums become integers, not yet clamped. */
  private void positive(
      float[] acc, int at, int stride, int channel, int[] q, int qAt, int pixels) {
    DoubleVector factor0 = DoubleVector.fromArray(DOUBLES, factors, channel);
    DoubleVector factor1 = DoubleVector.fromArray(DOUBLES, factors, channel + HALF);
    DoubleVector constant0 = DoubleVector.fromArray(DOUBLES, constants, channel);
    DoubleVector constant1 = DoubleVector.fromArray(DOUBLES, constants, channel + HALF);
    DoubleVector round = DoubleVector.broadcast(DOUBLES, magic);
    for (int p = 0; p < pixels; p++) {
      FloatVector a = FloatVector.fromArray(FLOATS, acc, at + p * stride);
      ((IntVector)
              ((DoubleVector) a.convertShape(VectorOperators.F2D, DOUBLES, 0))
                  .fma(factor0, constant0)
                  .add(round)
                  .reinterpretAsLongs()
                  .convertShape(VectorOperators.L2I, HALF_INTS, 0))
          .intoArray(q, qAt + p * COUNT);
      ((IntVector)
              ((DoubleVector) a.convertShape(VectorOperators.F2D, DOUBLES, 1))
                  .fma(factor1, constant1)
                  .add(round)
                  .reinterpretAsLongs()
                  .convertShape(VectorOperators.L2I, HALF_INTS, 0))
          .intoArray(q, qAt + p * COUNT + HALF);
    }
  }

  private void signed(float[] acc, int at, int stride, int channel, int[] q, int qAt, int pixels) {
    signedLow(acc, at, stride, channel, q, qAt, pixels);
    signedHigh(acc, at, stride, channel + HALF, q, qAt + HALF, pixels);
  }

  private void signedLow(
      float[] acc, int at, int stride, int channel, int[] q, int qAt, int pixels) {
    DoubleVector factor = DoubleVector.fromArray(DOUBLES, factors, channel);
    DoubleVector constant = DoubleVector.fromArray(DOUBLES, constants, channel);
    DoubleVector bias = DoubleVector.fromArray(DOUBLES, biases, channel);
    LongVector offset = DoubleVector.fromArray(DOUBLES, offsets, channel).reinterpretAsLongs();
    LongVector sign = LongVector.broadcast(LONGS, Long.MIN_VALUE);
    DoubleVector round = DoubleVector.broadcast(DOUBLES, magic);
    for (int p = 0; p < pixels; p++) {
      FloatVector a = FloatVector.fromArray(FLOATS, acc, at + p * stride);
      DoubleVector d = (DoubleVector) a.convertShape(VectorOperators.F2D, DOUBLES, 0);
      d = d.add(bias);
      DoubleVector away = d.reinterpretAsLongs().and(sign).or(offset).reinterpretAsDoubles();
      ((IntVector)
              d.fma(factor, constant)
                  .add(away)
                  .add(round)
                  .reinterpretAsLongs()
                  .convertShape(VectorOperators.L2I, HALF_INTS, 0))
          .intoArray(q, qAt + p * COUNT);
    }
  }

  private void signedHigh(
      float[] acc, int at, int stride, int channel, int[] q, int qAt, int pixels) {
    DoubleVector factor = DoubleVector.fromArray(DOUBLES, factors, channel);
    DoubleVector constant = DoubleVector.fromArray(DOUBLES, constants, channel);
    DoubleVector bias = DoubleVector.fromArray(DOUBLES, biases, channel);
    LongVector offset = DoubleVector.fromArray(DOUBLES, offsets, channel).reinterpretAsLongs();
    LongVector sign = LongVector.broadcast(LONGS, Long.MIN_VALUE);
    DoubleVector round = DoubleVector.broadcast(DOUBLES, magic);
    for (int p = 0; p < pixels; p++) {
      FloatVector a = FloatVector.fromArray(FLOATS, acc, at + p * stride);
      DoubleVector d = (DoubleVector) a.convertShape(VectorOperators.F2D, DOUBLES, 1);
      d = d.add(bias);
      DoubleVector away = d.reinterpretAsLongs().and(sign).or(offset).reinterpretAsDoubles();
      ((IntVector)
              d.fma(factor, constant)
                  .add(away)
                  .add(round)
                  .reinterpretAsLongs()
                  .convertShape(VectorOperators.L2I, HALF_INTS, 0))
          .intoArray(q, qAt + p * COUNT);
    }
  }

  /**
   * Clamps integers, a vector per pixel, and stores the first {@code count} of each as bytes;
   * others may spill over the next pixels.
   */
  static void narrow(
      int[] q,
      int qAt,
      byte[] out,
      int outAt,
      int outStride,
      int count,
      int pixels,
      int lo,
      int hi,
      byte[] spare) {
    if (!Lanes.NARROW) {
      for (int p = 0; p < pixels; p++) {
        for (int c = 0; c < count; c++) {
          int v = q[qAt + p * COUNT + c];
          v = v < lo ? lo : v;
          out[outAt + p * outStride + c] = (byte) (v > hi ? hi : v);
        }
      }
      return;
    }
    int spilling = (COUNT - count + outStride - 1) / outStride;
    int whole = Math.max(0, pixels - spilling);
    narrow(q, qAt, out, outAt, outStride, whole, lo, hi);
    for (int p = whole; p < pixels; p++) {
      narrow(q, qAt + p * COUNT, spare, 0, 0, 1, lo, hi);
      System.arraycopy(spare, 0, out, outAt + p * outStride, count);
    }
  }

  private static void narrow(
      int[] q, int qAt, byte[] out, int outAt, int outStride, int n, int lo, int hi) {
    IntVector least = IntVector.broadcast(INTS, lo);
    IntVector greatest = IntVector.broadcast(INTS, hi);
    for (int p = 0; p < n; p++) {
      ((ByteVector)
              IntVector.fromArray(INTS, q, qAt + p * COUNT)
                  .max(least)
                  .min(greatest)
                  .convertShape(VectorOperators.I2B, Lanes.BYTES, 0))
          .intoArray(out, outAt + p * outStride);
    }
  }

  private void scalar(
      float[] acc,
      int accAt,
      int accStride,
      byte[] out,
      int outAt,
      int outStride,
      int channel,
      int count,
      int pixels) {
    for (int p = 0; p < pixels; p++) {
      for (int c = 0; c < count; c++) {
        int sum = (int) acc[accAt + p * accStride + c] + (int) biases[channel + c];
        out[outAt + p * outStride + c] = (byte) formula(sum, channel + c);
      }
    }
  }
}
