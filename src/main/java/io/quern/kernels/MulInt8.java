package io.quern.kernels;

/**
 * Product of two tensors with broadcasting: {@code out = clamp(multiply((left - leftZeroPoint) *
 * (right - rightZeroPoint), multiplier, shift) + outZeroPoint, qmin, qmax)}.
 *
 * @param left dims are the output's
 * @param right dims are the output's
 * @param out offset of the dense output; may be the offset of an operand that is dense
 */
public record MulInt8(
    StridedView left,
    StridedView right,
    int out,
    int leftZeroPoint,
    int rightZeroPoint,
    int multiplier,
    int shift,
    int outZeroPoint,
    int qmin,
    int qmax)
    implements KernelParams {}
