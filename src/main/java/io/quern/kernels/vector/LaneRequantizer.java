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
import io.quern.kernels.ScratchSize;
import io.quern.quant.FixedPoint;
import java.util.Arrays;
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
 * <p>Four vectors that are all proven are stored as one: their results become the four bytes of an
 * int lane, which takes a third of the instructions of four conversions to bytes. Lane i of the
 * vector j of them is channel {@code 4 i + j}, so weights are packed in that order, {@link #order}.
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
 * registers in larger ones (10 times slower). Float vectors of one shape only: with two shapes
 * loaded, C2 of JDK 17 no longer knows the class of a float vector that a loop carries, as in
 * {@link Gemm}, and boxes it.
 */
final class LaneRequantizer {
  static final int PROVEN_SHIFT = 12;

  private static final double MAGIC = 0x1.8p52;

  /** The sum of two floats' bits, each {@link FloatScales#ROUNDER} and an integer. */
  private static final int TWO_ROUNDERS = 2 * Float.floatToRawIntBits(FloatScales.ROUNDER);

  /** Channels of four vectors. */
  private static final int FOUR = 4 * COUNT;

  private final Requantization r;
  private final double[] factors;
  private final double[] constants;
  private final double[] offsets;
  private final double[] biases;
  private final boolean exact;
  private final boolean positive;
  private final double magic;
  private final FloatScales floats;

  /**
   * What float lanes add to round and to get the result, and the latter for results of at least 0,
   * a vector each: C2 keeps loaded values in registers, but broadcasts anew in every turn of a
   * loop.
   */
  private final float[] uniform = new float[3 * COUNT];

  /** Least and greatest result, the same for results of at least 0, and what joins four bytes. */
  private final int[] limits = new int[6 * COUNT];

  /** Which vectors of channels are requantized in float lanes. */
  private final boolean[] inFloats;

  /** Which fours of vectors are stored as one. */
  private final boolean[] joined;

  private final int[] order;

  /**
   * @param fours whether vectors can be computed by fours, in the order of {@link #order}
   */
  LaneRequantizer(Requantization r, FloatSums sums, boolean fours) {
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
    floats = new FloatScales(r, sums, positive);
    Lanes.fill(uniform, 0, COUNT, FloatScales.ROUNDER);
    Lanes.fill(uniform, COUNT, COUNT, FloatScales.ROUNDER + r.zeroPoint());
    Lanes.fill(uniform, 2 * COUNT, COUNT, FloatScales.ROUNDER + r.zeroPoint() + 128);
    int[] each = {
      TWO_ROUNDERS + r.qmin(),
      TWO_ROUNDERS + r.qmax(),
      TWO_ROUNDERS + r.qmin() + 128,
      TWO_ROUNDERS + r.qmax() + 128,
      TWO_ROUNDERS + (TWO_ROUNDERS << 8),
      0x80808080
    };
    for (int i = 0; i < each.length; i++) {
      Arrays.fill(limits, i * COUNT, (i + 1) * COUNT, each[i]);
    }
    inFloats = new boolean[padded / COUNT];
    for (int v = 0; v < inFloats.length; v++) {
      inFloats[v] = floats.proven(v * COUNT, Math.min(COUNT, n - v * COUNT));
    }
    joined = new boolean[padded / FOUR];
    order = new int[padded];
    for (int i = 0; i < padded; i++) {
      order[i] = i;
    }
    for (int v = 0; v < joined.length; v++) {
      joined[v] = fours && floats.proven(v * FOUR, Math.min(FOUR, n - v * FOUR));
      for (int i = 0; joined[v] && i < FOUR; i++) {
        order[v * FOUR + i] = v * FOUR + i % COUNT * 4 + i / COUNT;
      }
    }
    floats.arrange(order);
  }

  /** Whether vector {@code v} and the next three are stored as one. */
  boolean joins(int v) {
    return v % 4 == 0 && v / 4 < joined.length && joined[v / 4];
  }

  /**
   * The channel of each lane of each vector, which may be beyond the last: sums are to be computed
   * in this order.
   */
  int[] order() {
    return order;
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
   * Requantizes one to four vectors of channels, as a panel has: {@code out[outAt + p * outStride +
   * c]}.
   *
   * <p>Vectors that are not full are stored whole, spilling over the next pixel's first channels;
   * what would leave the tile goes through {@code scratch}. So panels that share an output are to
   * be done from the last to the first.
   *
   * @param acc sums: those of vector {@code v} and pixel {@code p} at {@code accAt + v * apart +
   *     sumAt[p]}, in the order of {@link #order}
   * @param outStride all channels of the output
   * @param channel the first channel, on a whole panel
   * @param pixels how many, at most those of {@code sumAt}
   * @param scratch as {@link #scratch} says, ints from {@code intsAt} on
   */
  void panel(
      float[] acc,
      int accAt,
      int apart,
      int[] sumAt,
      byte[] out,
      int outAt,
      int outStride,
      int channel,
      int vectors,
      int pixels,
      Scratch scratch,
      int intsAt) {
    int last = r.multipliers().length - channel;
    if (vectors == 4 && joins(channel / COUNT)) {
      int count = Math.min(FOUR, last);
      four(
          acc, accAt, apart, sumAt, out, outAt, outStride, channel, count, pixels, scratch, intsAt);
      return;
    }
    for (int v = vectors - 1; v >= 0; v--) {
      int c = v * COUNT;
      int count = Math.min(COUNT, last - c);
      vector(
          acc,
          accAt + v * apart,
          sumAt,
          out,
          outAt + c,
          outStride,
          channel + c,
          count,
          pixels,
          scratch,
          intsAt);
    }
  }

  /** Bytes and ints that {@link #panel} needs for so many pixels, besides what callers need. */
  static ScratchSize scratch(int pixels, int ints, int floats) {
    return new ScratchSize(FOUR, 0, ints + 4 * pixels * COUNT, floats);
  }

  private void four(
      float[] acc,
      int at,
      int apart,
      int[] sumAt,
      byte[] out,
      int outAt,
      int outStride,
      int channel,
      int count,
      int pixels,
      Scratch scratch,
      int intsAt) {
    int[] q = scratch.ints;
    int plane = pixels * COUNT;
    if (positive) {
      pairs(acc, at, apart, sumAt, channel, q, intsAt, pixels);
      int next = at + 2 * apart;
      pairs(acc, next, apart, sumAt, channel + 2 * COUNT, q, intsAt + plane, pixels);
    } else {
      for (int v = 0; v < 4; v++) {
        int to = intsAt + v * plane;
        signedInts(acc, at + v * apart, sumAt, channel + v * COUNT, q, to, pixels);
      }
    }
    int spilling = (FOUR - count + outStride - 1) / outStride;
    int whole = Math.max(0, pixels - spilling);
    join(q, intsAt, plane, out, outAt, outStride, whole);
    for (int p = whole; p < pixels; p++) {
      join(q, intsAt + p * COUNT, plane, scratch.bytes, 0, 0, 1);
      System.arraycopy(scratch.bytes, 0, out, outAt + p * outStride, count);
    }
  }

  private void join(int[] q, int at, int plane, byte[] out, int outAt, int outStride, int pixels) {
    if (positive) {
      joinPairs(q, at, at + plane, out, outAt, outStride, pixels);
    } else {
      joinInts(q, at, plane, out, outAt, outStride, pixels);
    }
  }

  /** Results of two vectors, at least 0 by adding 128, as the lowest two bytes of lanes. */
  private void pairs(
      float[] acc, int at, int apart, int[] sumAt, int channel, int[] q, int qAt, int pixels) {
    FloatVector high0 = FloatVector.fromArray(FLOATS, floats.high, channel);
    FloatVector high1 = FloatVector.fromArray(FLOATS, floats.high, channel + COUNT);
    FloatVector low0 = FloatVector.fromArray(FLOATS, floats.low, channel);
    FloatVector low1 = FloatVector.fromArray(FLOATS, floats.low, channel + COUNT);
    FloatVector offset0 = FloatVector.fromArray(FLOATS, floats.offset, channel);
    FloatVector offset1 = FloatVector.fromArray(FLOATS, floats.offset, channel + COUNT);
    FloatVector rounder = FloatVector.fromArray(FLOATS, uniform, 0);
    FloatVector result = FloatVector.fromArray(FLOATS, uniform, 2 * COUNT);
    IntVector least = IntVector.fromArray(INTS, limits, 2 * COUNT);
    IntVector greatest = IntVector.fromArray(INTS, limits, 3 * COUNT);
    for (int p = 0; p < pixels; p++) {
      int i = at + sumAt[p];
      FloatVector a = FloatVector.fromArray(FLOATS, acc, i);
      FloatVector near = high0.fma(a, rounder);
      FloatVector rest = low0.fma(a, high0.fma(a, rounder.sub(near))).add(offset0);
      IntVector near0 = near.reinterpretAsInts();
      IntVector q0 = rest.add(result).reinterpretAsInts().add(near0).max(least).min(greatest);
      a = FloatVector.fromArray(FLOATS, acc, i + apart);
      near = high1.fma(a, rounder);
      rest = low1.fma(a, high1.fma(a, rounder.sub(near))).add(offset1);
      IntVector near1 = near.reinterpretAsInts();
      IntVector q1 = rest.add(result).reinterpretAsInts().add(near1).max(least).min(greatest);
      q0.add(q1.lanewise(VectorOperators.LSHL, 8)).intoArray(q, qAt + p * COUNT);
    }
  }

  /**
   * Results of one vector, at least 0 by adding 128. As pairs, or where the sum of two such vectors
   * is formed, C2 of JDK 17 allocates a vector for each pixel.
   */
  private void signedInts(
      float[] acc, int at, int[] sumAt, int channel, int[] q, int qAt, int pixels) {
    FloatVector high = FloatVector.fromArray(FLOATS, floats.high, channel);
    FloatVector low = FloatVector.fromArray(FLOATS, floats.low, channel);
    FloatVector offset = FloatVector.fromArray(FLOATS, floats.offset, channel);
    IntVector away = FloatVector.fromArray(FLOATS, floats.away, channel).reinterpretAsInts();
    IntVector sign = IntVector.broadcast(INTS, Integer.MIN_VALUE);
    FloatVector rounder = FloatVector.fromArray(FLOATS, uniform, 0);
    FloatVector result = FloatVector.fromArray(FLOATS, uniform, 2 * COUNT);
    IntVector least = IntVector.fromArray(INTS, limits, 2 * COUNT);
    IntVector greatest = IntVector.fromArray(INTS, limits, 3 * COUNT);
    for (int p = 0; p < pixels; p++) {
      FloatVector a = FloatVector.fromArray(FLOATS, acc, at + sumAt[p]);
      FloatVector half = a.reinterpretAsInts().and(sign).or(away).reinterpretAsFloats();
      FloatVector near = high.fma(a, rounder);
      FloatVector rest = high.fma(a, rounder.sub(near)).add(low.fma(a, offset).add(half));
      rest.add(result)
          .reinterpretAsInts()
          .add(near.reinterpretAsInts())
          .max(least)
          .min(greatest)
          .intoArray(q, qAt + p * COUNT);
    }
  }

  /** Two results of {@link #pairs} as the bytes of four vectors. */
  private void joinPairs(
      int[] q, int first, int second, byte[] out, int outAt, int outStride, int pixels) {
    IntVector rounders = IntVector.fromArray(INTS, limits, 4 * COUNT);
    IntVector by128 = IntVector.fromArray(INTS, limits, 5 * COUNT);
    for (int p = 0; p < pixels; p++) {
      IntVector.fromArray(INTS, q, second + p * COUNT)
          .lanewise(VectorOperators.LSHL, 16)
          .add(IntVector.fromArray(INTS, q, first + p * COUNT))
          .sub(rounders)
          .lanewise(VectorOperators.XOR, by128)
          .reinterpretAsBytes()
          .intoArray(out, outAt + p * outStride);
    }
  }

  /** Four results of {@link #signedInts}, {@code plane} apart, as the bytes of four vectors. */
  private void joinInts(
      int[] q, int at, int plane, byte[] out, int outAt, int outStride, int pixels) {
    IntVector rounders = IntVector.fromArray(INTS, limits, 4 * COUNT);
    IntVector by128 = IntVector.fromArray(INTS, limits, 5 * COUNT);
    for (int p = 0; p < pixels; p++) {
      int i = at + p * COUNT;
      IntVector.fromArray(INTS, q, i + 3 * plane)
          .lanewise(VectorOperators.LSHL, 8)
          .add(IntVector.fromArray(INTS, q, i + 2 * plane))
          .lanewise(VectorOperators.LSHL, 8)
          .add(IntVector.fromArray(INTS, q, i + plane))
          .lanewise(VectorOperators.LSHL, 8)
          .add(IntVector.fromArray(INTS, q, i))
          .sub(rounders)
          .lanewise(VectorOperators.XOR, by128)
          .reinterpretAsBytes()
          .intoArray(out, outAt + p * outStride);
    }
  }

  /** One vector, like {@link #panel}. */
  private void vector(
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
      signedLow(acc, accAt, sumAt, channel, q, intsAt, pixels);
      signedHigh(acc, accAt, sumAt, channel + HALF, q, intsAt + HALF, pixels);
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
    if (positive) {
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
    IntVector least = IntVector.fromArray(INTS, limits, 0);
    IntVector greatest = IntVector.fromArray(INTS, limits, COUNT);
    for (int p = 0; p < pixels; p++) {
      FloatVector a = FloatVector.fromArray(FLOATS, acc, at + sumAt[p]);
      FloatVector near = high.fma(a, rounder);
      FloatVector rest = low.fma(a, high.fma(a, rounder.sub(near))).add(offset);
      ((ByteVector)
              rest.add(result)
                  .reinterpretAsInts()
                  .add(near.reinterpretAsInts())
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
    IntVector least = IntVector.fromArray(INTS, limits, 0);
    IntVector greatest = IntVector.fromArray(INTS, limits, COUNT);
    for (int p = 0; p < pixels; p++) {
      FloatVector a = FloatVector.fromArray(FLOATS, acc, at + sumAt[from + p]);
      FloatVector half = a.reinterpretAsInts().and(sign).or(away).reinterpretAsFloats();
      FloatVector near = high.fma(a, rounder);
      FloatVector rest = high.fma(a, rounder.sub(near)).add(low.fma(a, offset).add(half));
      ((ByteVector)
              rest.add(result)
                  .reinterpretAsInts()
                  .add(near.reinterpretAsInts())
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
    IntVector bits = IntVector.broadcast(INTS, TWO_ROUNDERS);
    for (int p = 0; p < pixels; p++) {
      FloatVector a = FloatVector.fromArray(FLOATS, acc, at + sumAt[p]);
      FloatVector half = a.reinterpretAsInts().and(sign).or(away).reinterpretAsFloats();
      FloatVector near = high.fma(a, rounder);
      FloatVector rest = high.fma(a, rounder.sub(near)).add(low.fma(a, offset).add(half));
      rest.add(result)
          .reinterpretAsInts()
          .add(near.reinterpretAsInts())
          .sub(bits)
          .intoArray(q, qAt + p * COUNT);
    }
  }

  /** Sums become integers, not yet clamped. */
  private void positive(
      float[] acc, int at, int[] sumAt, int channel, int[] q, int qAt, int pixels) {
    DoubleVector factor0 = DoubleVector.fromArray(DOUBLES, factors, channel);
    DoubleVector factor1 = DoubleVector.fromArray(DOUBLES, factors, channel + HALF);
    DoubleVector constant0 = DoubleVector.fromArray(DOUBLES, constants, channel);
    DoubleVector constant1 = DoubleVector.fromArray(DOUBLES, constants, channel + HALF);
    DoubleVector round = DoubleVector.broadcast(DOUBLES, magic);
    for (int p = 0; p < pixels; p++) {
      FloatVector a = FloatVector.fromArray(FLOATS, acc, at + sumAt[p]);
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

  private void signedLow(
      float[] acc, int at, int[] sumAt, int channel, int[] q, int qAt, int pixels) {
    DoubleVector factor = DoubleVector.fromArray(DOUBLES, factors, channel);
    DoubleVector constant = DoubleVector.fromArray(DOUBLES, constants, channel);
    DoubleVector bias = DoubleVector.fromArray(DOUBLES, biases, channel);
    LongVector offset = DoubleVector.fromArray(DOUBLES, offsets, channel).reinterpretAsLongs();
    LongVector sign = LongVector.broadcast(LONGS, Long.MIN_VALUE);
    DoubleVector round = DoubleVector.broadcast(DOUBLES, magic);
    for (int p = 0; p < pixels; p++) {
      FloatVector a = FloatVector.fromArray(FLOATS, acc, at + sumAt[p]);
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
      float[] acc, int at, int[] sumAt, int channel, int[] q, int qAt, int pixels) {
    DoubleVector factor = DoubleVector.fromArray(DOUBLES, factors, channel);
    DoubleVector constant = DoubleVector.fromArray(DOUBLES, constants, channel);
    DoubleVector bias = DoubleVector.fromArray(DOUBLES, biases, channel);
    LongVector offset = DoubleVector.fromArray(DOUBLES, offsets, channel).reinterpretAsLongs();
    LongVector sign = LongVector.broadcast(LONGS, Long.MIN_VALUE);
    DoubleVector round = DoubleVector.broadcast(DOUBLES, magic);
    for (int p = 0; p < pixels; p++) {
      FloatVector a = FloatVector.fromArray(FLOATS, acc, at + sumAt[p]);
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
        out[outAt + p * outStride + c] = (byte) formula(sum, channel + c);
      }
    }
  }
}
