package io.quern.kernels;

/**
 * Largest element of a window in float: {@code clamp(max, min, max)}; see {@link MaxPool2dInt8}.
 */
public record MaxPool2dFloat(int in, int out, ConvGeometry geometry, float min, float max)
    implements KernelParams {}
