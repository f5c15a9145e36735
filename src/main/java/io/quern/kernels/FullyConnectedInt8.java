package io.quern.kernels;

/**
 * Fully connected layer: {@code acc = bias[o] + sum (w[o,i] - weightsZeroPoint) * (in[b,i] -
 * inputZeroPoint)}, then {@code clamp(round(acc * scales[o]) + zeroPoint, qmin, qmax)} in double
 * arithmetic with ties away from zero when {@code scales} is present (TensorFlow Lite 2.21.0), else
 * {@link Requantization}.
 *
 * @param in offset of [batch, inputs]
 * @param out offset of [batch, outputs]; does not overlap the input
 * @param weights [outputs, inputs]
 * @param bias [outputs]; zeros when the operator has none
 * @param scales one real factor in * w / out per output, or null when {@code requantization} alone
 *     says it
 */
public record FullyConnectedInt8(
    int in,
    int out,
    int batch,
    int inputs,
    int outputs,
    byte[] weights,
    int weightsZeroPoint,
    int[] bias,
    int inputZeroPoint,
    double[] scales,
    Requantization requantization)
    implements KernelParams {}
