package io.quern.kernels;

/**
 * Bilinear resampling in float, of floats or of a legacy unsigned tensor. The latter is held as
 * int8: the weighted mean of {@code q + 128}, plus 0.5, cut to an integer, less 128.
 *
 * @param floats whether the elements are floats, else 8-bit ones
 * @param in offset of the input
 * @param out offset of the output; does not overlap the input
 */
public record ResizeBilinearFloat(
    boolean floats,
    int in,
    int out,
    ResizeGeometry geometry,
    FloatInterpolation rows,
    FloatInterpolation columns)
    implements KernelParams {}
