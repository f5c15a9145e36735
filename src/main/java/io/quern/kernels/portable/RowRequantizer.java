package io.quern.kernels.portable;

import io.quern.kernels.Requantization;
import java.util.Arrays;

/**
 * {@link Requantization} of rows of exact float sums, in float lanes as {@link LaneConstants}
 * proves, one channel in a row or a row of channels. What cannot be, goes through {@link
 * Requantizer}, as everything does where multiply-add is not an instruction.
 *
 * <p>Bounds are applied as {@code 2 * clamp(x) = |x - lo| - |x - hi| + lo + hi}: minima and maxima
 * of floats, which have to care for NaN and signed zeros, take longer than all of it.
 */
final class RowRequantizer {
  /** 1.5 * 2^23: what is added to it is rounded to an integer, which its lowest byte then holds. */
  private static final float ROUNDER = 12582912;

  private final Requantizer scalar;
  private final int[] bias;
  private final int zeroPoint;

  /** Null where float lanes do not pay. */
  private final LaneConstants constants;

  private final boolean[] inLanes;

  /**
   * @param bias of each channel, less what the input zero point adds to the sums
   * @param bounds of the magnitudes of the sums without bias, per channel
   */
  RowRequantizer(Requantization r, int[] bias, int[] bounds) {
    this.scalar = new Requantizer(r);
    this.bias = bias;
    this.zeroPoint = r.zeroPoint();
    this.constants = Rows.FMA ? LaneConstants.of(r, bias, bounds) : null;
    this.inLanes = new boolean[bias.length];
    if (constants != null) {
      Arrays.fill(inLanes, true);
      for (int c : constants.scalarLanes) {
        inLanes[c] = false;
      }
    }
  }

  /**
   * A row of one channel that begins at index {@code start}: {@code out[at + i * stride] =
   * requantize(acc[start + i])}; destroys the row.
   */
  void channel(float[] acc, int start, int c, int n, byte[] out, int at, int stride) {
    if (!inLanes[c]) {
      scalar.channel(acc, start, bias[c], c, n, out, at, stride);
      return;
    }
    inLanes(acc, start, c, start + n, zeroPoint);
    store(acc, start, n, out, at, stride);
  }

  /**
   * Four neighbouring channels, each in the row of its own from {@code rows[first]} on, which begin
   * at index {@code start}: {@code out[at + i * stride + q] = requantize(rows[first + q][start +
   * i])}; destroys the rows, up to {@link Rows#whole}.
   */
  void channels4(
      float[][] rows, int first, int start, int c, int n, byte[] out, int at, int stride) {
    if (inLanes(c, 4)) {
      pairs(rows, first, start, c, n);
      storePairs(rows[first], rows[first + 2], start, n, out, at, stride);
      return;
    }
    for (int q = 0; q < 4; q++) {
      channel(rows[first + q], start, c + q, n, out, at + q, stride);
    }
  }

  /**
   * The same for sixteen, whose bytes of one pixel are written together: a cache line that another
   * thread writes as well changes hands less often.
   */
  void channels16(
      float[][] rows, int first, int start, int c, int n, byte[] out, int at, int stride) {
    if (!inLanes(c, 16)) {
      for (int q = 0; q < 16; q += 4) {
        channels4(rows, first + q, start, c + q, n, out, at + q, stride);
      }
      return;
    }
    for (int q = 0; q < 16; q += 4) {
      pairs(rows, first + q, start, c + q, n);
    }
    float[] low0 = rows[first];
    float[] high0 = rows[first + 2];
    float[] low1 = rows[first + 4];
    float[] high1 = rows[first + 6];
    float[] low2 = rows[first + 8];
    float[] high2 = rows[first + 10];
    float[] low3 = rows[first + 12];
    float[] high3 = rows[first + 14];
    for (int i = 0; i < n; i++) {
      int to = at + i * stride;
      Rows.INTS.set(out, to, four(low0[start + i], high0[start + i]));
      Rows.INTS.set(out, to + 4, four(low1[start + i], high1[start + i]));
      Rows.INTS.set(out, to + 8, four(low2[start + i], high2[start + i]));
      Rows.INTS.set(out, to + 12, four(low3[start + i], high3[start + i]));
    }
  }

  private boolean inLanes(int c, int count) {
    for (int q = 0; q < count; q++) {
      if (!inLanes[c + q]) {
        return false;
      }
    }
    return true;
  }

  /** Two results in each element of the first and third row of channels {@code c} to c + 3. */
  private void pairs(float[][] rows, int first, int start, int c, int n) {
    int end = start + Rows.whole(n);
    for (int q = 0; q < 4; q++) {
      inLanes(rows[first + q], start, c + q, end, zeroPoint + 128);
    }
    pair(rows[first], rows[first + 1], rows[first + 2], rows[first + 3], start, end);
  }

  /** Makes {@link #ROUNDER} and the result, for a zero point, of each sum of channel {@code c}. */
  private void inLanes(float[] acc, int from, int c, int to, int zero) {
    LaneConstants k = constants;
    clampTwice(acc, k.low[c], k.high[c], k.span[c], from, to);
    float z = ROUNDER + zero;
    if (k.signed) {
      roundSigned(acc, k.scaleHigh[c], k.scaleLow[c], k.offset[c], k.sign[c], z, from, to);
    } else {
      round(acc, k.scaleHigh[c], k.scaleLow[c], k.offset[c], z, from, to);
    }
  }

  /** A row of one channel held in int from index {@code from} on. */
  void channel(int[] acc, int from, int c, int n, byte[] out, int at, int stride) {
    scalar.channel(acc, from, bias[c], c, n, out, at, stride);
  }

  /** A run of channels, repeated. */
  Segment segment(int from, int count, int times) {
    int[] channels = new int[count * times];
    int[] biases = new int[count * times];
    for (int i = 0; i < channels.length; i++) {
      channels[i] = from + i % count;
      biases[i] = bias[channels[i]];
    }
    return new Segment(
        channels, biases, constants == null ? null : constants.repeat(from, count, times));
  }

  /**
   * A run of channels: {@code out[at + i] = requantize(acc[i])}; destroys the row, up to {@link
   * Rows#wholeFrom0}.
   */
  void channels(float[] acc, Segment s, int n, byte[] out, int at) {
    LaneConstants k = s.constants;
    if (k == null) {
      for (int i = 0; i < n; i++) {
        out[at + i] = scalar.apply((int) acc[i] + s.bias[i], s.channels[i]);
      }
      return;
    }
    for (int i : k.scalarLanes) {
      acc[i] = scalar.apply((int) acc[i] + s.bias[i], s.channels[i]) - zeroPoint;
    }
    int whole = Rows.wholeFrom0(n);
    clampTwice(acc, k.low, k.high, k.span, whole);
    float z = ROUNDER + zeroPoint;
    if (k.signed) {
      roundSigned(acc, k.scaleHigh, k.scaleLow, k.offset, k.sign, z, whole);
    } else {
      round(acc, k.scaleHigh, k.scaleLow, k.offset, z, whole);
    }
    if (Rows.CONVERSION_IS_FAST) {
      convert(acc, n, out, at);
    } else {
      store(acc, 0, n, out, at, 1);
    }
  }

  /** Channels of the lanes of a row, their biases and constants; null where lanes do not pay. */
  record Segment(int[] channels, int[] bias, LaneConstants constants) {}

  private static void clampTwice(float[] acc, float low, float high, float span, int from, int to) {
    for (int i = from; i < to; i++) {
      acc[i] = Math.abs(acc[i] - low) - Math.abs(acc[i] - high) + span;
    }
  }

  private static void clampTwice(float[] acc, float[] low, float[] high, float[] span, int n) {
    for (int i = 0; i < n; i++) {
      acc[i] = Math.abs(acc[i] - low[i]) - Math.abs(acc[i] - high[i]) + span[i];
    }
  }

  /**
   * {@code ROUNDER + z + v}, rounded to an integer: first to the nearest integer to what the
   * scale's upper bits give, then what that leaves, which is small and hence precise.
   */
  private static void round(
      float[] acc, float high, float low, float offset, float z, int from, int to) {
    for (int i = from; i < to; i++) {
      float a = acc[i];
      float minusNear = ROUNDER - Math.fma(a, high, ROUNDER);
      float rest = Math.fma(a, high, minusNear) + Math.fma(a, low, offset);
      acc[i] = rest + z - minusNear;
    }
  }

  private static void round(
      float[] acc, float[] high, float[] low, float[] offset, float z, int n) {
    for (int i = 0; i < n; i++) {
      float a = acc[i];
      float minusNear = ROUNDER - Math.fma(a, high[i], ROUNDER);
      float rest = Math.fma(a, high[i], minusNear) + Math.fma(a, low[i], offset[i]);
      acc[i] = rest + z - minusNear;
    }
  }

  /** The same with {@code 2 * sign} added, with the sign of the sum, unless that is 0. */
  private static void roundSigned(
      float[] acc, float high, float low, float offset, float sign, float z, int from, int to) {
    for (int i = from; i < to; i++) {
      float a = acc[i];
      float twice = Math.abs(a + 1) - Math.abs(a - 1);
      float minusNear = ROUNDER - Math.fma(a, high, ROUNDER);
      float small = Math.fma(twice, sign, Math.fma(a, low, offset));
      acc[i] = Math.fma(a, high, minusNear) + small + z - minusNear;
    }
  }

  private static void roundSigned(
      float[] acc, float[] high, float[] low, float[] offset, float[] sign, float z, int n) {
    for (int i = 0; i < n; i++) {
      float a = acc[i];
      float twice = Math.abs(a + 1) - Math.abs(a - 1);
      float minusNear = ROUNDER - Math.fma(a, high[i], ROUNDER);
      float small = Math.fma(twice, sign[i], Math.fma(a, low[i], offset[i]));
      acc[i] = Math.fma(a, high[i], minusNear) + small + z - minusNear;
    }
  }

  /** As {@link #store} with stride 1, in vectors where C2 has them: a third of the time. */
  private static void convert(float[] acc, int n, byte[] out, int at) {
    for (int i = 0; i < n; i++) {
      out[at + i] = (byte) (acc[i] - ROUNDER);
    }
  }

  /** The lowest byte of each. */
  private static void store(float[] acc, int from, int n, byte[] out, int at, int stride) {
    for (int i = 0; i < n; i++) {
      out[at + i * stride] = (byte) Float.floatToRawIntBits(acc[from + i]);
    }
  }

  /** {@code r0[i] += 256 * r1[i]}, {@code r2[i] += 256 * r3[i]}, all above {@link #ROUNDER}. */
  private static void pair(float[] r0, float[] r1, float[] r2, float[] r3, int from, int to) {
    for (int i = from; i < to; i++) {
      r0[i] = Math.fma(r1[i] - ROUNDER, 256f, r0[i]);
      r2[i] = Math.fma(r3[i] - ROUNDER, 256f, r2[i]);
    }
  }

  /** The lowest two bytes of each of two rows, one beside the other, each less 128. */
  private static void storePairs(
      float[] low, float[] high, int from, int n, byte[] out, int at, int stride) {
    for (int i = 0; i < n; i++) {
      Rows.INTS.set(out, at + i * stride, four(low[from + i], high[from + i]));
    }
  }

  private static int four(float low, float high) {
    int pair = Float.floatToRawIntBits(low) & 0xffff;
    return (pair | Float.floatToRawIntBits(high) << 16) ^ 0x80808080;
  }
}
