package io.quern.kernels;

/**
 * 2-D convolution: {@code out[n,y,x,o] = requantize(bias[o] + sum (w[o,i,j,c] - weightsZeroPoint) *
 * (in[n,y',x',c] - inputZeroPoint))}.
 *
 * @param in offset of [batch, inH, inW, inC]
 * @param out offset of [batch, outH, outW, outC]; does not overlap the input
 * @param weights [outC, kernelH, kernelW, inC / groups]; [-127, 127] from calibration, [-128, 127]
 *     in files
 * @param weightsZeroPoint 0 but for legacy unsigned networks, where {@code w - weightsZeroPoint} is
 *     in [-255, 255]
 * @param bias [outC]; zeros when the operator has none
 * @param groups input channels are divided in this many groups, output channels likewise; 1 for an
 *     ordinary convolution
 * @param inputZeroPoint [-128, 127]
 */
public record Conv2dInt8(
    int in,
    int out,
    ConvGeometry geometry,
    byte[] weights,
    int weightsZeroPoint,
    int[] bias,
    int groups,
    int inputZeroPoint,
    Requantization requantization)
    implements KernelParams {}
