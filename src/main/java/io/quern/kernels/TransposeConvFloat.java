package io.quern.kernels;

/**
 * Transposed 2-D convolution in float; layouts as in {@link TransposeConvInt8}.
 *
 * @param bias [outC]; zeros when the operator has none
 */
public record TransposeConvFloat(
    int in, int out, ConvGeometry geometry, float[] weights, float[] bias, float min, float max)
    implements KernelParams {}
