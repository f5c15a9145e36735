package io.quern.kernels.vector;

import static io.quern.kernels.vector.Lanes.COUNT;
import static io.quern.kernels.vector.Lanes.FLOATS;

import io.quern.kernels.Conv2dInt8;
import io.quern.kernels.ConvGeometry;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Parts;
import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * 3x3 convolution of stride 1 by Winograd's minimal filtering F(2x2, 3x3): 16 products in place of
 * 36 for each tile of 2x2 outputs (Lavin and Gray, arXiv:1509.09308), exactly.
 *
 * <p>With {@code B'}, {@code G} and {@code A'} of the paper, a tile of 4x4 inputs d becomes {@code
 * v = B' d B}, the weights {@code u = (2G) g (2G)'}, which are integers; {@code m = sum over
 * channels of u * v} are 16 matrix products, and {@code A' m A} is 4 times the convolution. {@link
 * #exact} bounds every intermediate value; where one may leave 2^24, there is no such kernel. A
 * unit is a row of tiles of one image; some are taken together.
 */
final class WinogradVector implements Kernel {
  /** Tiles that are taken together: what lies between transforms stays in the second cache. */
  private static final int TILES = 32;

  /** Fewer channels do not pay for the transforms. */
  private static final int LEAST_CHANNELS = 16;

  private static final int POSITIONS = 16;
  private static final long EXACT = 1 << 24;

  private final ConvGeometry g;
  private final int out;
  private final int tilesX;
  private final int tilesY;

  /** Rows of tiles that are taken together. */
  private final int rows;

  private final InputLines lines;

  /** Weights of each of the 16 products. */
  private final Panels[] panels = new Panels[POSITIONS];

  private final float[] bias;
  private final LaneRequantizer requantizer;

  /** Where each output pixel of these rows lies among the tiles' sums. */
  private final int[] sumAt;

  /** In the scratch: transformed inputs, products, sums. */
  private final int inputs;

  private final int products;
  private final int acc;
  private final int floats;

  private WinogradVector(Conv2dInt8 p, FloatSums sums, int[][] u) {
    g = p.geometry();
    out = p.out();
    tilesX = (g.outW() + 1) / 2;
    tilesY = (g.outH() + 1) / 2;
    rows = Parts.even(tilesY, Math.max(1, TILES / tilesX));
    lines = new InputLines(g, p.in(), p.inputZeroPoint(), 2 * tilesX, 2 * rows);
    int outputs = g.outC();
    bias = new float[Lanes.roundUp(outputs)];
    System.arraycopy(sums.start(), 0, bias, 0, outputs);
    int tiles = rows * tilesX;
    for (int i = 0; i < POSITIONS; i++) {
      panels[i] = new Panels(u[i], new float[outputs], 1, g.inC(), tiles);
    }
    requantizer = new LaneRequantizer(p.requantization(), sums);
    sumAt = new int[Math.min(2 * rows, g.outH()) * g.outW()];
    for (int i = 0; i < sumAt.length; i++) {
      sumAt[i] = (i / g.outW() * 2 * tilesX + i % g.outW()) * COUNT;
    }
    inputs = lines.count * lines.length;
    products = inputs + POSITIONS * tiles * g.inC() + Gemm.MOST_PIXELS * g.inC();
    int width = panels[0].maxWidth();
    acc = products + POSITIONS * tiles * width + Gemm.MOST_PIXELS * width;
    floats = acc + 4 * tiles * COUNT;
  }

  /** Null when the kernel is another one, has few channels, or the sums may be inexact. */
  static Kernel create(Conv2dInt8 p) {
    ConvGeometry g = p.geometry();
    boolean fits =
        g.kernelH() == 3
            && g.kernelW() == 3
            && g.strideH() == 1
            && g.strideW() == 1
            && g.dilationH() == 1
            && g.dilationW() == 1
            && g.inC() >= LEAST_CHANNELS
            && g.inC() % COUNT == 0
            && g.outC() >= LEAST_CHANNELS
            && g.outH() > 1
            && g.outW() > 1;
    if (!fits) {
      return null;
    }
    FloatSums sums =
        FloatSums.prove(
            p.weights(), p.weightsZeroPoint(), p.bias(), p.inputZeroPoint(), 9 * g.inC(), true);
    if (sums == null || sums.rest() != null) {
      return null;
    }
    int[][] u = new int[POSITIONS][g.outC() * g.inC()];
    return exact(p, u) ? new WinogradVector(p, sums, u) : null;
  }

  /**
   * Transforms the weights and bounds all sums. An input is at most 128 in magnitude, an element of
   * v the sum of 4. The sum over three products of a column, {@code t}, is twice the convolution
   * along it of values transformed along rows, which have two inputs each; partial sums are bounded
   * by their terms. What comes last, 4 times a sum that is exact, is so.
   *
   * @param u receives weights, [position, output, channel]
   */
  private static boolean exact(Conv2dInt8 p, int[][] u) {
    int channels = p.geometry().inC();
    long[] m = new long[POSITIONS];
    long[] t = new long[8];
    for (int o = 0; o < p.geometry().outC(); o++) {
      Arrays.fill(m, 0);
      Arrays.fill(t, 0);
      for (int c = 0; c < channels; c++) {
        int[] h = new int[12];
        for (int i = 0; i < 3; i++) {
          int at = (o * 9 + i * 3) * channels + c;
          int a = p.weights()[at] - p.weightsZeroPoint();
          int b = p.weights()[at + channels] - p.weightsZeroPoint();
          int d = p.weights()[at + 2 * channels] - p.weightsZeroPoint();
          h[i * 4] = 2 * a;
          h[i * 4 + 1] = a + b + d;
          h[i * 4 + 2] = a - b + d;
          h[i * 4 + 3] = 2 * d;
        }
        for (int j = 0; j < 4; j++) {
          int at = o * channels + c;
          u[j][at] = 2 * h[j];
          u[4 + j][at] = h[j] + h[4 + j] + h[8 + j];
          u[8 + j][at] = h[j] - h[4 + j] + h[8 + j];
          u[12 + j][at] = 2 * h[8 + j];
          for (int i = 0; i < 4; i++) {
            m[i * 4 + j] += 4 * 128 * (long) Math.abs(u[i * 4 + j][at]);
          }
          long twice = Math.abs(h[j]) + Math.abs(h[4 + j]) + Math.abs(h[8 + j]);
          t[j] += 2 * 2 * 128 * twice;
        }
      }
      for (int j = 0; j < 4; j++) {
        // m0 + m1 + m2 and m1 - m2 - m3, in this order.
        long m0 = m[j];
        long m1 = m[4 + j];
        long m2 = m[8 + j];
        long m3 = m[12 + j];
        long largest = Math.max(Math.max(m0, m1), Math.max(m2, m3));
        if (Math.max(largest, t[j]) > EXACT || m0 + m1 > EXACT || m1 + m2 > EXACT) {
          return false;
        }
      }
      if (t[0] + t[1] > EXACT || t[1] + t[2] > EXACT) {
        return false;
      }
    }
    return true;
  }

  @Override
  public int units() {
    return g.batch() * tilesY;
  }

  @Override
  public int grain() {
    return rows;
  }

  @Override
  public ScratchSize scratch() {
    return LaneRequantizer.scratch(lines.count + sumAt.length * COUNT, floats);
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    float[] f = scratch.floats;
    int[] staged = scratch.ints;
    lines.clear(staged);
    int n;
    for (int unit = from; unit < to; unit += n) {
      int batch = unit / tilesY;
      int first = unit % tilesY;
      n = Parts.even(Math.min(tilesY - first, to - unit), rows);
      if (first == 0) {
        lines.clear(staged);
      }
      transformInputs(memory, f, staged, batch, first, n);
      int outAt = out + (batch * g.outH() + 2 * first) * g.outW() * g.outC();
      int pixels = Math.min(2 * n, g.outH() - 2 * first) * g.outW();
      // The last panel first: its stores may spill over the first channels of the next pixel.
      for (int i = panels[0].count - 1; i >= 0; i--) {
        panel(memory, scratch, i, n, outAt, pixels);
      }
    }
  }

  private void transformInputs(
      Memory memory, float[] f, int[] staged, int batch, int first, int n) {
    for (int y = 0; y < n; y++) {
      int top = 2 * (first + y);
      lines.stage(memory, f, staged, batch, top);
      lines.stage(memory, f, staged, batch, top + 1);
      for (int c = 0; c < g.inC(); c += COUNT) {
        transformInputs(
            f,
            lines.at(top, 0) + c,
            lines.at(top, 1) + c,
            lines.at(top, 2) + c,
            lines.at(top + 1, 2) + c,
            g.inC(),
            inputs + y * tilesX * g.inC() + c,
            rows * tilesX * g.inC(),
            tilesX);
      }
    }
  }

  private void panel(Memory memory, Scratch scratch, int panel, int n, int outAt, int pixels) {
    float[] f = scratch.floats;
    int tiles = rows * tilesX;
    int width = panels[0].width(panel);
    for (int i = 0; i < POSITIONS; i++) {
      int at = inputs + i * tiles * g.inC();
      int to = products + i * tiles * width;
      panels[i].multiply(panel, n * tilesX, f, at, g.inC(), g.inC(), to);
    }
    for (int v = panels[0].vectors(panel) - 1; v >= 0; v--) {
      int o = panels[0].firstOutput(panel) + v * COUNT;
      for (int y = 0; y < n; y++) {
        int at = products + y * tilesX * width + v * COUNT;
        int to = acc + y * 4 * tilesX * COUNT;
        transformOutputs(f, at, tiles * width, width, o, to, 2 * tilesX * COUNT, tilesX);
      }
      requantizer.vector(
          f,
          acc,
          sumAt,
          memory.bytes,
          outAt + o,
          g.outC(),
          o,
          Math.min(COUNT, g.outC() - o),
          pixels,
          scratch,
          lines.count);
    }
  }

  /**
   * {@code B' d B} of a row of tiles, a vector of channels.
   *
   * @param l0 first of the four input lines
   * @param c floats of a pixel
   * @param to position 0 of the first tile; the next tile is {@code c} on, the next position {@code
   *     plane}
   */
  private static void transformInputs(
      float[] f, int l0, int l1, int l2, int l3, int c, int to, int plane, int tiles) {
    for (int x = 0; x < tiles; x++) {
      int at = 2 * x * c;
      int p = to + x * c;
      FloatVector a = FloatVector.fromArray(FLOATS, f, l0 + at);
      FloatVector b = FloatVector.fromArray(FLOATS, f, l1 + at);
      FloatVector d = FloatVector.fromArray(FLOATS, f, l2 + at);
      FloatVector e = FloatVector.fromArray(FLOATS, f, l3 + at);
      FloatVector p0 = a.sub(d);
      FloatVector p1 = b.add(d);
      FloatVector p2 = d.sub(b);
      FloatVector p3 = b.sub(e);
      a = FloatVector.fromArray(FLOATS, f, l0 + at + 2 * c);
      b = FloatVector.fromArray(FLOATS, f, l1 + at + 2 * c);
      d = FloatVector.fromArray(FLOATS, f, l2 + at + 2 * c);
      e = FloatVector.fromArray(FLOATS, f, l3 + at + 2 * c);
      FloatVector r0 = a.sub(d);
      FloatVector r1 = b.add(d);
      FloatVector r2 = d.sub(b);
      FloatVector r3 = b.sub(e);
      p0.sub(r0).intoArray(f, p);
      p1.sub(r1).intoArray(f, p + 4 * plane);
      p2.sub(r2).intoArray(f, p + 8 * plane);
      p3.sub(r3).intoArray(f, p + 12 * plane);
      a = FloatVector.fromArray(FLOATS, f, l0 + at + c);
      b = FloatVector.fromArray(FLOATS, f, l1 + at + c);
      d = FloatVector.fromArray(FLOATS, f, l2 + at + c);
      e = FloatVector.fromArray(FLOATS, f, l3 + at + c);
      FloatVector q0 = a.sub(d);
      FloatVector q1 = b.add(d);
      FloatVector q2 = d.sub(b);
      FloatVector q3 = b.sub(e);
      q0.add(r0).intoArray(f, p + plane);
      q1.add(r1).intoArray(f, p + 5 * plane);
      q2.add(r2).intoArray(f, p + 9 * plane);
      q3.add(r3).intoArray(f, p + 13 * plane);
      r0.sub(q0).intoArray(f, p + 2 * plane);
      r1.sub(q1).intoArray(f, p + 6 * plane);
      r2.sub(q2).intoArray(f, p + 10 * plane);
      r3.sub(q3).intoArray(f, p + 14 * plane);
      a = FloatVector.fromArray(FLOATS, f, l0 + at + 3 * c);
      b = FloatVector.fromArray(FLOATS, f, l1 + at + 3 * c);
      d = FloatVector.fromArray(FLOATS, f, l2 + at + 3 * c);
      e = FloatVector.fromArray(FLOATS, f, l3 + at + 3 * c);
      q0.sub(a.sub(d)).intoArray(f, p + 3 * plane);
      q1.sub(b.add(d)).intoArray(f, p + 7 * plane);
      q2.sub(d.sub(b)).intoArray(f, p + 11 * plane);
      q3.sub(b.sub(e)).intoArray(f, p + 15 * plane);
    }
  }

  /**
   * {@code A' m A / 4 + bias} of a row of tiles, a vector of outputs.
   *
   * @param from position 0 of the first tile; the next tile is {@code width} on, the next position
   *     {@code plane}
   * @param to the first output of the first row; the second row is {@code row} on
   */
  private void transformOutputs(
      float[] f, int from, int plane, int width, int channel, int to, int row, int tiles) {
    FloatVector quarter = FloatVector.broadcast(FLOATS, 0.25f);
    FloatVector start = FloatVector.fromArray(FLOATS, bias, channel);
    for (int x = 0; x < tiles; x++) {
      int p = from + x * width;
      int q = to + 2 * x * COUNT;
      FloatVector a = FloatVector.fromArray(FLOATS, f, p + plane);
      FloatVector b = FloatVector.fromArray(FLOATS, f, p + 5 * plane);
      FloatVector d = FloatVector.fromArray(FLOATS, f, p + 9 * plane);
      FloatVector s1 = a.add(b).add(d);
      FloatVector t1 = b.sub(d).sub(FloatVector.fromArray(FLOATS, f, p + 13 * plane));
      a = FloatVector.fromArray(FLOATS, f, p + 2 * plane);
      b = FloatVector.fromArray(FLOATS, f, p + 6 * plane);
      d = FloatVector.fromArray(FLOATS, f, p + 10 * plane);
      FloatVector s2 = a.add(b).add(d);
      FloatVector t2 = b.sub(d).sub(FloatVector.fromArray(FLOATS, f, p + 14 * plane));
      a = FloatVector.fromArray(FLOATS, f, p);
      b = FloatVector.fromArray(FLOATS, f, p + 4 * plane);
      d = FloatVector.fromArray(FLOATS, f, p + 8 * plane);
      FloatVector s = a.add(b).add(d);
      FloatVector t = b.sub(d).sub(FloatVector.fromArray(FLOATS, f, p + 12 * plane));
      s.add(s1).add(s2).fma(quarter, start).intoArray(f, q);
      t.add(t1).add(t2).fma(quarter, start).intoArray(f, q + row);
      a = FloatVector.fromArray(FLOATS, f, p + 3 * plane);
      b = FloatVector.fromArray(FLOATS, f, p + 7 * plane);
      d = FloatVector.fromArray(FLOATS, f, p + 11 * plane);
      s = a.add(b).add(d);
      t = b.sub(d).sub(FloatVector.fromArray(FLOATS, f, p + 15 * plane));
      s1.sub(s2).sub(s).fma(quarter, start).intoArray(f, q + COUNT);
      t1.sub(t2).sub(t).fma(quarter, start).intoArray(f, q + row + COUNT);
    }
  }

  @Override
  public String microKernel() {
    return "winograd2x2-" + panels[0].maxWidth();
  }
}
