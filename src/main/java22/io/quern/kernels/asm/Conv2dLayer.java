package io.quern.kernels.asm;

import io.quern.kernels.ConvGeometry;

/**
 * A convolution of one image: {@code out[y,x,o] = requantize(bias[o] + sum w[o,i,j,c] * (in[y *
 * strideH + i * dilationH - padTop, x * strideW + j * dilationW - padLeft, c] - inputZeroPoint))};
 * positions outside the input add nothing.
 *
 * @param geometry of one image
 * @param product of patches, one row for each output position, and weights [outC, kernelH, kernelW,
 *     inC]
 */
record Conv2dLayer(ConvGeometry geometry, PointwiseLayer product) {
  /** Greatest width, height, and position of a kernel's element. */
  static final int MAX_SIZE = 1 << 24;

  private static final int MAX_SPAN = 1 << 12;
  private static final int MAX_STAGED = 1 << 24;

  Conv2dLayer {
    ConvGeometry g = geometry;
    Checks.range("batch", g.batch(), 1, 1);
    Checks.range("inH", g.inH(), 1, MAX_SIZE);
    Checks.range("inW", g.inW(), 1, MAX_SIZE);
    Checks.range("inC", g.inC(), 1, 1 << 16);
    Checks.range("bytes of the input", (long) g.inH() * g.inW() * g.inC(), 1, Integer.MAX_VALUE);
    Checks.range("outW * outC", (long) g.outW() * g.outC(), 1, Integer.MAX_VALUE);
    Checks.range("strideH", g.strideH(), 1, MAX_SPAN);
    Checks.range("strideW", g.strideW(), 1, MAX_SPAN);
    Checks.range("dilationH", g.dilationH(), 1, MAX_SPAN);
    Checks.range("dilationW", g.dilationW(), 1, MAX_SPAN);
    Checks.range("padTop", g.padTop(), 0, MAX_SPAN);
    Checks.range("padLeft", g.padLeft(), 0, MAX_SPAN);
    Checks.range("(kernelH - 1) * dilationH", (g.kernelH() - 1L) * g.dilationH(), 0, MAX_SPAN);
    Checks.range("(kernelW - 1) * dilationW", (g.kernelW() - 1L) * g.dilationW(), 0, MAX_SPAN);
    Checks.length("outH * outW", product.m(), (long) g.outH() * g.outW());
    Checks.length("outC", product.n(), g.outC());
    Checks.length("depth", product.k(), (long) g.kernelH() * g.kernelW() * g.inC());
  }

  /** The matrix product as a convolution of an image of width 1 with a kernel of 1 x 1. */
  static Conv2dLayer of(PointwiseLayer p) {
    return new Conv2dLayer(
        new ConvGeometry(1, p.m(), 1, p.k(), p.m(), 1, p.n(), 1, 1, 1, 1, 1, 1, 0, 0), p);
  }

  /** Whether a geometry is within the bounds of this class, and a few rows of it in scratch. */
  static boolean accepts(ConvGeometry g) {
    if (g.batch() != 1
        || Math.max(g.inH(), g.inW()) > MAX_SIZE
        || Math.max(g.strideH(), g.strideW()) > MAX_SPAN
        || Math.max(g.dilationH(), g.dilationW()) > MAX_SPAN
        || Math.max(g.padTop(), g.padLeft()) > MAX_SPAN
        || (g.kernelH() - 1L) * g.dilationH() > MAX_SPAN
        || (g.kernelW() - 1L) * g.dilationW() > MAX_SPAN) {
      return false;
    }
    long columns = (g.outW() - 1L) * g.strideW() + (g.kernelW() - 1L) * g.dilationW() + 1;
    long rows = 8L * g.strideH() + (g.kernelH() - 1L) * g.dilationH() + 1;
    return (long) g.inH() * g.inW() * g.inC() <= Integer.MAX_VALUE
        && (long) g.outW() * g.outC() <= Integer.MAX_VALUE
        && columns * g.inC() <= MAX_STAGED / rows
        && (long) g.inW() * g.inC() <= MAX_STAGED / g.strideH();
  }

  /** Input columns that patches touch, from the leftmost column of padding on. */
  int patchColumns() {
    ConvGeometry g = geometry;
    return Math.addExact(
        Math.multiplyExact(g.outW() - 1, g.strideW()), (g.kernelW() - 1) * g.dilationW() + 1);
  }

  /** Whether any patch reaches above or below the input. */
  boolean padsRows() {
    ConvGeometry g = geometry;
    long last = (g.outH() - 1L) * g.strideH() + (g.kernelH() - 1L) * g.dilationH();
    return g.padTop() > 0 || last >= g.inH();
  }

  /** Whether any patch reaches beyond the left or right end of the input's rows. */
  boolean padsColumns() {
    return geometry.padLeft() > 0 || patchColumns() > geometry.inW();
  }
}
