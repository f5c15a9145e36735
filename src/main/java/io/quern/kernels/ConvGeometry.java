package io.quern.kernels;

/**
 * Shapes of a convolution, standard or depthwise. Input [batch, inH, inW, inC], output [batch,
 * outH, outW, outC]. Output position (y, x) with kernel element (i, j) reads input position {@code
 * (y * strideH + i * dilationH - padTop, x * strideW + j * dilationW - padLeft)}; positions outside
 * the input add nothing.
 */
public record ConvGeometry(
    int batch,
    int inH,
    int inW,
    int inC,
    int outH,
    int outW,
    int outC,
    int kernelH,
    int kernelW,
    int strideH,
    int strideW,
    int dilationH,
    int dilationW,
    int padTop,
    int padLeft) {

  /**
   * Whether the kernel is 1x1, the stride 1 and nothing is padded: a matrix product of pixels and
   * weights.
   */
  public boolean isPointwise() {
    return kernelH == 1
        && kernelW == 1
        && strideH == 1
        && strideW == 1
        && padTop == 0
        && padLeft == 0
        && outH == inH
        && outW == inW;
  }

  /** Output positions: {@code batch * outH * outW}. */
  public int pixels() {
    return batch * outH * outW;
  }
}
