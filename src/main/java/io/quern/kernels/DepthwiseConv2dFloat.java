package io.quern.kernels;

/**
 * Depthwise 2-D convolution in float; layouts as in {@link DepthwiseConv2dInt8}.
 *
 * @param bias [outC]; zeros when the operator has none
 */
public record DepthwiseConv2dFloat(
    int in,
    int out,
    ConvGeometry geometry,
    float[] weights,
    float[] bias,
    int depthMultiplier,
    float min,
    float max)
    implements KernelParams {}
