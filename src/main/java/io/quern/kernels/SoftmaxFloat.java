package io.quern.kernels;

/**
 * Softmax along rows in float: {@code out = exp((in - max) * beta) / sum exp((in - max) * beta)}.
 *
 * @param in offset of [rows, depth]
 * @param out offset of [rows, depth]; may be {@code in}
 */
public record SoftmaxFloat(int in, int out, int rows, int depth, float beta)
    implements KernelParams {}
