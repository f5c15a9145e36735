package io.quern.kernels;

/**
 * Depthwise 2-D convolution: {@code out[n,y,x,o] = requantize(bias[o] + sum (w[i,j,o] -
 * weightsZeroPoint) * (in[n,y',x',o / depthMultiplier] - inputZeroPoint))}.
 *
 * @param in offset of [batch, inH, inW, inC]
 * @param out offset of [batch, outH, outW, outC = inC * depthMultiplier]; does not overlap the
 *     input
 * @param weights [1, kernelH, kernelW, outC]
 * @param weightsZeroPoint 0 but for legacy unsigned networks
 * @param bias [outC]; zeros when the operator has none
 * @param inputZeroPoint [-128, 127]
 */
public record DepthwiseConv2dInt8(
    int in,
    int out,
    ConvGeometry geometry,
    byte[] weights,
    int weightsZeroPoint,
    int[] bias,
    int depthMultiplier,
    int inputZeroPoint,
    Requantization requantization)
    implements KernelParams {}
