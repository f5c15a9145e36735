package io.quern.kernels;

/**
 * Mean over a window in float: {@code clamp(sum / count, min, max)}; see {@link AveragePool2dInt8}.
 */
public record AveragePool2dFloat(int in, int out, ConvGeometry geometry, float min, float max)
    implements KernelParams {}
