package io.quern.kernels;

/**
 * Index of the largest element along an axis, the first of equals: {@code out[o,i] = argmax over a
 * of in[o,a,i]}.
 *
 * @param in offset of [outer, axis, inner]
 * @param out offset of [outer, inner] in the array of ints
 */
public record ArgMaxInt8(int in, int out, int outer, int axis, int inner) implements KernelParams {}
