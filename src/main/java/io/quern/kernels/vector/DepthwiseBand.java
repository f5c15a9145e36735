package io.quern.kernels.vector;

import static io.quern.kernels.vector.Lanes.COUNT;
import static io.quern.kernels.vector.Lanes.FLOATS;

import io.quern.kernels.ConvGeometry;
import io.quern.kernels.DepthwiseConv2dInt8;
import io.quern.kernels.Parts;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Sums of a depthwise convolution: a band of output rows, one vector of channels at a time, so that
 * all of it stays in the first cache.
 *
 * <p>The padded input of the band is staged as float, [row phase, column phase, row, column, lane]:
 * rows and columns of one residue modulo the stride lie together, with the same pitch. So the input
 * of a kernel element is the output's position plus a constant, for the whole band: one loop over
 * all rows, which also computes {@code pitch - outW} pixels between rows that nobody reads. Padding
 * holds the input zero point, whose part in the sums is in the bias.
 *
 * <p>Where several pixels' channels fill a vector and the stride is 1, a vector holds that many
 * pixels that follow each other ({@link #fold}): pixels are staged as close as they come, and the
 * next kernel column is their channels further, not a vector.
 */
final class DepthwiseBand {
  /** Pixels of a band: its inputs and sums take some 24 KB of 256-bit vectors. */
  private static final int PIXELS = 384;

  /** Output rows from which on there are two bands at least: one thread's are as two threads'. */
  private static final int ROWS_TO_SHARE = 12;

  /** Pixels of a vector. */
  final int fold;

  /** Output rows of a band; the last one may have fewer. */
  final int rows;

  /** Vectors of channels. */
  final int vectors;

  /** Where the sums begin, behind what is staged. */
  final int acc;

  /** Floats of scratch. */
  final int floats;

  /** Of each output pixel, or {@link #fold} of them, where the sums lie, from {@link #acc}. */
  final int[] sumAt;

  private final ConvGeometry g;
  private final int in;
  private final float zeroPoint;
  private final int pitch;

  /** Floats of a staged pixel. */
  private final int lanes;

  /** Floats of a phase. */
  private final int plane;

  /** Of each kernel element, where the input of the first output pixel lies. */
  private final int[] taps;

  private final float[] weights;
  private final float[] bias;
  private final boolean threeByThree;
  private final boolean pairs;

  /** Of each input pixel of a band, where it is staged. */
  private final int[] stagedAt;

  /**
   * @param sums from {@link #prove}, repeated for each of {@code fold} pixels
   * @param fold from {@link #fold(ConvGeometry)}
   */
  DepthwiseBand(DepthwiseConv2dInt8 p, FloatSums sums, int fold) {
    this.fold = fold;
    lanes = COUNT / fold;
    g = p.geometry();
    in = p.in();
    zeroPoint = p.inputZeroPoint();
    int sw = g.strideW();
    int sh = g.strideH();
    int width = (g.outW() - 1) * sw + (g.kernelW() - 1) * g.dilationW() + 1;
    pitch = ((width + sw - 1) / sw + fold - 1) / fold * fold;
    int most = g.outH() < ROWS_TO_SHARE ? g.outH() : (g.outH() + 1) / 2;
    rows = Parts.even(g.outH(), Math.max(1, Math.min(most, PIXELS * fold / pitch)));
    plane = (inputRows(rows) + sh - 1) / sh * pitch * lanes;
    // Kernels may read a pixel beyond the last and write one.
    acc = sh * sw * plane + COUNT;
    floats = acc + rows * pitch * lanes + COUNT;
    stagedAt = new int[inputRows(rows) * g.inW()];
    for (int i = 0; i < stagedAt.length; i++) {
      int y = i / g.inW();
      int u = i % g.inW() + g.padLeft();
      stagedAt[i] =
          u / sw < pitch
              ? (y % sh * sw + u % sw) * plane + (y / sh * pitch + u / sw) * lanes
              : sh * sw * plane;
    }
    int outC = g.outC() * fold;
    int outW = g.outW() / fold;
    vectors = Lanes.roundUp(outC) / COUNT;
    sumAt = new int[rows * outW];
    for (int i = 0; i < sumAt.length; i++) {
      sumAt[i] = i / outW * pitch * lanes + i % outW * COUNT;
    }
    threeByThree = g.kernelH() == 3 && g.kernelW() == 3;
    pairs = threeByThree && sw == 1 && g.dilationW() == 1 && fold == 1;
    taps = new int[g.kernelH() * g.kernelW()];
    int channels = vectors * COUNT;
    weights = new float[taps.length * channels];
    bias = new float[channels];
    System.arraycopy(sums.start(), 0, bias, 0, outC);
    for (int t = 0; t < taps.length; t++) {
      int i = t / g.kernelW() * g.dilationH();
      int j = t % g.kernelW() * g.dilationW();
      taps[t] = (i % sh * sw + j % sw) * plane + (i / sh * pitch + j / sw) * lanes;
      for (int c = 0; c < outC; c++) {
        int w = p.weights()[t * g.outC() + c % g.outC()];
        weights[t * channels + c] = w - p.weightsZeroPoint();
      }
    }
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

  /** How many pixels share a vector: 1, or what fills it. */
  static int fold(ConvGeometry g) {
    int fold = COUNT / g.outC();
    boolean fills = fold > 1 && fold * g.outC() == COUNT && g.outW() % fold == 0;
    return Lanes.WIDE && fills && g.strideW() == 1 ? fold : 1;
  }

  private int inputRows(int outputRows) {
    return (outputRows - 1) * g.strideH() + (g.kernelH() - 1) * g.dilationH() + 1;
  }

  /** Writes the padding; to be called once before {@link #sums}. */
  void clear(float[] f) {
    Lanes.fill(f, 0, acc, zeroPoint);
  }

  /**
   * Sums of vector {@code v} of {@code n} output rows of an image, from {@code first} on: pixel
   * {@code i}, or the {@code i}-th {@link #fold} of them, at {@code acc + sumAt[i]}.
   *
   * @param f scratch; after {@link #clear}, what lies before {@link #acc} belongs to this object
   * @param parts whether there was a band since {@link #clear} that is not a whole image, or is now
   */
  void sums(byte[] bytes, float[] f, int batch, int first, int n, int v, boolean parts) {
    stage(bytes, f, batch, first, n, v, parts);
    int pixels = ((n - 1) * pitch + g.outW()) / fold;
    if (pairs) {
      pairs(f, v * COUNT, pixels);
    } else if (threeByThree) {
      threeByThree(f, v * COUNT, pixels);
    } else {
      general(f, v * COUNT, pixels);
    }
  }

  private void stage(byte[] bytes, float[] f, int batch, int first, int n, int v, boolean parts) {
    int top = first * g.strideH() - g.padTop();
    int rowsIn = inputRows(n);
    int begin = Math.min(rowsIn, Math.max(0, -top));
    int end = Math.max(begin, Math.min(rowsIn, g.inH() - top));
    if (parts) {
      // Another band may have left its rows where this one has padding.
      padding(f, 0, begin);
      padding(f, end, rowsIn);
    }
    int from = in + (batch * g.inH() + top + begin) * g.inW() * g.inC() + v * COUNT;
    if (fold > 1) {
      int inside = Math.min(g.inW(), pitch - g.padLeft());
      for (int y = begin; y < end && inside > 0; y++) {
        int line = from + (y - begin) * g.inW() * g.inC();
        Lanes.toFloats(bytes, line, f, stagedAt[y * g.inW()], inside * lanes);
      }
      return;
    }
    int pixels = (end - begin) * g.inW();
    int whole = pixels;
    if (Lanes.NARROW) {
      // A vector may reach beyond the pixel's channels, but not beyond the array.
      int safe = bytes.length - COUNT - from;
      whole = safe < 0 ? 0 : Math.min(pixels, safe / g.inC() + 1);
      widen(bytes, from, g.inC(), f, stagedAt, begin * g.inW(), whole);
    } else {
      whole = 0;
    }
    int present = Math.min(COUNT, g.inC() - v * COUNT);
    for (int p = whole; p < pixels; p++) {
      int to = stagedAt[begin * g.inW() + p];
      for (int c = 0; c < COUNT; c++) {
        f[to + c] = c < present ? bytes[from + p * g.inC() + c] : 0;
      }
    }
  }

  private void padding(float[] f, int from, int to) {
    for (int i = from * g.inW(); i < to * g.inW(); i++) {
      for (int c = 0; c < lanes; c++) {
        f[stagedAt[i] + c] = zeroPoint;
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

  /** {@link #threeByThree} of stride 1, two pixels at a time, which share six of their inputs. */
  private void pairs(float[] f, int c, int pixels) {
    int n = vectors * COUNT;
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
    int t0 = taps[0];
    int t3 = taps[3];
    int t6 = taps[6];
    int to = acc;
    for (int x = 0; x < pixels; x += 2) {
      FloatVector i = FloatVector.fromArray(FLOATS, f, t0 + x * COUNT);
      FloatVector s = i.fma(w0, b);
      i = FloatVector.fromArray(FLOATS, f, t0 + x * COUNT + COUNT);
      s = i.fma(w1, s);
      FloatVector t = i.fma(w0, b);
      i = FloatVector.fromArray(FLOATS, f, t0 + x * COUNT + 2 * COUNT);
      s = i.fma(w2, s);
      t = i.fma(w1, t);
      t = FloatVector.fromArray(FLOATS, f, t0 + x * COUNT + 3 * COUNT).fma(w2, t);
      s = FloatVector.fromArray(FLOATS, f, t3 + x * COUNT).fma(w3, s);
      i = FloatVector.fromArray(FLOATS, f, t3 + x * COUNT + COUNT);
      s = i.fma(w4, s);
      t = i.fma(w3, t);
      i = FloatVector.fromArray(FLOATS, f, t3 + x * COUNT + 2 * COUNT);
      s = i.fma(w5, s);
      t = i.fma(w4, t);
      t = FloatVector.fromArray(FLOATS, f, t3 + x * COUNT + 3 * COUNT).fma(w5, t);
      s = FloatVector.fromArray(FLOATS, f, t6 + x * COUNT).fma(w6, s);
      i = FloatVector.fromArray(FLOATS, f, t6 + x * COUNT + COUNT);
      s = i.fma(w7, s);
      t = i.fma(w6, t);
      i = FloatVector.fromArray(FLOATS, f, t6 + x * COUNT + 2 * COUNT);
      s = i.fma(w8, s);
      t = i.fma(w7, t);
      t = FloatVector.fromArray(FLOATS, f, t6 + x * COUNT + 3 * COUNT).fma(w8, t);
      s.intoArray(f, to + x * COUNT);
      t.intoArray(f, to + x * COUNT + COUNT);
    }
  }

  private void threeByThree(float[] f, int c, int pixels) {
    int n = vectors * COUNT;
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
    int t0 = taps[0];
    int t1 = taps[1];
    int t2 = taps[2];
    int t3 = taps[3];
    int t4 = taps[4];
    int t5 = taps[5];
    int t6 = taps[6];
    int t7 = taps[7];
    int t8 = taps[8];
    int to = acc;
    for (int x = 0; x < pixels; x++) {
      FloatVector s = FloatVector.fromArray(FLOATS, f, t0 + x * COUNT).fma(w0, b);
      s = FloatVector.fromArray(FLOATS, f, t1 + x * COUNT).fma(w1, s);
      s = FloatVector.fromArray(FLOATS, f, t2 + x * COUNT).fma(w2, s);
      s = FloatVector.fromArray(FLOATS, f, t3 + x * COUNT).fma(w3, s);
      s = FloatVector.fromArray(FLOATS, f, t4 + x * COUNT).fma(w4, s);
      s = FloatVector.fromArray(FLOATS, f, t5 + x * COUNT).fma(w5, s);
      s = FloatVector.fromArray(FLOATS, f, t6 + x * COUNT).fma(w6, s);
      s = FloatVector.fromArray(FLOATS, f, t7 + x * COUNT).fma(w7, s);
      s = FloatVector.fromArray(FLOATS, f, t8 + x * COUNT).fma(w8, s);
      s.intoArray(f, to + x * COUNT);
    }
  }

  private void general(float[] f, int c, int pixels) {
    int n = vectors * COUNT;
    first(f, taps[0], c, pixels);
    int t = 1;
    for (; t + 2 < taps.length; t += 3) {
      three(f, taps[t], taps[t + 1], taps[t + 2], t * n + c, n, pixels);
    }
    for (; t < taps.length; t++) {
      next(f, taps[t], t * n + c, pixels);
    }
  }

  private void first(float[] f, int tap, int c, int pixels) {
    FloatVector w = FloatVector.fromArray(FLOATS, weights, c);
    FloatVector b = FloatVector.fromArray(FLOATS, bias, c);
    int to = acc;
    for (int x = 0; x < pixels; x++) {
      FloatVector.fromArray(FLOATS, f, tap + x * COUNT).fma(w, b).intoArray(f, to + x * COUNT);
    }
  }

  private void next(float[] f, int tap, int weight, int pixels) {
    FloatVector w = FloatVector.fromArray(FLOATS, weights, weight);
    int to = acc;
    for (int x = 0; x < pixels; x++) {
      FloatVector s = FloatVector.fromArray(FLOATS, f, to + x * COUNT);
      FloatVector.fromArray(FLOATS, f, tap + x * COUNT).fma(w, s).intoArray(f, to + x * COUNT);
    }
  }

  private void three(float[] f, int t0, int t1, int t2, int weight, int n, int pixels) {
    FloatVector w0 = FloatVector.fromArray(FLOATS, weights, weight);
    FloatVector w1 = FloatVector.fromArray(FLOATS, weights, weight + n);
    FloatVector w2 = FloatVector.fromArray(FLOATS, weights, weight + 2 * n);
    int to = acc;
    for (int x = 0; x < pixels; x++) {
      FloatVector s = FloatVector.fromArray(FLOATS, f, to + x * COUNT);
      s = FloatVector.fromArray(FLOATS, f, t0 + x * COUNT).fma(w0, s);
      s = FloatVector.fromArray(FLOATS, f, t1 + x * COUNT).fma(w1, s);
      s = FloatVector.fromArray(FLOATS, f, t2 + x * COUNT).fma(w2, s);
      s.intoArray(f, to + x * COUNT);
    }
  }
}
