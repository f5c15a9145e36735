package io.quern.kernels;

/**
 * Sum or difference of two tensors with broadcasting: {@code l = multiply((left - leftZeroPoint) <<
 * leftShift, leftMultiplier, leftExponent)}, {@code r} likewise, {@code out = clamp(multiply(l +-
 * r, outMultiplier, outExponent) + outZeroPoint, qmin, qmax)}.
 *
 * <p>Nothing overflows: 255 * 2^20 < 2^28, and the exponents of the operands are not positive.
 *
 * @param left dims are the output's
 * @param right dims are the output's
 * @param out offset of the dense output; may be the offset of an operand that is dense
 * @param subtract whether {@code right} is subtracted
 * @param leftShift bits of headroom that both operands gain before they are scaled, 20
 */
public record AddInt8(
    StridedView left,
    StridedView right,
    int out,
    boolean subtract,
    int leftShift,
    int leftZeroPoint,
    int leftMultiplier,
    int leftExponent,
    int rightZeroPoint,
    int rightMultiplier,
    int rightExponent,
    int outMultiplier,
    int outExponent,
    int outZeroPoint,
    int qmin,
    int qmax)
    implements KernelParams {}
