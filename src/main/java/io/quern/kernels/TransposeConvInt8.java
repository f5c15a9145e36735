package io.quern.kernels;

/**
 * Transposed 2-D convolution: {@code out[n,y,x,o] = requantize(bias[o] + sum (w[o,i,j,c] -
 * weightsZeroPoint) * (in[n,y',x',c] - inputZeroPoint))} over all input positions (y', x') and
 * kernel elements (i, j) with {@code y = y' * strideH + i - padTop} and {@code x = x' * strideW + j
 * - padLeft}.
 *
 * @param in offset of [batch, inH, inW, inC]
 * @param out offset of [batch, outH, outW, outC]; does not overlap the input
 * @param geometry dilation 1; the padding is cut off the output
 * @param weights [outC, kernelH, kernelW, inC]
 * @param weightsZeroPoint 0 but for legacy unsigned networks
 * @param bias [outC]; zeros when the operator has none
 * @param inputZeroPoint [-128, 127]
 */
public record TransposeConvInt8(
    int in,
    int out,
    ConvGeometry geometry,
    byte[] weights,
    int weightsZeroPoint,
    int[] bias,
    int inputZeroPoint,
    Requantization requantization)
    implements KernelParams {}
