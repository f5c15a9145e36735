package io.quern.kernels.vector;

import static io.quern.kernels.vector.Lanes.COUNT;
import static io.quern.kernels.vector.Lanes.DOUBLES;
import static io.quern.kernels.vector.Lanes.FLOATS;
import static io.quern.kernels.vector.Lanes.HALF;
import static io.quern.kernels.vector.Lanes.INTS;
import static io.quern.kernels.vector.Lanes.LONGS;

import io.quern.kernels.Requantization;
import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;
import io.quern.quant.FixedPoint;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;

/**
 * {@link Requantization} in lanes, exactly: in float lanes where {@link FloatScales} proves all
 * channels of a vector, else in double lanes.
 *
 * <p>Double lanes: let {@code e = -shift >= 0}, {@code s = multiplier * 2^(-31-e)}, {@code t = acc
 * * s}, {@code g = 2^(-31-e)} the grid that t lies on, and {@code d = 2^(-e-1)}, or 0 when e is 0.
 * Both roundings together are {@code floor(t + 1/2 + d)} for {@code acc >= 0} and {@code floor(t +
 * 1/2 - d)} below (the first rounding moves the second's ties by half its unit, outwards; see
 * {@code FixedPoint}). On the grid, {@code floor(v + 1/2)} is {@code v + g/2} rounded to nearest,
 * which has no ties; and that rounding is what adding {@code 1.5 * 2^52} does.
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
 * <p>Double lanes take two passes of small loops, because C2 gives up on keeping vectors in
 * registers in larger ones (10 times slower). Vectors of one shape of each type only: the methods
 * of {@code IntVector} serve all lengths, and C2 of JDK 17 is sure of the length only while a
 * single class is linked; else it may box the vectors of a loop for as long as the process runs.
 */
final class LaneRequantizer {
  static final int PROVEN_SHIFT = 12;

  private static final double MAGIC = 0x1.8p52;

  private static final int ROUNDER_BITS = Float.floatToRawIntBits(FloatScales.ROUNDER);

  private final Requantization r;
  private final double[] factors;
  private final double[] constants;
  private final double[] offsets;
  private final double[] biases;
  private final boolean exact;

  /** Whether results of negative sums are clamped anyway. */
  private final boolean unsigned;

  /** Whether double lanes need not look at signs nor add biases. */
  private final boolean positive;

  private final double magic;
  private final FloatScales floats;

  /**
   * What float lanes add to round and to get the result, its least and its greatest value, a vector
   * each: C2 keeps loaded values in registers, but broadcasts anew in every turn of a loop.
   */
  private final float[] uniform = new float[4 * COUNT];

  /** Which vectors of channels are requantized in float lanes. */
  private final boolean[] inFloats;

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
    unsigned = r.qmin() >= r.zeroPoint();
    positive = unsigned && sums.rest() == null;
    boolean all = true;
    for (int c = 0; c < n; c++) {
      int e = -r.shifts()[c];
      factors[c] = Math.scalb((double) r.multipliers()[c], -31 - e);
      offsets[c] = e <= 0 ? 0 : Math.scalb(1.0, -e - 1);
      constants[c] = Math.scalb(1.0, -32 - e) + (positive ? offsets[c] : 0);
      all &= isExact(c, e, sums.least()[c], sums.greatest()[c]);
    }
    exact = all;
    floats = new FloatScales(r, sums, unsigned);
    Lanes.fill(uniform, 0, COUNT, FloatScales.ROUNDER);
    Lanes.fill(uniform, COUNT, COUNT, FloatScales.ROUNDER + r.zeroPoint());
    Lanes.fill(uniform, 2 * COUNT, COUNT, FloatScales.ROUNDER + r.qmin());
    Lanes.fill(uniform, 3 * COUNT, COUNT, FloatScales.ROUNDER + r.qmax());
    inFloats = new boolean[padded / COUNT];
    for (int v = 0; v < inFloats.length; v++) {
      inFloats[v] = floats.proven(v * COUNT, Math.min(COUNT, n - v * COUNT));
    }
  }

  /**
   * The scratch of a kernel that requantizes so: vectors are read and written up to half a vector
   * past the last sum and the last integer.
   *
   * @param ints up to the end of what {@link #vector} writes from {@code intsAt} on
   * @param floats up to the end of the sums
   */
  static ScratchSize scratch(int ints, int floats) {
    return new ScratchSize(COUNT, 0, ints + HALF, floats + HALF);
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
    while (lanes(at, c) == r.output(at, c)) {
      int value = r.output(at, c);
      if (r.output(greatest, c) == value) {
        return lanes(greatest, c) == value;
      }
      long below = at;
      long above = greatest;
      while (above - below > 1) {
        long middle = below + above >> 1;
        if (r.output((int) middle, c) == value) {
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
   * Requantizes a vector of channels of some pixels: {@code out[outAt + p * outStride + c]}. Reads
   * and writes past the last vectors, see {@link #scratch}.
   *
   * <p>A vector that is not full is stored whole, spilling over the next pixel's first channels;
   * what would leave the tile goes through {@code scratch}. So vectors that share an output are to
   * be done from the last to the first.
   *
   * @param acc sums: pixel {@code p} at {@code accAt + sumAt[p]}
   * @param outStride all channels of the output
   * @param channel the first channel, on a whole vector
   * @param count how many, at most {@link Lanes#COUNT}
   * @param scratch that of {@link #scratch}, with a vector of ints per pixel from {@code intsAt} on
   */
  void vector(
      float[] acc,
      int accAt,
      int[] sumAt,
      byte[] out,
      int outAt,
      int outStride,
      int channel,
      int count,
      int pixels,
      Scratch scratch,
      int intsAt) {
    if (inFloats[channel / COUNT]) {
      floats(acc, accAt, sumAt, channel, out, outAt, outStride, count, pixels, scratch, intsAt);
      return;
    }
    if (!exact) {
      scalar(acc, accAt, sumAt, out, outAt, outStride, channel, count, pixels);
      return;
    }
    int[] q = scratch.ints;
    if (positive) {
      positive(acc, accAt, sumAt, channel, q, intsAt, pixels);
    } else {
      signed(acc, accAt, sumAt, channel, q, intsAt, pixels);
    }
    narrow(q, intsAt, out, outAt, outStride, count, pixels, r.qmin(), r.qmax(), scratch.bytes);
  }

  /** In float lanes, in one pass where bytes can be stored by vectors. */
  private void floats(
      float[] acc,
      int at,
      int[] sumAt,
      int channel,
      byte[] out,
      int outAt,
      int outStride,
      int count,
      int pixels,
      Scratch scratch,
      int intsAt) {
    if (!Lanes.NARROW) {
      int[] q = scratch.ints;
      floatsToInts(acc, at, sumAt, channel, q, intsAt, pixels);
      narrow(q, intsAt, out, outAt, outStride, count, pixels, r.qmin(), r.qmax(), scratch.bytes);
      return;
    }
    int spilling = (COUNT - count + outStride - 1) / outStride;
    int whole = Math.max(0, pixels - spilling);
    if (unsigned) {
      floatsToBytes(acc, at, sumAt, channel, out, outAt, outStride, whole);
    } else {
      signedFloatsToBytes(acc, at, sumAt, 0, channel, out, outAt, outStride, whole);
    }
    for (int p = whole; p < pixels; p++) {
      signedFloatsToBytes(acc, at, sumAt, p, channel, scratch.bytes, 0, 0, 1);
      System.arraycopy(scratch.bytes, 0, out, outAt + p * outStride, count);
    }
  }

  private void floatsToBytes(
      float[] acc,
      int at,
      int[] sumAt,
      int channel,
      byte[] out,
      int outAt,
      int outStride,
      int pixels) {
    FloatVector high = FloatVector.fromArray(FLOATS, floats.high, channel);
    FloatVector low = FloatVector.fromArray(FLOATS, floats.low, channel);
    FloatVector offset = FloatVector.fromArray(FLOATS, floats.offset, channel);
    FloatVector rounder = FloatVector.fromArray(FLOATS, uniform, 0);
    FloatVector result = FloatVector.fromArray(FLOATS, uniform, COUNT);
    IntVector least = FloatVector.fromArray(FLOATS, uniform, 2 * COUNT).reinterpretAsInts();
    IntVector greatest = FloatVector.fromArray(FLOATS, uniform, 3 * COUNT).reinterpretAsInts();
    for (int p = 0; p < pixels; p++) {
      FloatVector a = FloatVector.fromArray(FLOATS, acc, at + sumAt[p]);
      FloatVector minusNear = rounder.sub(a.fma(high, rounder));
      FloatVector rest = a.fma(high, minusNear).add(a.fma(low, offset));
      ((ByteVector)
              rest.add(result)
                  .sub(minusNear)
                  .reinterpretAsInts()
                  .max(least)
                  .min(greatest)
                  .convertShape(VectorOperators.I2B, Lanes.BYTES, 0))
          .intoArray(out, outAt + p * outStride);
    }
  }

  private void signedFloatsToBytes(
      float[] acc,
      int at,
      int[] sumAt,
      int from,
      int channel,
      byte[] out,
      int outAt,
      int outStride,
      int pixels) {
    FloatVector high = FloatVector.fromArray(FLOATS, floats.high, channel);
    FloatVector low = FloatVector.fromArray(FLOATS, floats.low, channel);
    FloatVector offset = FloatVector.fromArray(FLOATS, floats.offset, channel);
    IntVector away = FloatVector.fromArray(FLOATS, floats.away, channel).reinterpretAsInts();
    IntVector sign = IntVector.broadcast(INTS, Integer.MIN_VALUE);
    FloatVector rounder = FloatVector.fromArray(FLOATS, uniform, 0);
    FloatVector result = FloatVector.fromArray(FLOATS, uniform, COUNT);
    IntVector least = FloatVector.fromArray(FLOATS, uniform, 2 * COUNT).reinterpretAsInts();
    IntVector greatest = FloatVector.fromArray(FLOATS, uniform, 3 * COUNT).reinterpretAsInts();
    for (int p = 0; p < pixels; p++) {
      FloatVector a = FloatVector.fromArray(FLOATS, acc, at + sumAt[from + p]);
      FloatVector half = a.reinterpretAsInts().and(sign).or(away).reinterpretAsFloats();
      FloatVector minusNear = rounder.sub(a.fma(high, rounder));
      FloatVector rest = a.fma(high, minusNear).add(a.fma(low, offset).add(half));
      ((ByteVector)
              rest.add(result)
                  .sub(minusNear)
                  .reinterpretAsInts()
                  .max(least)
                  .min(greatest)
                  .convertShape(VectorOperators.I2B, Lanes.BYTES, 0))
          .intoArray(out, outAt + p * outStride);
    }
  }

  /** Results before clamping, where bytes cannot be stored by vectors. */
  private void floatsToInts(
      float[] acc, int at, int[] sumAt, int channel, int[] q, int qAt, int pixels) {
    FloatVector high = FloatVector.fromArray(FLOATS, floats.high, channel);
    FloatVector low = FloatVector.fromArray(FLOATS, floats.low, channel);
    FloatVector offset = FloatVector.fromArray(FLOATS, floats.offset, channel);
    IntVector away = FloatVector.fromArray(FLOATS, floats.away, channel).reinterpretAsInts();
    IntVector sign = IntVector.broadcast(INTS, Integer.MIN_VALUE);
    FloatVector rounder = FloatVector.broadcast(FLOATS, FloatScales.ROUNDER);
    FloatVector result = FloatVector.broadcast(FLOATS, FloatScales.ROUNDER + r.zeroPoint());
    IntVector bits = IntVector.broadcast(INTS, ROUNDER_BITS);
    for (int p = 0; p < pixels; p++) {
      FloatVector a = FloatVector.fromArray(FLOATS, acc, at + sumAt[p]);
      FloatVector half = a.reinterpretAsInts().and(sign).or(away).reinterpretAsFloats();
      FloatVector minusNear = rounder.sub(a.fma(high, rounder));
      FloatVector rest = a.fma(high, minusNear).add(a.fma(low, offset).add(half));
      rest.add(result).sub(minusNear).reinterpretAsInts().sub(bits).intoArray(q, qAt + p * COUNT);
    }
  }

  /** Whether {@link #eightInputs} computes a vector of channels. */
  boolean takesEightInputs(int channel) {
    return Lanes.WIDE && unsigned && inFloats[channel / COUNT];
  }

  /**
   * A vector of channels of pixels with eight inputs each, sums and requantization in one loop: the
   * weights and constants fill 24 of 32 registers. What {@link Gemm} spends on such short sums is
   * mostly their way to and from memory. With sixteen inputs C2 spills.
   *
   * @param x inputs, [pixels, 8] from 0 on
   * @param w weights, a vector for each input from {@code wAt} on
   * @param bias first values, from {@code channel} on
   * @param out {@code outAt + p * outStride} on, whole vectors
   */
  void eightInputs(
      float[] x,
      float[] w,
      int wAt,
      int wStride,
      float[] bias,
      int channel,
      byte[] out,
      int outAt,
      int outStride,
      int pixels) {
    FloatVector w0 = FloatVector.fromArray(FLOATS, w, wAt);
    FloatVector w1 = FloatVector.fromArray(FLOATS, w, wAt + wStride);
    FloatVector w2 = FloatVector.fromArray(FLOATS, w, wAt + 2 * wStride);
    FloatVector w3 = FloatVector.fromArray(FLOATS, w, wAt + 3 * wStride);
    FloatVector w4 = FloatVector.fromArray(FLOATS, w, wAt + 4 * wStride);
    FloatVector w5 = FloatVector.fromArray(FLOATS, w, wAt + 5 * wStride);
    FloatVector w6 = FloatVector.fromArray(FLOATS, w, wAt + 6 * wStride);
    FloatVector w7 = FloatVector.fromArray(FLOATS, w, wAt + 7 * wStride);
    FloatVector start = FloatVector.fromArray(FLOATS, bias, channel);
    FloatVector high = FloatVector.fromArray(FLOATS, floats.high, channel);
    FloatVector low = FloatVector.fromArray(FLOATS, floats.low, channel);
    FloatVector offset = FloatVector.fromArray(FLOATS, floats.offset, channel);
    FloatVector rounder = FloatVector.fromArray(FLOATS, uniform, 0);
    FloatVector result = FloatVector.fromArray(FLOATS, uniform, COUNT);
    IntVector least = FloatVector.fromArray(FLOATS, uniform, 2 * COUNT).reinterpretAsInts();
    IntVector greatest = FloatVector.fromArray(FLOATS, uniform, 3 * COUNT).reinterpretAsInts();
    for (int p = 0; p < pixels; p++) {
      FloatVector a = FloatVector.broadcast(FLOATS, x[p * 8]).fma(w0, start);
      a = FloatVector.broadcast(FLOATS, x[p * 8 + 1]).fma(w1, a);
      a = FloatVector.broadcast(FLOATS, x[p * 8 + 2]).fma(w2, a);
      a = FloatVector.broadcast(FLOATS, x[p * 8 + 3]).fma(w3, a);
      a = FloatVector.broadcast(FLOATS, x[p * 8 + 4]).fma(w4, a);
      a = FloatVector.broadcast(FLOATS, x[p * 8 + 5]).fma(w5, a);
      a = FloatVector.broadcast(FLOATS, x[p * 8 + 6]).fma(w6, a);
      a = FloatVector.broadcast(FLOATS, x[p * 8 + 7]).fma(w7, a);
      FloatVector minusNear = rounder.sub(a.fma(high, rounder));
      FloatVector rest = a.fma(high, minusNear).add(a.fma(low, offset));
      ((ByteVector)
              rest.add(result)
                  .sub(minusNear)
                  .reinterpretAsInts()
                  .max(least)
                  .min(greatest)
                  .convertShape(VectorOperators.I2B, Lanes.BYTES, 0))
          .intoArray(out, outAt + p * outStride);
    }
  }

  /**
   * Sums become integers, not yet clamped. Half a vector of sums fills half a vector of ints, and
   * zeros follow that the next half overwrites: so there is one shape of ints.
   */
  private void positive(
      float[] acc, int at, int[] sumAt, int channel, int[] q, int qAt, int pixels) {
    DoubleVector factor0 = DoubleVector.fromArray(DOUBLES, factors, channel);
    DoubleVector factor1 = DoubleVector.fromArray(DOUBLES, factors, channel + HALF);
    DoubleVector constant0 = DoubleVector.fromArray(DOUBLES, constants, channel);
    DoubleVector constant1 = DoubleVector.fromArray(DOUBLES, constants, channel + HALF);
    DoubleVector round = DoubleVector.broadcast(DOUBLES, magic);
    for (int p = 0; p < pixels; p++) {
      int sum = at + sumAt[p];
      ((IntVector)
              ((DoubleVector)
                      FloatVector.fromArray(FLOATS, acc, sum)
                          .convertShape(VectorOperators.F2D, DOUBLES, 0))
                  .fma(factor0, constant0)
                  .add(round)
                  .reinterpretAsLongs()
                  .convertShape(VectorOperators.L2I, INTS, 0))
          .intoArray(q, qAt + p * COUNT);
      ((IntVector)
              ((DoubleVector)
                      FloatVector.fromArray(FLOATS, acc, sum + HALF)
                          .convertShape(VectorOperators.F2D, DOUBLES, 0))
                  .fma(factor1, constant1)
                  .add(round)
                  .reinterpretAsLongs()
                  .convertShape(VectorOperators.L2I, INTS, 0))
          .intoArray(q, qAt + p * COUNT + HALF);
    }
  }

  /** As {@link #positive}, for sums of both signs and with biases. */
  private void signed(float[] acc, int at, int[] sumAt, int channel, int[] q, int qAt, int pixels) {
    DoubleVector factor0 = DoubleVector.fromArray(DOUBLES, factors, channel);
    DoubleVector factor1 = DoubleVector.fromArray(DOUBLES, factors, channel + HALF);
    DoubleVector constant0 = DoubleVector.fromArray(DOUBLES, constants, channel);
    DoubleVector constant1 = DoubleVector.fromArray(DOUBLES, constants, channel + HALF);
    DoubleVector bias0 = DoubleVector.fromArray(DOUBLES, biases, channel);
    DoubleVector bias1 = DoubleVector.fromArray(DOUBLES, biases, channel + HALF);
    LongVector offset0 = DoubleVector.fromArray(DOUBLES, offsets, channel).reinterpretAsLongs();
    LongVector offset1 =
        DoubleVector.fromArray(DOUBLES, offsets, channel + HALF).reinterpretAsLongs();
    DoubleVector round = DoubleVector.broadcast(DOUBLES, magic);
    LongVector sign = LongVector.broadcast(LONGS, Long.MIN_VALUE);
    for (int p = 0; p < pixels; p++) {
      int sum = at + sumAt[p];
      DoubleVector d =
          ((DoubleVector)
                  FloatVector.fromArray(FLOATS, acc, sum)
                      .convertShape(VectorOperators.F2D, DOUBLES, 0))
              .add(bias0);
      DoubleVector away = d.reinterpretAsLongs().and(sign).or(offset0).reinterpretAsDoubles();
      ((IntVector)
              d.fma(factor0, constant0)
                  .add(away)
                  .add(round)
                  .reinterpretAsLongs()
                  .convertShape(VectorOperators.L2I, INTS, 0))
          .intoArray(q, qAt + p * COUNT);
      d =
          ((DoubleVector)
                  FloatVector.fromArray(FLOATS, acc, sum + HALF)
                      .convertShape(VectorOperators.F2D, DOUBLES, 0))
              .add(bias1);
      away = d.reinterpretAsLongs().and(sign).or(offset1).reinterpretAsDoubles();
      ((IntVector)
              d.fma(factor1, constant1)
                  .add(away)
                  .add(round)
                  .reinterpretAsLongs()
                  .convertShape(VectorOperators.L2I, INTS, 0))
          .intoArray(q, qAt + p * COUNT + HALF);
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
      int[] sumAt,
      byte[] out,
      int outAt,
      int outStride,
      int channel,
      int count,
      int pixels) {
    for (int p = 0; p < pixels; p++) {
      for (int c = 0; c < count; c++) {
        int sum = (int) acc[accAt + sumAt[p] + c] + (int) biases[channel + c];
        out[outAt + p * outStride + c] = r.output(sum, channel + c);
      }
    }
  }
}
