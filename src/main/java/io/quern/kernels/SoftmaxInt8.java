package io.quern.kernels;

/**
 * Softmax along rows in fixed point: {@code out = round(256 * e(max - in) / sum e(max - in)) -
 * 128}, clamped, where {@code e(d)} is {@code exp(-scale * beta * d)} as a 31-bit fraction.
 *
 * @param in offset of [rows, depth]
 * @param out offset of [rows, depth]; may be {@code in}; scale 1/256, zero point -128
 * @param depth 1..4095, so that the sum of exponentials fits in 12 integer bits
 * @param exponentials e(0) to e(255), each at least 0
 */
public record SoftmaxInt8(int in, int out, int rows, int depth, int[] exponentials)
    implements KernelParams {}
