package io.quern.kernels;

/**
 * Bilinear resampling in float.
 *
 * @param in offset of the input
 * @param out offset of the output; does not overlap the input
 */
public record ResizeBilinearFloat(
    int in, int out, ResizeGeometry geometry, FloatInterpolation rows, FloatInterpolation columns)
    implements KernelParams {}
