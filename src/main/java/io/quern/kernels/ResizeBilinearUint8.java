package io.quern.kernels;

/**
 * Bilinear resampling of a legacy unsigned tensor, held as int8: the weighted mean of {@code q +
 * 128} in float, plus 0.5, cut to an integer, less 128.
 *
 * @param in offset of the input
 * @param out offset of the output; does not overlap the input
 */
public record ResizeBilinearUint8(
    int in, int out, ResizeGeometry geometry, FloatInterpolation rows, FloatInterpolation columns)
    implements KernelParams {}
