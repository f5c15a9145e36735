package io.quern.kernels.vector;

import static io.quern.kernels.vector.Lanes.COUNT;
import static io.quern.kernels.vector.Lanes.FLOATS;
import static io.quern.kernels.vector.Lanes.WIDE;

import java.lang.invoke.VarHandle;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Matrix product in register tiles: {@code c[p, o] = start[p, o] + sum a[p, k] * b[k, o]} for a
 * panel of 1 to 4 vectors of outputs.
 *
 * <p>C2 orders the body as it likes, loads first: which tiles stay in registers was measured.
 * GMAC/s at depths 64 to 576, 2 steps of the depth in a turn of the loop where marked *, JDK 25 (in
 * parentheses 17), Serial collector, on a virtual machine in its fast / its slow state:
 *
 * <pre>
 * 256 bits, 16 registers   2x4*: 40/29 (40/29)   2x4: 40/24 (40/24)   4x2: 42/24 (32/19)
 *                          2x3*: 34/25 (35/22)   8x1*: 34/22 (22/17)  8x1: 20/17 (14/13)
 *                          4x2*: 13/12 (22/21)   6x2: 20/19 (20/17)   4x3: 20/19 (39/23)
 * </pre>
 *
 * <p>With other collectors 2x4* spills eight sums in every turn. Tiles whose loads of a step wait
 * for those of the step before, by a fence that is no instruction on x86-64, do not, and take four
 * steps in a turn; instructions for a multiply-add on JDK 25: 2x4 and 4x2 2.1 (in any order, two
 * steps and one: 2.4 and 3.1 with Serial, 2.9 and 3.4 with G1), 2x3 2.5. 3x3, 3x4 and 4x3 spill in
 * some cases all the same.
 *
 * <p>With 512 bits and 32 registers, Sapphire Rapids, cycles for a vector's multiply-add at depths
 * 32, 64 and 128, where two a cycle, 0.5, are possible; 25 (17):
 *
 * <pre>
 * 6x4   .68 .62 .62 (.70 .63 .62)   6x4*  .87 .79 .78 (.81 .74 .71)   7x4   .80 .75 .76 (.78 .74 .79)
 * 8x3   .76 .69 .68 (.85 .77 .76)   8x3*  .77 .68 .64 (.77 .67 .63)   4x6   .78 .73 .79 (.71 .64 .74)
 * 12x2  .84 .77 .74 (1.0 .92 .90)   12x2* .82 .74 .71 (.93 .83 .81)   8x2*  .87 .76 .68 (.98 .86 .79)
 * 8x1*  1.2 .99 .93 (1.3 1.2 1.0)   16x1* 1.1 .95 .88 (1.3 1.1 1.0)   8x1   1.2 1.1 .98 (1.5 1.4 1.1)
 * </pre>
 *
 * <p>6x4 and 12x2* allocate on JDK 17, which has 12x2. Each pixel of a tile costs integer
 * instructions to find its input, in place of multiply-adds. Four steps in a turn are worse there;
 * {@code a} interleaved by pixels is 10 to 20 % better for tiles of one step, but costs more than
 * that to stage.
 */
final class Gemm {
  private static final boolean MANY_REGISTERS = COUNT != 8;

  private Gemm() {}

  /** Vectors in a panel, when {@code vectors} are left to cover. */
  static int panelVectors(int vectors) {
    if (WIDE && (vectors == 5 || vectors == 6 || vectors == 9)) {
      return 3;
    }
    return Math.min(vectors, WIDE || !MANY_REGISTERS ? 4 : 2);
  }

  /** Pixels of a register tile; tiles may run beyond the pixels that are wanted. */
  static int tilePixels(int panelVectors) {
    if (WIDE) {
      return panelVectors == 4 ? 6 : panelVectors == 2 ? 12 : 8;
    }
    if (MANY_REGISTERS) {
      return COUNT == 16 && panelVectors > 1 ? 12 : 8;
    }
    return panelVectors >= 3 ? 2 : panelVectors == 2 ? 4 : 8;
  }

  /** What the pixels of a row of tiles are best a multiple of. */
  static int wholePixels(int panelVectors) {
    return WIDE ? tilePixels(panelVectors) : 4;
  }

  /** Most pixels of any tile. */
  static final int MOST_PIXELS = 12;

  /**
   * Depth of one pass through ordered tiles. Collectors other than Serial and Parallel make C2 wrap
   * loops of more than 1,000 turns in others that poll for safepoints, and then it may spill sums
   * in every turn: 20 GMAC/s in place of 40 for 2x4. Fewer turns need no such loop.
   */
  private static final int MOST_DEPTH = 1_024;

  /**
   * Whether fences keep C2 from loading what later steps of a turn need before the first: sixteen
   * registers do not hold it.
   */
  private static final boolean ORDERED =
      !MANY_REGISTERS && System.getProperty("os.arch").equals("amd64");

  /** What a depth is padded to a multiple of: steps of the depth in a turn of the loops. */
  private static final int STEPS = ORDERED ? 4 : 2;

  /** Depth as tiles want it, with zeros in {@code b} where there is nothing. */
  static int padded(int depth) {
    return (depth + STEPS - 1) / STEPS * STEPS;
  }

  /** Zeros what a product of padded depth may read behind inputs that end at {@code end}. */
  static void clearBehind(float[] a, int end) {
    Arrays.fill(a, end, end + STEPS - 1, 0);
  }

  /**
   * A row of tiles of pixels, {@code pixels} rounded up to whole tiles.
   *
   * @param a [pixels, aStride], depth {@code k}; readable to the end of the last tile
   * @param b [k, panelVectors * COUNT]
   * @param k {@link #padded}
   * @param start first values, [pixels, startStride]; stride 0 repeats one row, the bias
   * @param c [pixels, cStride]; may be {@code start}
   */
  static void run(
      int panelVectors,
      int pixels,
      float[] a,
      int aAt,
      int aStride,
      float[] b,
      int bAt,
      int k,
      float[] start,
      int startAt,
      int startStride,
      float[] c,
      int cAt,
      int cStride) {
    if (ORDERED && panelVectors >= 2) {
      ordered(
          panelVectors,
          pixels,
          a,
          aAt,
          aStride,
          b,
          bAt,
          k,
          start,
          startAt,
          startStride,
          c,
          cAt,
          cStride);
      return;
    }
    if (WIDE && panelVectors >= 3) {
      wide(
          panelVectors,
          pixels,
          a,
          aAt,
          aStride,
          b,
          bAt,
          k,
          start,
          startAt,
          startStride,
          c,
          cAt,
          cStride);
      return;
    }
    int tile = tilePixels(panelVectors);
    for (int p = 0; p < pixels; p += tile) {
      int ap = aAt + p * aStride;
      int sp = startAt + p * startStride;
      int cp = cAt + p * cStride;
      int rest = pixels - p;
      if (panelVectors == 4) {
        gemm2x4(a, ap, aStride, b, bAt, k, start, sp, startStride, c, cp, cStride);
      } else if (panelVectors == 3) {
        gemm2x3(a, ap, aStride, b, bAt, k, start, sp, startStride, c, cp, cStride);
      } else if (panelVectors == 1) {
        gemm8x1(a, ap, aStride, b, bAt, k, start, sp, startStride, c, cp, cStride);
      } else if (rest <= 4 || tile == 4) {
        gemm4x2(a, ap, aStride, b, bAt, k, start, sp, startStride, c, cp, cStride);
      } else if (rest <= 8 || tile == 8) {
        gemm8x2(a, ap, aStride, b, bAt, k, start, sp, startStride, c, cp, cStride);
      } else {
        gemm12x2(a, ap, aStride, b, bAt, k, start, sp, startStride, c, cp, cStride);
      }
    }
  }

  /** {@link #run} of two to four vectors in order, {@link #MOST_DEPTH} at a time. */
  private static void ordered(
      int panelVectors,
      int pixels,
      float[] a,
      int aAt,
      int aStride,
      float[] b,
      int bAt,
      int k,
      float[] start,
      int startAt,
      int startStride,
      float[] c,
      int cAt,
      int cStride) {
    int tile = tilePixels(panelVectors);
    for (int from = 0; from < k; from += MOST_DEPTH) {
      boolean first = from == 0;
      float[] s = first ? start : c;
      int sAt = first ? startAt : cAt;
      int sStride = first ? startStride : cStride;
      int n = k - from;
      int bp = bAt + from * panelVectors * COUNT;
      for (int p = 0; p < pixels; p += tile) {
        int ap = aAt + p * aStride + from;
        int sp = sAt + p * sStride;
        int cp = cAt + p * cStride;
        if (panelVectors == 4) {
          ordered2x4(a, ap, aStride, b, bp, n, s, sp, sStride, c, cp, cStride);
        } else if (panelVectors == 3) {
          ordered2x3(a, ap, aStride, b, bp, n, s, sp, sStride, c, cp, cStride);
        } else {
          ordered4x2(a, ap, aStride, b, bp, n, s, sp, sStride, c, cp, cStride);
        }
      }
    }
  }

  /** {@link #run} of three or four 512-bit vectors; its own method, so that both are inlined. */
  private static void wide(
      int panelVectors,
      int pixels,
      float[] a,
      int aAt,
      int aStride,
      float[] b,
      int bAt,
      int k,
      float[] start,
      int startAt,
      int startStride,
      float[] c,
      int cAt,
      int cStride) {
    int most = tilePixels(panelVectors);
    int tile = most;
    for (int p = 0; p < pixels; p += tile) {
      int ap = aAt + p * aStride;
      int sp = startAt + p * startStride;
      int cp = cAt + p * cStride;
      tile = pixels - p <= 4 ? 2 : most;
      if (panelVectors == 4 && tile == 2) {
        gemm2x4(a, ap, aStride, b, bAt, k, start, sp, startStride, c, cp, cStride);
      } else if (panelVectors == 4) {
        gemm6x4(a, ap, aStride, b, bAt, k, start, sp, startStride, c, cp, cStride);
      } else if (tile == 2) {
        gemm2x3(a, ap, aStride, b, bAt, k, start, sp, startStride, c, cp, cStride);
      } else {
        gemm8x3(a, ap, aStride, b, bAt, k, start, sp, startStride, c, cp, cStride);
      }
    }
  }

  private static void ordered2x4(
      float[] a,
      int aAt,
      int aStride,
      float[] b,
      int bAt,
      int k,
      float[] start,
      int startAt,
      int startStride,
      float[] c,
      int cAt,
      int cStride) {
    FloatVector c00 = FloatVector.fromArray(FLOATS, start, startAt);
    FloatVector c01 = FloatVector.fromArray(FLOATS, start, startAt + COUNT);
    FloatVector c02 = FloatVector.fromArray(FLOATS, start, startAt + 2 * COUNT);
    FloatVector c03 = FloatVector.fromArray(FLOATS, start, startAt + 3 * COUNT);
    FloatVector c10 = FloatVector.fromArray(FLOATS, start, startAt + startStride);
    FloatVector c11 = FloatVector.fromArray(FLOATS, start, startAt + startStride + COUNT);
    FloatVector c12 = FloatVector.fromArray(FLOATS, start, startAt + startStride + 2 * COUNT);
    FloatVector c13 = FloatVector.fromArray(FLOATS, start, startAt + startStride + 3 * COUNT);
    int a1 = aAt + aStride;
    int n = Math.min(k, MOST_DEPTH);
    for (int i = 0; i < n; i += 4) {
      FloatVector b0 = FloatVector.fromArray(FLOATS, b, bAt + i * (4 * COUNT));
      FloatVector b1 = FloatVector.fromArray(FLOATS, b, bAt + i * (4 * COUNT) + COUNT);
      FloatVector b2 = FloatVector.fromArray(FLOATS, b, bAt + i * (4 * COUNT) + 2 * COUNT);
      FloatVector b3 = FloatVector.fromArray(FLOATS, b, bAt + i * (4 * COUNT) + 3 * COUNT);
      FloatVector x0 = FloatVector.broadcast(FLOATS, a[aAt + i]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      c02 = x0.fma(b2, c02);
      c03 = x0.fma(b3, c03);
      FloatVector x1 = FloatVector.broadcast(FLOATS, a[a1 + i]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      c12 = x1.fma(b2, c12);
      c13 = x1.fma(b3, c13);
      VarHandle.acquireFence();
      b0 = FloatVector.fromArray(FLOATS, b, bAt + i * (4 * COUNT) + 4 * COUNT);
      b1 = FloatVector.fromArray(FLOATS, b, bAt + i * (4 * COUNT) + 5 * COUNT);
      b2 = FloatVector.fromArray(FLOATS, b, bAt + i * (4 * COUNT) + 6 * COUNT);
      b3 = FloatVector.fromArray(FLOATS, b, bAt + i * (4 * COUNT) + 7 * COUNT);
      x0 = FloatVector.broadcast(FLOATS, a[aAt + i + 1]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      c02 = x0.fma(b2, c02);
      c03 = x0.fma(b3, c03);
      x1 = FloatVector.broadcast(FLOATS, a[a1 + i + 1]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      c12 = x1.fma(b2, c12);
      c13 = x1.fma(b3, c13);
      VarHandle.acquireFence();
      b0 = FloatVector.fromArray(FLOATS, b, bAt + i * (4 * COUNT) + 8 * COUNT);
      b1 = FloatVector.fromArray(FLOATS, b, bAt + i * (4 * COUNT) + 9 * COUNT);
      b2 = FloatVector.fromArray(FLOATS, b, bAt + i * (4 * COUNT) + 10 * COUNT);
      b3 = FloatVector.fromArray(FLOATS, b, bAt + i * (4 * COUNT) + 11 * COUNT);
      x0 = FloatVector.broadcast(FLOATS, a[aAt + i + 2]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      c02 = x0.fma(b2, c02);
      c03 = x0.fma(b3, c03);
      x1 = FloatVector.broadcast(FLOATS, a[a1 + i + 2]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      c12 = x1.fma(b2, c12);
      c13 = x1.fma(b3, c13);
      VarHandle.acquireFence();
      b0 = FloatVector.fromArray(FLOATS, b, bAt + i * (4 * COUNT) + 12 * COUNT);
      b1 = FloatVector.fromArray(FLOATS, b, bAt + i * (4 * COUNT) + 13 * COUNT);
      b2 = FloatVector.fromArray(FLOATS, b, bAt + i * (4 * COUNT) + 14 * COUNT);
      b3 = FloatVector.fromArray(FLOATS, b, bAt + i * (4 * COUNT) + 15 * COUNT);
      x0 = FloatVector.broadcast(FLOATS, a[aAt + i + 3]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      c02 = x0.fma(b2, c02);
      c03 = x0.fma(b3, c03);
      x1 = FloatVector.broadcast(FLOATS, a[a1 + i + 3]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      c12 = x1.fma(b2, c12);
      c13 = x1.fma(b3, c13);
    }
    c00.intoArray(c, cAt);
    c01.intoArray(c, cAt + COUNT);
    c02.intoArray(c, cAt + 2 * COUNT);
    c03.intoArray(c, cAt + 3 * COUNT);
    c10.intoArray(c, cAt + cStride);
    c11.intoArray(c, cAt + cStride + COUNT);
    c12.intoArray(c, cAt + cStride + 2 * COUNT);
    c13.intoArray(c, cAt + cStride + 3 * COUNT);
  }

  private static void ordered2x3(
      float[] a,
      int aAt,
      int aStride,
      float[] b,
      int bAt,
      int k,
      float[] start,
      int startAt,
      int startStride,
      float[] c,
      int cAt,
      int cStride) {
    FloatVector c00 = FloatVector.fromArray(FLOATS, start, startAt);
    FloatVector c01 = FloatVector.fromArray(FLOATS, start, startAt + COUNT);
    FloatVector c02 = FloatVector.fromArray(FLOATS, start, startAt + 2 * COUNT);
    FloatVector c10 = FloatVector.fromArray(FLOATS, start, startAt + startStride);
    FloatVector c11 = FloatVector.fromArray(FLOATS, start, startAt + startStride + COUNT);
    FloatVector c12 = FloatVector.fromArray(FLOATS, start, startAt + startStride + 2 * COUNT);
    int a1 = aAt + aStride;
    int n = Math.min(k, MOST_DEPTH);
    for (int i = 0; i < n; i += 4) {
      FloatVector b0 = FloatVector.fromArray(FLOATS, b, bAt + i * (3 * COUNT));
      FloatVector b1 = FloatVector.fromArray(FLOATS, b, bAt + i * (3 * COUNT) + COUNT);
      FloatVector b2 = FloatVector.fromArray(FLOATS, b, bAt + i * (3 * COUNT) + 2 * COUNT);
      FloatVector x0 = FloatVector.broadcast(FLOATS, a[aAt + i]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      c02 = x0.fma(b2, c02);
      FloatVector x1 = FloatVector.broadcast(FLOATS, a[a1 + i]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      c12 = x1.fma(b2, c12);
      VarHandle.acquireFence();
      b0 = FloatVector.fromArray(FLOATS, b, bAt + i * (3 * COUNT) + 3 * COUNT);
      b1 = FloatVector.fromArray(FLOATS, b, bAt + i * (3 * COUNT) + 4 * COUNT);
      b2 = FloatVector.fromArray(FLOATS, b, bAt + i * (3 * COUNT) + 5 * COUNT);
      x0 = FloatVector.broadcast(FLOATS, a[aAt + i + 1]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      c02 = x0.fma(b2, c02);
      x1 = FloatVector.broadcast(FLOATS, a[a1 + i + 1]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      c12 = x1.fma(b2, c12);
      VarHandle.acquireFence();
      b0 = FloatVector.fromArray(FLOATS, b, bAt + i * (3 * COUNT) + 6 * COUNT);
      b1 = FloatVector.fromArray(FLOATS, b, bAt + i * (3 * COUNT) + 7 * COUNT);
      b2 = FloatVector.fromArray(FLOATS, b, bAt + i * (3 * COUNT) + 8 * COUNT);
      x0 = FloatVector.broadcast(FLOATS, a[aAt + i + 2]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      c02 = x0.fma(b2, c02);
      x1 = FloatVector.broadcast(FLOATS, a[a1 + i + 2]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      c12 = x1.fma(b2, c12);
      VarHandle.acquireFence();
      b0 = FloatVector.fromArray(FLOATS, b, bAt + i * (3 * COUNT) + 9 * COUNT);
      b1 = FloatVector.fromArray(FLOATS, b, bAt + i * (3 * COUNT) + 10 * COUNT);
      b2 = FloatVector.fromArray(FLOATS, b, bAt + i * (3 * COUNT) + 11 * COUNT);
      x0 = FloatVector.broadcast(FLOATS, a[aAt + i + 3]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      c02 = x0.fma(b2, c02);
      x1 = FloatVector.broadcast(FLOATS, a[a1 + i + 3]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      c12 = x1.fma(b2, c12);
    }
    c00.intoArray(c, cAt);
    c01.intoArray(c, cAt + COUNT);
    c02.intoArray(c, cAt + 2 * COUNT);
    c10.intoArray(c, cAt + cStride);
    c11.intoArray(c, cAt + cStride + COUNT);
    c12.intoArray(c, cAt + cStride + 2 * COUNT);
  }

  private static void ordered4x2(
      float[] a,
      int aAt,
      int aStride,
      float[] b,
      int bAt,
      int k,
      float[] start,
      int startAt,
      int startStride,
      float[] c,
      int cAt,
      int cStride) {
    FloatVector c00 = FloatVector.fromArray(FLOATS, start, startAt);
    FloatVector c01 = FloatVector.fromArray(FLOATS, start, startAt + COUNT);
    FloatVector c10 = FloatVector.fromArray(FLOATS, start, startAt + startStride);
    FloatVector c11 = FloatVector.fromArray(FLOATS, start, startAt + startStride + COUNT);
    FloatVector c20 = FloatVector.fromArray(FLOATS, start, startAt + 2 * startStride);
    FloatVector c21 = FloatVector.fromArray(FLOATS, start, startAt + 2 * startStride + COUNT);
    FloatVector c30 = FloatVector.fromArray(FLOATS, start, startAt + 3 * startStride);
    FloatVector c31 = FloatVector.fromArray(FLOATS, start, startAt + 3 * startStride + COUNT);
    int a1 = aAt + aStride;
    int a2 = aAt + 2 * aStride;
    int a3 = aAt + 3 * aStride;
    int n = Math.min(k, MOST_DEPTH);
    for (int i = 0; i < n; i += 4) {
      FloatVector b0 = FloatVector.fromArray(FLOATS, b, bAt + i * (2 * COUNT));
      FloatVector b1 = FloatVector.fromArray(FLOATS, b, bAt + i * (2 * COUNT) + COUNT);
      FloatVector x0 = FloatVector.broadcast(FLOATS, a[aAt + i]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      FloatVector x1 = FloatVector.broadcast(FLOATS, a[a1 + i]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      FloatVector x2 = FloatVector.broadcast(FLOATS, a[a2 + i]);
      c20 = x2.fma(b0, c20);
      c21 = x2.fma(b1, c21);
      FloatVector x3 = FloatVector.broadcast(FLOATS, a[a3 + i]);
      c30 = x3.fma(b0, c30);
      c31 = x3.fma(b1, c31);
      VarHandle.acquireFence();
      b0 = FloatVector.fromArray(FLOATS, b, bAt + i * (2 * COUNT) + 2 * COUNT);
      b1 = FloatVector.fromArray(FLOATS, b, bAt + i * (2 * COUNT) + 3 * COUNT);
      x0 = FloatVector.broadcast(FLOATS, a[aAt + i + 1]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      x1 = FloatVector.broadcast(FLOATS, a[a1 + i + 1]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      x2 = FloatVector.broadcast(FLOATS, a[a2 + i + 1]);
      c20 = x2.fma(b0, c20);
      c21 = x2.fma(b1, c21);
      x3 = FloatVector.broadcast(FLOATS, a[a3 + i + 1]);
      c30 = x3.fma(b0, c30);
      c31 = x3.fma(b1, c31);
      VarHandle.acquireFence();
      b0 = FloatVector.fromArray(FLOATS, b, bAt + i * (2 * COUNT) + 4 * COUNT);
      b1 = FloatVector.fromArray(FLOATS, b, bAt + i * (2 * COUNT) + 5 * COUNT);
      x0 = FloatVector.broadcast(FLOATS, a[aAt + i + 2]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      x1 = FloatVector.broadcast(FLOATS, a[a1 + i + 2]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      x2 = FloatVector.broadcast(FLOATS, a[a2 + i + 2]);
      c20 = x2.fma(b0, c20);
      c21 = x2.fma(b1, c21);
      x3 = FloatVector.broadcast(FLOATS, a[a3 + i + 2]);
      c30 = x3.fma(b0, c30);
      c31 = x3.fma(b1, c31);
      VarHandle.acquireFence();
      b0 = FloatVector.fromArray(FLOATS, b, bAt + i * (2 * COUNT) + 6 * COUNT);
      b1 = FloatVector.fromArray(FLOATS, b, bAt + i * (2 * COUNT) + 7 * COUNT);
      x0 = FloatVector.broadcast(FLOATS, a[aAt + i + 3]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      x1 = FloatVector.broadcast(FLOATS, a[a1 + i + 3]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      x2 = FloatVector.broadcast(FLOATS, a[a2 + i + 3]);
      c20 = x2.fma(b0, c20);
      c21 = x2.fma(b1, c21);
      x3 = FloatVector.broadcast(FLOATS, a[a3 + i + 3]);
      c30 = x3.fma(b0, c30);
      c31 = x3.fma(b1, c31);
    }
    c00.intoArray(c, cAt);
    c01.intoArray(c, cAt + COUNT);
    c10.intoArray(c, cAt + cStride);
    c11.intoArray(c, cAt + cStride + COUNT);
    c20.intoArray(c, cAt + 2 * cStride);
    c21.intoArray(c, cAt + 2 * cStride + COUNT);
    c30.intoArray(c, cAt + 3 * cStride);
    c31.intoArray(c, cAt + 3 * cStride + COUNT);
  }

  private static void gemm2x4(
      float[] a,
      int aAt,
      int aStride,
      float[] b,
      int bAt,
      int k,
      float[] start,
      int startAt,
      int startStride,
      float[] c,
      int cAt,
      int cStride) {
    FloatVector c00 = FloatVector.fromArray(FLOATS, start, startAt);
    FloatVector c01 = FloatVector.fromArray(FLOATS, start, startAt + COUNT);
    FloatVector c02 = FloatVector.fromArray(FLOATS, start, startAt + 2 * COUNT);
    FloatVector c03 = FloatVector.fromArray(FLOATS, start, startAt + 3 * COUNT);
    FloatVector c10 = FloatVector.fromArray(FLOATS, start, startAt + startStride);
    FloatVector c11 = FloatVector.fromArray(FLOATS, start, startAt + startStride + COUNT);
    FloatVector c12 = FloatVector.fromArray(FLOATS, start, startAt + startStride + 2 * COUNT);
    FloatVector c13 = FloatVector.fromArray(FLOATS, start, startAt + startStride + 3 * COUNT);
    int a1 = aAt + aStride;
    for (int i = 0; i < k; i += 2) {
      FloatVector b0 = FloatVector.fromArray(FLOATS, b, bAt + i * (4 * COUNT));
      FloatVector b1 = FloatVector.fromArray(FLOATS, b, bAt + i * (4 * COUNT) + COUNT);
      FloatVector b2 = FloatVector.fromArray(FLOATS, b, bAt + i * (4 * COUNT) + 2 * COUNT);
      FloatVector b3 = FloatVector.fromArray(FLOATS, b, bAt + i * (4 * COUNT) + 3 * COUNT);
      FloatVector x0 = FloatVector.broadcast(FLOATS, a[aAt + i]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      c02 = x0.fma(b2, c02);
      c03 = x0.fma(b3, c03);
      FloatVector x1 = FloatVector.broadcast(FLOATS, a[a1 + i]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      c12 = x1.fma(b2, c12);
      c13 = x1.fma(b3, c13);
      b0 = FloatVector.fromArray(FLOATS, b, bAt + i * (4 * COUNT) + 4 * COUNT);
      b1 = FloatVector.fromArray(FLOATS, b, bAt + i * (4 * COUNT) + 5 * COUNT);
      b2 = FloatVector.fromArray(FLOATS, b, bAt + i * (4 * COUNT) + 6 * COUNT);
      b3 = FloatVector.fromArray(FLOATS, b, bAt + i * (4 * COUNT) + 7 * COUNT);
      x0 = FloatVector.broadcast(FLOATS, a[aAt + i + 1]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      c02 = x0.fma(b2, c02);
      c03 = x0.fma(b3, c03);
      x1 = FloatVector.broadcast(FLOATS, a[a1 + i + 1]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      c12 = x1.fma(b2, c12);
      c13 = x1.fma(b3, c13);
    }
    c00.intoArray(c, cAt);
    c01.intoArray(c, cAt + COUNT);
    c02.intoArray(c, cAt + 2 * COUNT);
    c03.intoArray(c, cAt + 3 * COUNT);
    c10.intoArray(c, cAt + cStride);
    c11.intoArray(c, cAt + cStride + COUNT);
    c12.intoArray(c, cAt + cStride + 2 * COUNT);
    c13.intoArray(c, cAt + cStride + 3 * COUNT);
  }

  private static void gemm2x3(
      float[] a,
      int aAt,
      int aStride,
      float[] b,
      int bAt,
      int k,
      float[] start,
      int startAt,
      int startStride,
      float[] c,
      int cAt,
      int cStride) {
    FloatVector c00 = FloatVector.fromArray(FLOATS, start, startAt);
    FloatVector c01 = FloatVector.fromArray(FLOATS, start, startAt + COUNT);
    FloatVector c02 = FloatVector.fromArray(FLOATS, start, startAt + 2 * COUNT);
    FloatVector c10 = FloatVector.fromArray(FLOATS, start, startAt + startStride);
    FloatVector c11 = FloatVector.fromArray(FLOATS, start, startAt + startStride + COUNT);
    FloatVector c12 = FloatVector.fromArray(FLOATS, start, startAt + startStride + 2 * COUNT);
    int a1 = aAt + aStride;
    for (int i = 0; i < k; i += 2) {
      FloatVector b0 = FloatVector.fromArray(FLOATS, b, bAt + i * (3 * COUNT));
      FloatVector b1 = FloatVector.fromArray(FLOATS, b, bAt + i * (3 * COUNT) + COUNT);
      FloatVector b2 = FloatVector.fromArray(FLOATS, b, bAt + i * (3 * COUNT) + 2 * COUNT);
      FloatVector x0 = FloatVector.broadcast(FLOATS, a[aAt + i]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      c02 = x0.fma(b2, c02);
      FloatVector x1 = FloatVector.broadcast(FLOATS, a[a1 + i]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      c12 = x1.fma(b2, c12);
      b0 = FloatVector.fromArray(FLOATS, b, bAt + i * (3 * COUNT) + 3 * COUNT);
      b1 = FloatVector.fromArray(FLOATS, b, bAt + i * (3 * COUNT) + 4 * COUNT);
      b2 = FloatVector.fromArray(FLOATS, b, bAt + i * (3 * COUNT) + 5 * COUNT);
      x0 = FloatVector.broadcast(FLOATS, a[aAt + i + 1]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      c02 = x0.fma(b2, c02);
      x1 = FloatVector.broadcast(FLOATS, a[a1 + i + 1]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      c12 = x1.fma(b2, c12);
    }
    c00.intoArray(c, cAt);
    c01.intoArray(c, cAt + COUNT);
    c02.intoArray(c, cAt + 2 * COUNT);
    c10.intoArray(c, cAt + cStride);
    c11.intoArray(c, cAt + cStride + COUNT);
    c12.intoArray(c, cAt + cStride + 2 * COUNT);
  }

  private static void gemm4x2(
      float[] a,
      int aAt,
      int aStride,
      float[] b,
      int bAt,
      int k,
      float[] start,
      int startAt,
      int startStride,
      float[] c,
      int cAt,
      int cStride) {
    FloatVector c00 = FloatVector.fromArray(FLOATS, start, startAt);
    FloatVector c01 = FloatVector.fromArray(FLOATS, start, startAt + COUNT);
    FloatVector c10 = FloatVector.fromArray(FLOATS, start, startAt + startStride);
    FloatVector c11 = FloatVector.fromArray(FLOATS, start, startAt + startStride + COUNT);
    FloatVector c20 = FloatVector.fromArray(FLOATS, start, startAt + 2 * startStride);
    FloatVector c21 = FloatVector.fromArray(FLOATS, start, startAt + 2 * startStride + COUNT);
    FloatVector c30 = FloatVector.fromArray(FLOATS, start, startAt + 3 * startStride);
    FloatVector c31 = FloatVector.fromArray(FLOATS, start, startAt + 3 * startStride + COUNT);
    int a1 = aAt + aStride;
    int a2 = aAt + 2 * aStride;
    int a3 = aAt + 3 * aStride;
    for (int i = 0; i < k; i++) {
      FloatVector b0 = FloatVector.fromArray(FLOATS, b, bAt + i * (2 * COUNT));
      FloatVector b1 = FloatVector.fromArray(FLOATS, b, bAt + i * (2 * COUNT) + COUNT);
      FloatVector x0 = FloatVector.broadcast(FLOATS, a[aAt + i]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      FloatVector x1 = FloatVector.broadcast(FLOATS, a[a1 + i]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      FloatVector x2 = FloatVector.broadcast(FLOATS, a[a2 + i]);
      c20 = x2.fma(b0, c20);
      c21 = x2.fma(b1, c21);
      FloatVector x3 = FloatVector.broadcast(FLOATS, a[a3 + i]);
      c30 = x3.fma(b0, c30);
      c31 = x3.fma(b1, c31);
    }
    c00.intoArray(c, cAt);
    c01.intoArray(c, cAt + COUNT);
    c10.intoArray(c, cAt + cStride);
    c11.intoArray(c, cAt + cStride + COUNT);
    c20.intoArray(c, cAt + 2 * cStride);
    c21.intoArray(c, cAt + 2 * cStride + COUNT);
    c30.intoArray(c, cAt + 3 * cStride);
    c31.intoArray(c, cAt + 3 * cStride + COUNT);
  }

  private static void gemm8x2(
      float[] a,
      int aAt,
      int aStride,
      float[] b,
      int bAt,
      int k,
      float[] start,
      int startAt,
      int startStride,
      float[] c,
      int cAt,
      int cStride) {
    FloatVector c00 = FloatVector.fromArray(FLOATS, start, startAt);
    FloatVector c01 = FloatVector.fromArray(FLOATS, start, startAt + COUNT);
    FloatVector c10 = FloatVector.fromArray(FLOATS, start, startAt + startStride);
    FloatVector c11 = FloatVector.fromArray(FLOATS, start, startAt + startStride + COUNT);
    FloatVector c20 = FloatVector.fromArray(FLOATS, start, startAt + 2 * startStride);
    FloatVector c21 = FloatVector.fromArray(FLOATS, start, startAt + 2 * startStride + COUNT);
    FloatVector c30 = FloatVector.fromArray(FLOATS, start, startAt + 3 * startStride);
    FloatVector c31 = FloatVector.fromArray(FLOATS, start, startAt + 3 * startStride + COUNT);
    FloatVector c40 = FloatVector.fromArray(FLOATS, start, startAt + 4 * startStride);
    FloatVector c41 = FloatVector.fromArray(FLOATS, start, startAt + 4 * startStride + COUNT);
    FloatVector c50 = FloatVector.fromArray(FLOATS, start, startAt + 5 * startStride);
    FloatVector c51 = FloatVector.fromArray(FLOATS, start, startAt + 5 * startStride + COUNT);
    FloatVector c60 = FloatVector.fromArray(FLOATS, start, startAt + 6 * startStride);
    FloatVector c61 = FloatVector.fromArray(FLOATS, start, startAt + 6 * startStride + COUNT);
    FloatVector c70 = FloatVector.fromArray(FLOATS, start, startAt + 7 * startStride);
    FloatVector c71 = FloatVector.fromArray(FLOATS, start, startAt + 7 * startStride + COUNT);
    int a1 = aAt + aStride;
    int a2 = aAt + 2 * aStride;
    int a3 = aAt + 3 * aStride;
    int a4 = aAt + 4 * aStride;
    int a5 = aAt + 5 * aStride;
    int a6 = aAt + 6 * aStride;
    int a7 = aAt + 7 * aStride;
    for (int i = 0; i < k; i++) {
      FloatVector b0 = FloatVector.fromArray(FLOATS, b, bAt + i * (2 * COUNT));
      FloatVector b1 = FloatVector.fromArray(FLOATS, b, bAt + i * (2 * COUNT) + COUNT);
      FloatVector x0 = FloatVector.broadcast(FLOATS, a[aAt + i]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      FloatVector x1 = FloatVector.broadcast(FLOATS, a[a1 + i]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      FloatVector x2 = FloatVector.broadcast(FLOATS, a[a2 + i]);
      c20 = x2.fma(b0, c20);
      c21 = x2.fma(b1, c21);
      FloatVector x3 = FloatVector.broadcast(FLOATS, a[a3 + i]);
      c30 = x3.fma(b0, c30);
      c31 = x3.fma(b1, c31);
      FloatVector x4 = FloatVector.broadcast(FLOATS, a[a4 + i]);
      c40 = x4.fma(b0, c40);
      c41 = x4.fma(b1, c41);
      FloatVector x5 = FloatVector.broadcast(FLOATS, a[a5 + i]);
      c50 = x5.fma(b0, c50);
      c51 = x5.fma(b1, c51);
      FloatVector x6 = FloatVector.broadcast(FLOATS, a[a6 + i]);
      c60 = x6.fma(b0, c60);
      c61 = x6.fma(b1, c61);
      FloatVector x7 = FloatVector.broadcast(FLOATS, a[a7 + i]);
      c70 = x7.fma(b0, c70);
      c71 = x7.fma(b1, c71);
    }
    c00.intoArray(c, cAt);
    c01.intoArray(c, cAt + COUNT);
    c10.intoArray(c, cAt + cStride);
    c11.intoArray(c, cAt + cStride + COUNT);
    c20.intoArray(c, cAt + 2 * cStride);
    c21.intoArray(c, cAt + 2 * cStride + COUNT);
    c30.intoArray(c, cAt + 3 * cStride);
    c31.intoArray(c, cAt + 3 * cStride + COUNT);
    c40.intoArray(c, cAt + 4 * cStride);
    c41.intoArray(c, cAt + 4 * cStride + COUNT);
    c50.intoArray(c, cAt + 5 * cStride);
    c51.intoArray(c, cAt + 5 * cStride + COUNT);
    c60.intoArray(c, cAt + 6 * cStride);
    c61.intoArray(c, cAt + 6 * cStride + COUNT);
    c70.intoArray(c, cAt + 7 * cStride);
    c71.intoArray(c, cAt + 7 * cStride + COUNT);
  }

  private static void gemm12x2(
      float[] a,
      int aAt,
      int aStride,
      float[] b,
      int bAt,
      int k,
      float[] start,
      int startAt,
      int startStride,
      float[] c,
      int cAt,
      int cStride) {
    FloatVector c00 = FloatVector.fromArray(FLOATS, start, startAt);
    FloatVector c01 = FloatVector.fromArray(FLOATS, start, startAt + COUNT);
    FloatVector c10 = FloatVector.fromArray(FLOATS, start, startAt + startStride);
    FloatVector c11 = FloatVector.fromArray(FLOATS, start, startAt + startStride + COUNT);
    FloatVector c20 = FloatVector.fromArray(FLOATS, start, startAt + 2 * startStride);
    FloatVector c21 = FloatVector.fromArray(FLOATS, start, startAt + 2 * startStride + COUNT);
    FloatVector c30 = FloatVector.fromArray(FLOATS, start, startAt + 3 * startStride);
    FloatVector c31 = FloatVector.fromArray(FLOATS, start, startAt + 3 * startStride + COUNT);
    FloatVector c40 = FloatVector.fromArray(FLOATS, start, startAt + 4 * startStride);
    FloatVector c41 = FloatVector.fromArray(FLOATS, start, startAt + 4 * startStride + COUNT);
    FloatVector c50 = FloatVector.fromArray(FLOATS, start, startAt + 5 * startStride);
    FloatVector c51 = FloatVector.fromArray(FLOATS, start, startAt + 5 * startStride + COUNT);
    FloatVector c60 = FloatVector.fromArray(FLOATS, start, startAt + 6 * startStride);
    FloatVector c61 = FloatVector.fromArray(FLOATS, start, startAt + 6 * startStride + COUNT);
    FloatVector c70 = FloatVector.fromArray(FLOATS, start, startAt + 7 * startStride);
    FloatVector c71 = FloatVector.fromArray(FLOATS, start, startAt + 7 * startStride + COUNT);
    FloatVector c80 = FloatVector.fromArray(FLOATS, start, startAt + 8 * startStride);
    FloatVector c81 = FloatVector.fromArray(FLOATS, start, startAt + 8 * startStride + COUNT);
    FloatVector c90 = FloatVector.fromArray(FLOATS, start, startAt + 9 * startStride);
    FloatVector c91 = FloatVector.fromArray(FLOATS, start, startAt + 9 * startStride + COUNT);
    FloatVector c100 = FloatVector.fromArray(FLOATS, start, startAt + 10 * startStride);
    FloatVector c101 = FloatVector.fromArray(FLOATS, start, startAt + 10 * startStride + COUNT);
    FloatVector c110 = FloatVector.fromArray(FLOATS, start, startAt + 11 * startStride);
    FloatVector c111 = FloatVector.fromArray(FLOATS, start, startAt + 11 * startStride + COUNT);
    int a1 = aAt + aStride;
    int a2 = aAt + 2 * aStride;
    int a3 = aAt + 3 * aStride;
    int a4 = aAt + 4 * aStride;
    int a5 = aAt + 5 * aStride;
    int a6 = aAt + 6 * aStride;
    int a7 = aAt + 7 * aStride;
    int a8 = aAt + 8 * aStride;
    int a9 = aAt + 9 * aStride;
    int a10 = aAt + 10 * aStride;
    int a11 = aAt + 11 * aStride;
    for (int i = 0; i < k; i++) {
      FloatVector b0 = FloatVector.fromArray(FLOATS, b, bAt + i * (2 * COUNT));
      FloatVector b1 = FloatVector.fromArray(FLOATS, b, bAt + i * (2 * COUNT) + COUNT);
      FloatVector x0 = FloatVector.broadcast(FLOATS, a[aAt + i]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      FloatVector x1 = FloatVector.broadcast(FLOATS, a[a1 + i]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      FloatVector x2 = FloatVector.broadcast(FLOATS, a[a2 + i]);
      c20 = x2.fma(b0, c20);
      c21 = x2.fma(b1, c21);
      FloatVector x3 = FloatVector.broadcast(FLOATS, a[a3 + i]);
      c30 = x3.fma(b0, c30);
      c31 = x3.fma(b1, c31);
      FloatVector x4 = FloatVector.broadcast(FLOATS, a[a4 + i]);
      c40 = x4.fma(b0, c40);
      c41 = x4.fma(b1, c41);
      FloatVector x5 = FloatVector.broadcast(FLOATS, a[a5 + i]);
      c50 = x5.fma(b0, c50);
      c51 = x5.fma(b1, c51);
      FloatVector x6 = FloatVector.broadcast(FLOATS, a[a6 + i]);
      c60 = x6.fma(b0, c60);
      c61 = x6.fma(b1, c61);
      FloatVector x7 = FloatVector.broadcast(FLOATS, a[a7 + i]);
      c70 = x7.fma(b0, c70);
      c71 = x7.fma(b1, c71);
      FloatVector x8 = FloatVector.broadcast(FLOATS, a[a8 + i]);
      c80 = x8.fma(b0, c80);
      c81 = x8.fma(b1, c81);
      FloatVector x9 = FloatVector.broadcast(FLOATS, a[a9 + i]);
      c90 = x9.fma(b0, c90);
      c91 = x9.fma(b1, c91);
      FloatVector x10 = FloatVector.broadcast(FLOATS, a[a10 + i]);
      c100 = x10.fma(b0, c100);
      c101 = x10.fma(b1, c101);
      FloatVector x11 = FloatVector.broadcast(FLOATS, a[a11 + i]);
      c110 = x11.fma(b0, c110);
      c111 = x11.fma(b1, c111);
    }
    c00.intoArray(c, cAt);
    c01.intoArray(c, cAt + COUNT);
    c10.intoArray(c, cAt + cStride);
    c11.intoArray(c, cAt + cStride + COUNT);
    c20.intoArray(c, cAt + 2 * cStride);
    c21.intoArray(c, cAt + 2 * cStride + COUNT);
    c30.intoArray(c, cAt + 3 * cStride);
    c31.intoArray(c, cAt + 3 * cStride + COUNT);
    c40.intoArray(c, cAt + 4 * cStride);
    c41.intoArray(c, cAt + 4 * cStride + COUNT);
    c50.intoArray(c, cAt + 5 * cStride);
    c51.intoArray(c, cAt + 5 * cStride + COUNT);
    c60.intoArray(c, cAt + 6 * cStride);
    c61.intoArray(c, cAt + 6 * cStride + COUNT);
    c70.intoArray(c, cAt + 7 * cStride);
    c71.intoArray(c, cAt + 7 * cStride + COUNT);
    c80.intoArray(c, cAt + 8 * cStride);
    c81.intoArray(c, cAt + 8 * cStride + COUNT);
    c90.intoArray(c, cAt + 9 * cStride);
    c91.intoArray(c, cAt + 9 * cStride + COUNT);
    c100.intoArray(c, cAt + 10 * cStride);
    c101.intoArray(c, cAt + 10 * cStride + COUNT);
    c110.intoArray(c, cAt + 11 * cStride);
    c111.intoArray(c, cAt + 11 * cStride + COUNT);
  }

  private static void gemm8x3(
      float[] a,
      int aAt,
      int aStride,
      float[] b,
      int bAt,
      int k,
      float[] start,
      int startAt,
      int startStride,
      float[] c,
      int cAt,
      int cStride) {
    FloatVector c00 = FloatVector.fromArray(FLOATS, start, startAt);
    FloatVector c01 = FloatVector.fromArray(FLOATS, start, startAt + COUNT);
    FloatVector c02 = FloatVector.fromArray(FLOATS, start, startAt + 2 * COUNT);
    FloatVector c10 = FloatVector.fromArray(FLOATS, start, startAt + startStride);
    FloatVector c11 = FloatVector.fromArray(FLOATS, start, startAt + startStride + COUNT);
    FloatVector c12 = FloatVector.fromArray(FLOATS, start, startAt + startStride + 2 * COUNT);
    FloatVector c20 = FloatVector.fromArray(FLOATS, start, startAt + 2 * startStride);
    FloatVector c21 = FloatVector.fromArray(FLOATS, start, startAt + 2 * startStride + COUNT);
    FloatVector c22 = FloatVector.fromArray(FLOATS, start, startAt + 2 * startStride + 2 * COUNT);
    FloatVector c30 = FloatVector.fromArray(FLOATS, start, startAt + 3 * startStride);
    FloatVector c31 = FloatVector.fromArray(FLOATS, start, startAt + 3 * startStride + COUNT);
    FloatVector c32 = FloatVector.fromArray(FLOATS, start, startAt + 3 * startStride + 2 * COUNT);
    FloatVector c40 = FloatVector.fromArray(FLOATS, start, startAt + 4 * startStride);
    FloatVector c41 = FloatVector.fromArray(FLOATS, start, startAt + 4 * startStride + COUNT);
    FloatVector c42 = FloatVector.fromArray(FLOATS, start, startAt + 4 * startStride + 2 * COUNT);
    FloatVector c50 = FloatVector.fromArray(FLOATS, start, startAt + 5 * startStride);
    FloatVector c51 = FloatVector.fromArray(FLOATS, start, startAt + 5 * startStride + COUNT);
    FloatVector c52 = FloatVector.fromArray(FLOATS, start, startAt + 5 * startStride + 2 * COUNT);
    FloatVector c60 = FloatVector.fromArray(FLOATS, start, startAt + 6 * startStride);
    FloatVector c61 = FloatVector.fromArray(FLOATS, start, startAt + 6 * startStride + COUNT);
    FloatVector c62 = FloatVector.fromArray(FLOATS, start, startAt + 6 * startStride + 2 * COUNT);
    FloatVector c70 = FloatVector.fromArray(FLOATS, start, startAt + 7 * startStride);
    FloatVector c71 = FloatVector.fromArray(FLOATS, start, startAt + 7 * startStride + COUNT);
    FloatVector c72 = FloatVector.fromArray(FLOATS, start, startAt + 7 * startStride + 2 * COUNT);
    int a1 = aAt + aStride;
    int a2 = aAt + 2 * aStride;
    int a3 = aAt + 3 * aStride;
    int a4 = aAt + 4 * aStride;
    int a5 = aAt + 5 * aStride;
    int a6 = aAt + 6 * aStride;
    int a7 = aAt + 7 * aStride;
    for (int i = 0; i < k; i++) {
      FloatVector b0 = FloatVector.fromArray(FLOATS, b, bAt + i * (3 * COUNT));
      FloatVector b1 = FloatVector.fromArray(FLOATS, b, bAt + i * (3 * COUNT) + COUNT);
      FloatVector b2 = FloatVector.fromArray(FLOATS, b, bAt + i * (3 * COUNT) + 2 * COUNT);
      FloatVector x0 = FloatVector.broadcast(FLOATS, a[aAt + i]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      c02 = x0.fma(b2, c02);
      FloatVector x1 = FloatVector.broadcast(FLOATS, a[a1 + i]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      c12 = x1.fma(b2, c12);
      FloatVector x2 = FloatVector.broadcast(FLOATS, a[a2 + i]);
      c20 = x2.fma(b0, c20);
      c21 = x2.fma(b1, c21);
      c22 = x2.fma(b2, c22);
      FloatVector x3 = FloatVector.broadcast(FLOATS, a[a3 + i]);
      c30 = x3.fma(b0, c30);
      c31 = x3.fma(b1, c31);
      c32 = x3.fma(b2, c32);
      FloatVector x4 = FloatVector.broadcast(FLOATS, a[a4 + i]);
      c40 = x4.fma(b0, c40);
      c41 = x4.fma(b1, c41);
      c42 = x4.fma(b2, c42);
      FloatVector x5 = FloatVector.broadcast(FLOATS, a[a5 + i]);
      c50 = x5.fma(b0, c50);
      c51 = x5.fma(b1, c51);
      c52 = x5.fma(b2, c52);
      FloatVector x6 = FloatVector.broadcast(FLOATS, a[a6 + i]);
      c60 = x6.fma(b0, c60);
      c61 = x6.fma(b1, c61);
      c62 = x6.fma(b2, c62);
      FloatVector x7 = FloatVector.broadcast(FLOATS, a[a7 + i]);
      c70 = x7.fma(b0, c70);
      c71 = x7.fma(b1, c71);
      c72 = x7.fma(b2, c72);
    }
    c00.intoArray(c, cAt);
    c01.intoArray(c, cAt + COUNT);
    c02.intoArray(c, cAt + 2 * COUNT);
    c10.intoArray(c, cAt + cStride);
    c11.intoArray(c, cAt + cStride + COUNT);
    c12.intoArray(c, cAt + cStride + 2 * COUNT);
    c20.intoArray(c, cAt + 2 * cStride);
    c21.intoArray(c, cAt + 2 * cStride + COUNT);
    c22.intoArray(c, cAt + 2 * cStride + 2 * COUNT);
    c30.intoArray(c, cAt + 3 * cStride);
    c31.intoArray(c, cAt + 3 * cStride + COUNT);
    c32.intoArray(c, cAt + 3 * cStride + 2 * COUNT);
    c40.intoArray(c, cAt + 4 * cStride);
    c41.intoArray(c, cAt + 4 * cStride + COUNT);
    c42.intoArray(c, cAt + 4 * cStride + 2 * COUNT);
    c50.intoArray(c, cAt + 5 * cStride);
    c51.intoArray(c, cAt + 5 * cStride + COUNT);
    c52.intoArray(c, cAt + 5 * cStride + 2 * COUNT);
    c60.intoArray(c, cAt + 6 * cStride);
    c61.intoArray(c, cAt + 6 * cStride + COUNT);
    c62.intoArray(c, cAt + 6 * cStride + 2 * COUNT);
    c70.intoArray(c, cAt + 7 * cStride);
    c71.intoArray(c, cAt + 7 * cStride + COUNT);
    c72.intoArray(c, cAt + 7 * cStride + 2 * COUNT);
  }

  private static void gemm6x4(
      float[] a,
      int aAt,
      int aStride,
      float[] b,
      int bAt,
      int k,
      float[] start,
      int startAt,
      int startStride,
      float[] c,
      int cAt,
      int cStride) {
    FloatVector c00 = FloatVector.fromArray(FLOATS, start, startAt);
    FloatVector c01 = FloatVector.fromArray(FLOATS, start, startAt + COUNT);
    FloatVector c02 = FloatVector.fromArray(FLOATS, start, startAt + 2 * COUNT);
    FloatVector c03 = FloatVector.fromArray(FLOATS, start, startAt + 3 * COUNT);
    FloatVector c10 = FloatVector.fromArray(FLOATS, start, startAt + startStride);
    FloatVector c11 = FloatVector.fromArray(FLOATS, start, startAt + startStride + COUNT);
    FloatVector c12 = FloatVector.fromArray(FLOATS, start, startAt + startStride + 2 * COUNT);
    FloatVector c13 = FloatVector.fromArray(FLOATS, start, startAt + startStride + 3 * COUNT);
    FloatVector c20 = FloatVector.fromArray(FLOATS, start, startAt + 2 * startStride);
    FloatVector c21 = FloatVector.fromArray(FLOATS, start, startAt + 2 * startStride + COUNT);
    FloatVector c22 = FloatVector.fromArray(FLOATS, start, startAt + 2 * startStride + 2 * COUNT);
    FloatVector c23 = FloatVector.fromArray(FLOATS, start, startAt + 2 * startStride + 3 * COUNT);
    FloatVector c30 = FloatVector.fromArray(FLOATS, start, startAt + 3 * startStride);
    FloatVector c31 = FloatVector.fromArray(FLOATS, start, startAt + 3 * startStride + COUNT);
    FloatVector c32 = FloatVector.fromArray(FLOATS, start, startAt + 3 * startStride + 2 * COUNT);
    FloatVector c33 = FloatVector.fromArray(FLOATS, start, startAt + 3 * startStride + 3 * COUNT);
    FloatVector c40 = FloatVector.fromArray(FLOATS, start, startAt + 4 * startStride);
    FloatVector c41 = FloatVector.fromArray(FLOATS, start, startAt + 4 * startStride + COUNT);
    FloatVector c42 = FloatVector.fromArray(FLOATS, start, startAt + 4 * startStride + 2 * COUNT);
    FloatVector c43 = FloatVector.fromArray(FLOATS, start, startAt + 4 * startStride + 3 * COUNT);
    FloatVector c50 = FloatVector.fromArray(FLOATS, start, startAt + 5 * startStride);
    FloatVector c51 = FloatVector.fromArray(FLOATS, start, startAt + 5 * startStride + COUNT);
    FloatVector c52 = FloatVector.fromArray(FLOATS, start, startAt + 5 * startStride + 2 * COUNT);
    FloatVector c53 = FloatVector.fromArray(FLOATS, start, startAt + 5 * startStride + 3 * COUNT);
    int a1 = aAt + aStride;
    int a2 = aAt + 2 * aStride;
    int a3 = aAt + 3 * aStride;
    int a4 = aAt + 4 * aStride;
    int a5 = aAt + 5 * aStride;
    for (int i = 0; i < k; i++) {
      FloatVector b0 = FloatVector.fromArray(FLOATS, b, bAt + i * (4 * COUNT));
      FloatVector b1 = FloatVector.fromArray(FLOATS, b, bAt + i * (4 * COUNT) + COUNT);
      FloatVector b2 = FloatVector.fromArray(FLOATS, b, bAt + i * (4 * COUNT) + 2 * COUNT);
      FloatVector b3 = FloatVector.fromArray(FLOATS, b, bAt + i * (4 * COUNT) + 3 * COUNT);
      FloatVector x0 = FloatVector.broadcast(FLOATS, a[aAt + i]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      c02 = x0.fma(b2, c02);
      c03 = x0.fma(b3, c03);
      FloatVector x1 = FloatVector.broadcast(FLOATS, a[a1 + i]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      c12 = x1.fma(b2, c12);
      c13 = x1.fma(b3, c13);
      FloatVector x2 = FloatVector.broadcast(FLOATS, a[a2 + i]);
      c20 = x2.fma(b0, c20);
      c21 = x2.fma(b1, c21);
      c22 = x2.fma(b2, c22);
      c23 = x2.fma(b3, c23);
      FloatVector x3 = FloatVector.broadcast(FLOATS, a[a3 + i]);
      c30 = x3.fma(b0, c30);
      c31 = x3.fma(b1, c31);
      c32 = x3.fma(b2, c32);
      c33 = x3.fma(b3, c33);
      FloatVector x4 = FloatVector.broadcast(FLOATS, a[a4 + i]);
      c40 = x4.fma(b0, c40);
      c41 = x4.fma(b1, c41);
      c42 = x4.fma(b2, c42);
      c43 = x4.fma(b3, c43);
      FloatVector x5 = FloatVector.broadcast(FLOATS, a[a5 + i]);
      c50 = x5.fma(b0, c50);
      c51 = x5.fma(b1, c51);
      c52 = x5.fma(b2, c52);
      c53 = x5.fma(b3, c53);
    }
    c00.intoArray(c, cAt);
    c01.intoArray(c, cAt + COUNT);
    c02.intoArray(c, cAt + 2 * COUNT);
    c03.intoArray(c, cAt + 3 * COUNT);
    c10.intoArray(c, cAt + cStride);
    c11.intoArray(c, cAt + cStride + COUNT);
    c12.intoArray(c, cAt + cStride + 2 * COUNT);
    c13.intoArray(c, cAt + cStride + 3 * COUNT);
    c20.intoArray(c, cAt + 2 * cStride);
    c21.intoArray(c, cAt + 2 * cStride + COUNT);
    c22.intoArray(c, cAt + 2 * cStride + 2 * COUNT);
    c23.intoArray(c, cAt + 2 * cStride + 3 * COUNT);
    c30.intoArray(c, cAt + 3 * cStride);
    c31.intoArray(c, cAt + 3 * cStride + COUNT);
    c32.intoArray(c, cAt + 3 * cStride + 2 * COUNT);
    c33.intoArray(c, cAt + 3 * cStride + 3 * COUNT);
    c40.intoArray(c, cAt + 4 * cStride);
    c41.intoArray(c, cAt + 4 * cStride + COUNT);
    c42.intoArray(c, cAt + 4 * cStride + 2 * COUNT);
    c43.intoArray(c, cAt + 4 * cStride + 3 * COUNT);
    c50.intoArray(c, cAt + 5 * cStride);
    c51.intoArray(c, cAt + 5 * cStride + COUNT);
    c52.intoArray(c, cAt + 5 * cStride + 2 * COUNT);
    c53.intoArray(c, cAt + 5 * cStride + 3 * COUNT);
  }

  private static void gemm8x1(
      float[] a,
      int aAt,
      int aStride,
      float[] b,
      int bAt,
      int k,
      float[] start,
      int startAt,
      int startStride,
      float[] c,
      int cAt,
      int cStride) {
    FloatVector c00 = FloatVector.fromArray(FLOATS, start, startAt);
    FloatVector c10 = FloatVector.fromArray(FLOATS, start, startAt + startStride);
    FloatVector c20 = FloatVector.fromArray(FLOATS, start, startAt + 2 * startStride);
    FloatVector c30 = FloatVector.fromArray(FLOATS, start, startAt + 3 * startStride);
    FloatVector c40 = FloatVector.fromArray(FLOATS, start, startAt + 4 * startStride);
    FloatVector c50 = FloatVector.fromArray(FLOATS, start, startAt + 5 * startStride);
    FloatVector c60 = FloatVector.fromArray(FLOATS, start, startAt + 6 * startStride);
    FloatVector c70 = FloatVector.fromArray(FLOATS, start, startAt + 7 * startStride);
    int a1 = aAt + aStride;
    int a2 = aAt + 2 * aStride;
    int a3 = aAt + 3 * aStride;
    int a4 = aAt + 4 * aStride;
    int a5 = aAt + 5 * aStride;
    int a6 = aAt + 6 * aStride;
    int a7 = aAt + 7 * aStride;
    for (int i = 0; i < k; i += 2) {
      FloatVector b0 = FloatVector.fromArray(FLOATS, b, bAt + i * COUNT);
      FloatVector x0 = FloatVector.broadcast(FLOATS, a[aAt + i]);
      c00 = x0.fma(b0, c00);
      FloatVector x1 = FloatVector.broadcast(FLOATS, a[a1 + i]);
      c10 = x1.fma(b0, c10);
      FloatVector x2 = FloatVector.broadcast(FLOATS, a[a2 + i]);
      c20 = x2.fma(b0, c20);
      FloatVector x3 = FloatVector.broadcast(FLOATS, a[a3 + i]);
      c30 = x3.fma(b0, c30);
      FloatVector x4 = FloatVector.broadcast(FLOATS, a[a4 + i]);
      c40 = x4.fma(b0, c40);
      FloatVector x5 = FloatVector.broadcast(FLOATS, a[a5 + i]);
      c50 = x5.fma(b0, c50);
      FloatVector x6 = FloatVector.broadcast(FLOATS, a[a6 + i]);
      c60 = x6.fma(b0, c60);
      FloatVector x7 = FloatVector.broadcast(FLOATS, a[a7 + i]);
      c70 = x7.fma(b0, c70);
      b0 = FloatVector.fromArray(FLOATS, b, bAt + i * COUNT + COUNT);
      x0 = FloatVector.broadcast(FLOATS, a[aAt + i + 1]);
      c00 = x0.fma(b0, c00);
      x1 = FloatVector.broadcast(FLOATS, a[a1 + i + 1]);
      c10 = x1.fma(b0, c10);
      x2 = FloatVector.broadcast(FLOATS, a[a2 + i + 1]);
      c20 = x2.fma(b0, c20);
      x3 = FloatVector.broadcast(FLOATS, a[a3 + i + 1]);
      c30 = x3.fma(b0, c30);
      x4 = FloatVector.broadcast(FLOATS, a[a4 + i + 1]);
      c40 = x4.fma(b0, c40);
      x5 = FloatVector.broadcast(FLOATS, a[a5 + i + 1]);
      c50 = x5.fma(b0, c50);
      x6 = FloatVector.broadcast(FLOATS, a[a6 + i + 1]);
      c60 = x6.fma(b0, c60);
      x7 = FloatVector.broadcast(FLOATS, a[a7 + i + 1]);
      c70 = x7.fma(b0, c70);
    }
    c00.intoArray(c, cAt);
    c10.intoArray(c, cAt + cStride);
    c20.intoArray(c, cAt + 2 * cStride);
    c30.intoArray(c, cAt + 3 * cStride);
    c40.intoArray(c, cAt + 4 * cStride);
    c50.intoArray(c, cAt + 5 * cStride);
    c60.intoArray(c, cAt + 6 * cStride);
    c70.intoArray(c, cAt + 7 * cStride);
  }
}
