package io.quern.kernels;

/**
 * Leaky rectifier with a slope per element: with {@code x = in - inputZeroPoint}, {@code out =
 * clamp(m(x) + outputZeroPoint, -128, 127)} where {@code m(x) = multiply(x, positiveMultiplier,
 * positiveShift)} for x at least 0, else {@code multiply(x * (alpha - alphaZeroPoint),
 * negativeMultiplier, negativeShift)}.
 *
 * @param in dims are the output's
 * @param alpha the slopes; dims are the output's
 * @param out offset of the dense output; may be the input's offset
 */
public record PreluInt8(
    StridedView in,
    StridedView alpha,
    int out,
    int inputZeroPoint,
    int alphaZeroPoint,
    int positiveMultiplier,
    int positiveShift,
    int negativeMultiplier,
    int negativeShift,
    int outputZeroPoint)
    implements KernelParams {}
