package io.quern.kernels.vector;

import static io.quern.kernels.vector.Lanes.COUNT;
import static io.quern.kernels.vector.Lanes.FLOATS;

import io.quern.kernels.ConvGeometry;
import io.quern.kernels.DepthwiseConv2dInt8;
import java.util.Arrays;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Sums of a depthwise convolution: a band of output rows, one column of channels at a time, so that
 * all of it stays in the first cache or close to it. A column is four vectors in the order of
 * {@link LaneRequantizer#order}, whose bytes are one vector, or else one vector.
 *
 * <p>The padded input of the band is staged as float, [vector, row phase, column phase, row,
 * column, lane]: rows and columns of one residue modulo the stride lie together, with the same
 * pitch. So the input of a kernel element is the output's position plus a constant, for the whole
 * band: one loop over all rows, which also computes {@code pitch - outW} pixels between rows that
 * nobody reads. Padding holds the input zero point, whose part in the sums is in the bias.
 */
final class DepthwiseBand {
  /**
   * Pixels of a band times vectors of a column: inputs and sums take some 48 KB at 256 bits. On Zen
   * 3, whose first cache has 32 KB, a half of it and less is slower, the double as fast.
   */
  private static final int PIXELS = 768;

  /** Least output rows of a band, as far as there are: its first rows are staged twice or moved. */
  private static final int LEAST_ROWS = 3;

  /** Output rows from which on there are two bands at least, so that two threads can share. */
  private static final int ROWS_TO_SHARE = 12;

  /** Output rows of a band; the last one may have fewer. */
  final int rows;

  /** The first vector of each column, and one beyond the last. */
  final int[] columns;

  /** Where the sums begin, behind what is staged. */
  final int acc;

  /** Floats between the sums of two vectors. */
  final int accPlane;

  /** Floats of scratch. */
  final int floats;

  /** Of each output pixel of a band, where its sum lies, from {@link #acc}. */
  final int[] sumAt;

  private final ConvGeometry g;
  private final int in;
  private final float zeroPoint;
  private final int pitch;

  /** Floats of a phase. */
  private final int plane;

  /** Floats of all phases, and what loops may read beyond. */
  private final int vectorPlane;

  /** Of each kernel element, where the input of the first output pixel lies. */
  private final int[] taps;

  /** Channels, whole vectors. */
  private final int channels;

  private final float[] weights;
  private final float[] bias;
  private final boolean threeByThree;
  private final boolean adjacent;

  /** Of each input pixel of a band, where it is staged. */
  private final int[] stagedAt;

  /**
   * @param sums from {@link #prove}
   */
  DepthwiseBand(DepthwiseConv2dInt8 p, FloatSums sums, LaneRequantizer requantizer) {
    g = p.geometry();
    in = p.in();
    zeroPoint = p.inputZeroPoint();
    channels = Lanes.roundUp(g.outC());
    columns = columns(channels / COUNT, requantizer);
    int across = columns.length - 1 == channels / COUNT ? 1 : 4;
    int sw = g.strideW();
    int sh = g.strideH();
    int width = (g.outW() - 1) * sw + (g.kernelW() - 1) * g.dilationW() + 1;
    pitch = (width + sw - 1) / sw;
    int most = Math.min(g.outH(), Math.max(LEAST_ROWS, PIXELS / (pitch * across)));
    int bands = (g.outH() + most - 1) / most;
    if (bands == 1 && g.outH() >= ROWS_TO_SHARE) {
      bands = 2;
    }
    rows = (g.outH() + bands - 1) / bands;
    plane = (inputRows(rows) + sh - 1) / sh * pitch * COUNT;
    vectorPlane = sh * sw * plane + COUNT;
    acc = across * vectorPlane;
    accPlane = rows * pitch * COUNT;
    floats = acc + across * accPlane;
    stagedAt = new int[inputRows(rows) * g.inW()];
    for (int i = 0; i < stagedAt.length; i++) {
      int y = i / g.inW();
      int u = i % g.inW() + g.padLeft();
      stagedAt[i] =
          u / sw < pitch
              ? (y % sh * sw + u % sw) * plane + (y / sh * pitch + u / sw) * COUNT
              : sh * sw * plane;
    }
    sumAt = new int[rows * g.outW()];
    for (int i = 0; i < sumAt.length; i++) {
      sumAt[i] = (i / g.outW() * pitch + i % g.outW()) * COUNT;
    }
    threeByThree = g.kernelH() == 3 && g.kernelW() == 3;
    adjacent = sw == 1 && g.dilationW() == 1;
    taps = new int[g.kernelH() * g.kernelW()];
    weights = new float[taps.length * channels];
    bias = new float[channels];
    int[] order = requantizer.order();
    for (int t = 0; t < taps.length; t++) {
      int i = t / g.kernelW() * g.dilationH();
      int j = t % g.kernelW() * g.dilationW();
      taps[t] = (i % sh * sw + j % sw) * plane + (i / sh * pitch + j / sw) * COUNT;
    }
    for (int c = 0; c < channels; c++) {
      for (int t = 0; t < taps.length && order[c] < g.outC(); t++) {
        weights[t * channels + c] = p.weights()[t * g.outC() + order[c]] - p.weightsZeroPoint();
        bias[c] = sums.start()[order[c]];
      }
    }
  }

  private static int[] columns(int vectors, LaneRequantizer requantizer) {
    int[] columns = new int[vectors + 1];
    int n = 0;
    for (int v = 0; v < vectors; v += requantizer.joins(v) ? 4 : 1) {
      columns[n++] = v;
    }
    columns[n] = vectors;
    return Arrays.copyOf(columns, n + 1);
  }

  /** Null when the sums may be inexact or each input channel has several outputs. */
  static FloatSums prove(DepthwiseConv2dInt8 p) {
    if (p.depthMultiplier() != 1) {
      return null;
    }
    ConvGeometry g = p.geometry();
    return FloatSums.prove(
        p.weights(),
        p.weightsZeroPoint(),
        p.bias(),
        p.inputZeroPoint(),
        g.kernelH() * g.kernelW(),
        false);
  }

  private int inputRows(int outputRows) {
    return (outputRows - 1) * g.strideH() + (g.kernelH() - 1) * g.dilationH() + 1;
  }

  /** Writes the padding; to be called once before {@link #sums}. */
  void clear(float[] f) {
    Lanes.fill(f, 0, acc, zeroPoint);
  }

  /**
   * Sums of a column of {@code n} output rows of an image, from {@code first} on: pixel {@code i}
   * of vector {@code k} at {@code acc + k * accPlane + sumAt[i]}.
   *
   * @param f scratch; after {@link #clear}, what lies before {@link #acc} belongs to this object
   * @param follows whether the last call was for the same column and the rows before {@code first}
   */
  void sums(byte[] bytes, float[] f, int batch, int first, int n, int column, boolean follows) {
    int v = columns[column];
    int vectors = columns[column + 1] - v;
    stage(bytes, f, batch, first, n, v, vectors, follows);
    int pixels = (n - 1) * pitch + g.outW();
    for (int k = 0; k < vectors; k++) {
      int from = k * vectorPlane;
      int to = acc + k * accPlane;
      int c = (v + k) * COUNT;
      if (!threeByThree) {
        general(f, from, c, to, pixels);
      } else if (adjacent) {
        adjacent(f, from + taps[0], from + taps[3], from + taps[6], c, to, pixels);
      } else {
        threeByThree(f, from, c, to, pixels);
      }
    }
  }

  private void stage(
      byte[] bytes, float[] f, int batch, int first, int n, int v, int vectors, boolean follows) {
    int top = first * g.strideH() - g.padTop();
    int rowsIn = inputRows(n);
    int known = 0;
    if (follows) {
      known = Math.max(0, inputRows(rows) - rows * g.strideH());
      keep(f, vectors);
    }
    int begin = Math.min(rowsIn, Math.max(known, -top));
    int end = Math.max(begin, Math.min(rowsIn, g.inH() - top));
    if (n < g.outH()) {
      // Another band may have left its rows where this one has padding.
      padding(f, known, begin, vectors);
      padding(f, end, rowsIn, vectors);
    }
    int from = in + (batch * g.inH() + top + begin) * g.inW() * g.inC() + v * COUNT;
    int pixels = (end - begin) * g.inW();
    int at = begin * g.inW();
    int whole = 0;
    if (vectors == 4 || Lanes.NARROW) {
      // A vector may reach beyond the pixel's channels, but not beyond the array.
      int safe = bytes.length - vectors * COUNT - from;
      whole = safe < 0 ? 0 : Math.min(pixels, safe / g.inC() + 1);
      if (vectors == 4) {
        widenFour(bytes, from, g.inC(), f, stagedAt, at, vectorPlane, whole);
      } else {
        widen(bytes, from, g.inC(), f, stagedAt, at, whole);
      }
    }
    int present = g.inC() - v * COUNT;
    for (int p = whole; p < pixels; p++) {
      int to = stagedAt[at + p];
      for (int c = 0; c < vectors * COUNT; c++) {
        float value = c < present ? bytes[from + p * g.inC() + c] : 0;
        f[vectors == 4 ? to + c % 4 * vectorPlane + c / 4 : to + c] = value;
      }
    }
  }

  /** Moves the last rows of a band to where the next one has them. */
  private void keep(float[] f, int vectors) {
    int moved = rows * pitch * COUNT;
    for (int k = 0; k < vectors; k++) {
      for (int phase = 0; phase < g.strideH() * g.strideW(); phase++) {
        int at = k * vectorPlane + phase * plane;
        System.arraycopy(f, at + moved, f, at, plane - moved);
      }
    }
  }

  private void padding(float[] f, int from, int to, int vectors) {
    for (int i = from * g.inW(); i < to * g.inW(); i++) {
      for (int k = 0; k < vectors; k++) {
        Lanes.fill(f, k * vectorPlane + stagedAt[i], COUNT, zeroPoint);
      }
    }
  }

  private static void widen(
      byte[] bytes, int from, int stride, float[] f, int[] to, int toFrom, int n) {
    for (int p = 0; p < n; p++) {
      ((FloatVector)
              ByteVector.fromArray(Lanes.BYTES, bytes, from + p * stride)
                  .convertShape(VectorOperators.B2F, FLOATS, 0))
          .intoArray(f, to[toFrom + p]);
    }
  }

  /** Four bytes of each lane become lanes of four vectors, {@code plane} apart. */
  private static void widenFour(
      byte[] bytes, int from, int stride, float[] f, int[] to, int toFrom, int plane, int n) {
    for (int p = 0; p < n; p++) {
      IntVector four =
          ByteVector.fromArray(Lanes.FOUR_BYTES, bytes, from + p * stride).reinterpretAsInts();
      int at = to[toFrom + p];
      ((FloatVector)
              four.lanewise(VectorOperators.LSHL, 24)
                  .lanewise(VectorOperators.ASHR, 24)
                  .convertShape(VectorOperators.I2F, FLOATS, 0))
          .intoArray(f, at);
      ((FloatVector)
              four.lanewise(VectorOperators.LSHL, 16)
                  .lanewise(VectorOperators.ASHR, 24)
                  .convertShape(VectorOperators.I2F, FLOATS, 0))
          .intoArray(f, at + plane);
      ((FloatVector)
              four.lanewise(VectorOperators.LSHL, 8)
                  .lanewise(VectorOperators.ASHR, 24)
                  .convertShape(VectorOperators.I2F, FLOATS, 0))
          .intoArray(f, at + 2 * plane);
      ((FloatVector)
              four.lanewise(VectorOperators.ASHR, 24).convertShape(VectorOperators.I2F, FLOATS, 0))
          .intoArray(f, at + 3 * plane);
    }
  }

  /**
   * {@link #threeByThree} where the inputs of a kernel row are neighbours. Three short sums, since
   * a processor that is shared by two threads has too few pixels under way to hide a long one.
   */
  private void adjacent(float[] f, int t0, int t3, int t6, int c, int to, int pixels) {
    int n = channels;
    FloatVector w0 = FloatVector.fromArray(FLOATS, weights, c);
    FloatVector w1 = FloatVector.fromArray(FLOATS, weights, c + n);
    FloatVector w2 = FloatVector.fromArray(FLOATS, weights, c + 2 * n);
    FloatVector w3 = FloatVector.fromArray(FLOATS, weights, c + 3 * n);
    FloatVector w4 = FloatVector.fromArray(FLOATS, weights, c + 4 * n);
    FloatVector w5 = FloatVector.fromArray(FLOATS, weights, c + 5 * n);
    FloatVector w6 = FloatVector.fromArray(FLOATS, weights, c + 6 * n);
    FloatVector w7 = FloatVector.fromArray(FLOATS, weights, c + 7 * n);
    FloatVector w8 = FloatVector.fromArray(FLOATS, weights, c + 8 * n);
    FloatVector b = FloatVector.fromArray(FLOATS, bias, c);
    for (int x = 0; x < pixels; x++) {
      FloatVector s = w0.fma(FloatVector.fromArray(FLOATS, f, t0 + x * COUNT), b);
      FloatVector t = w3.mul(FloatVector.fromArray(FLOATS, f, t3 + x * COUNT));
      FloatVector u = w6.mul(FloatVector.fromArray(FLOATS, f, t6 + x * COUNT));
      s = w1.fma(FloatVector.fromArray(FLOATS, f, t0 + x * COUNT + COUNT), s);
      t = w4.fma(FloatVector.fromArray(FLOATS, f, t3 + x * COUNT + COUNT), t);
      u = w7.fma(FloatVector.fromArray(FLOATS, f, t6 + x * COUNT + COUNT), u);
      s = w2.fma(FloatVector.fromArray(FLOATS, f, t0 + x * COUNT + 2 * COUNT), s);
      t = w5.fma(FloatVector.fromArray(FLOATS, f, t3 + x * COUNT + 2 * COUNT), t);
      u = w8.fma(FloatVector.fromArray(FLOATS, f, t6 + x * COUNT + 2 * COUNT), u);
      s.add(t.add(u)).intoArray(f, to + x * COUNT);
    }
  }

  private void threeByThree(float[] f, int from, int c, int to, int pixels) {
    int n = channels;
    FloatVector w0 = FloatVector.fromArray(FLOATS, weights, c);
    FloatVector w1 = FloatVector.fromArray(FLOATS, weights, c + n);
    FloatVector w2 = FloatVector.fromArray(FLOATS, weights, c + 2 * n);
    FloatVector w3 = FloatVector.fromArray(FLOATS, weights, c + 3 * n);
    FloatVector w4 = FloatVector.fromArray(FLOATS, weights, c + 4 * n);
    FloatVector w5 = FloatVector.fromArray(FLOATS, weights, c + 5 * n);
    FloatVector w6 = FloatVector.fromArray(FLOATS, weights, c + 6 * n);
    FloatVector w7 = FloatVector.fromArray(FLOATS, weights, c + 7 * n);
    FloatVector w8 = FloatVector.fromArray(FLOATS, weights, c + 8 * n);
    FloatVector b = FloatVector.fromArray(FLOATS, bias, c);
    int t0 = from + taps[0];
    int t1 = from + taps[1];
    int t2 = from + taps[2];
    int t3 = from + taps[3];
    int t4 = from + taps[4];
    int t5 = from + taps[5];
    int t6 = from + taps[6];
    int t7 = from + taps[7];
    int t8 = from + taps[8];
    for (int x = 0; x < pixels; x++) {
      FloatVector s = w0.fma(FloatVector.fromArray(FLOATS, f, t0 + x * COUNT), b);
      FloatVector t = w3.mul(FloatVector.fromArray(FLOATS, f, t3 + x * COUNT));
      FloatVector u = w6.mul(FloatVector.fromArray(FLOATS, f, t6 + x * COUNT));
      s = w1.fma(FloatVector.fromArray(FLOATS, f, t1 + x * COUNT), s);
      t = w4.fma(FloatVector.fromArray(FLOATS, f, t4 + x * COUNT), t);
      u = w7.fma(FloatVector.fromArray(FLOATS, f, t7 + x * COUNT), u);
      s = w2.fma(FloatVector.fromArray(FLOATS, f, t2 + x * COUNT), s);
      t = w5.fma(FloatVector.fromArray(FLOATS, f, t5 + x * COUNT), t);
      u = w8.fma(FloatVector.fromArray(FLOATS, f, t8 + x * COUNT), u);
      s.add(t.add(u)).intoArray(f, to + x * COUNT);
    }
  }

  private void general(float[] f, int from, int c, int to, int pixels) {
    int n = channels;
    first(f, from + taps[0], c, to, pixels);
    int t = 1;
    for (; t + 2 < taps.length; t += 3) {
      int t1 = from + taps[t + 1];
      three(f, from + taps[t], t1, from + taps[t + 2], t * n + c, n, to, pixels);
    }
    for (; t < taps.length; t++) {
      next(f, from + taps[t], t * n + c, to, pixels);
    }
  }

  private void first(float[] f, int tap, int c, int to, int pixels) {
    FloatVector w = FloatVector.fromArray(FLOATS, weights, c);
    FloatVector b = FloatVector.fromArray(FLOATS, bias, c);
    for (int x = 0; x < pixels; x++) {
      w.fma(FloatVector.fromArray(FLOATS, f, tap + x * COUNT), b).intoArray(f, to + x * COUNT);
    }
  }

  private void next(float[] f, int tap, int weight, int to, int pixels) {
    FloatVector w = FloatVector.fromArray(FLOATS, weights, weight);
    for (int x = 0; x < pixels; x++) {
      FloatVector s = FloatVector.fromArray(FLOATS, f, to + x * COUNT);
      w.fma(FloatVector.fromArray(FLOATS, f, tap + x * COUNT), s).intoArray(f, to + x * COUNT);
    }
  }

  private void three(float[] f, int t0, int t1, int t2, int weight, int n, int to, int pixels) {
    FloatVector w0 = FloatVector.fromArray(FLOATS, weights, weight);
    FloatVector w1 = FloatVector.fromArray(FLOATS, weights, weight + n);
    FloatVector w2 = FloatVector.fromArray(FLOATS, weights, weight + 2 * n);
    for (int x = 0; x < pixels; x++) {
      FloatVector s = FloatVector.fromArray(FLOATS, f, to + x * COUNT);
      s = w0.fma(FloatVector.fromArray(FLOATS, f, t0 + x * COUNT), s);
      s = w1.fma(FloatVector.fromArray(FLOATS, f, t1 + x * COUNT), s);
      s = w2.fma(FloatVector.fromArray(FLOATS, f, t2 + x * COUNT), s);
      s.intoArray(f, to + x * COUNT);
    }
  }
}
