package io.quern.kernels;

/**
 * Fully connected layer in float: {@code out[b,o] = clamp(bias[o] + sum w[o,i] * in[b,i], min,
 * max)}.
 *
 * @param bias [outputs]; zeros when the operator has none
 */
public record FullyConnectedFloat(
    int in,
    int out,
    int batch,
    int inputs,
    int outputs,
    float[] weights,
    float[] bias,
    float min,
    float max)
    implements KernelParams {}
