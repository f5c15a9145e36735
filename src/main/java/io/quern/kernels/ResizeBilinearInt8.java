package io.quern.kernels;

/**
 * Bilinear resampling in fixed point: the weighted mean of four inputs with 20 fractional bits,
 * rounded to the nearest, ties away from zero. Input and output have the same scale and zero point.
 *
 * @param in offset of the input
 * @param out offset of the output; does not overlap the input
 */
public record ResizeBilinearInt8(
    int in, int out, ResizeGeometry geometry, FixedInterpolation rows, FixedInterpolation columns)
    implements KernelParams {}
