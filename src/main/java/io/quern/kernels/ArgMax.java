package io.quern.kernels;

/**
 * Index of the largest element along an axis, the first of equals: {@code out[o,i] = argmax over a
 * of in[o,a,i]}.
 *
 * @param floats whether the input is of floats, else of 8-bit elements
 * @param in offset of [outer, axis, inner]
 * @param out offset of [outer, inner] in the array of ints
 */
public record ArgMax(boolean floats, int in, int out, int outer, int axis, int inner)
    implements KernelParams {}
