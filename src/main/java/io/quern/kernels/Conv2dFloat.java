package io.quern.kernels;

/**
 * 2-D convolution in float: {@code out = clamp(bias[o] + sum w * in, min, max)}; layouts as in
 * {@link Conv2dInt8}.
 *
 * @param bias [outC]; zeros when the operator has none
 */
public record Conv2dFloat(
    int in,
    int out,
    ConvGeometry geometry,
    float[] weights,
    float[] bias,
    int groups,
    float min,
    float max)
    implements KernelParams {}
