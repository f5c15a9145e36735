package io.quern.kernels;

/**
 * Resampling to the nearest element: {@code out[n,y,x,c] = in[n,rows[y],columns[x],c]}.
 *
 * @param floats whether the elements are floats, else 8-bit ones
 * @param in offset of the input
 * @param out offset of the output; does not overlap the input
 */
public record ResizeNearest(
    boolean floats, int in, int out, ResizeGeometry geometry, int[] rows, int[] columns)
    implements KernelParams {}
