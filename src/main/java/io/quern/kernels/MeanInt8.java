package io.quern.kernels;

/**
 * Mean over axes: {@code out[i] = clamp(multiply(sum over j of (in[kept(i) + reduced(j)] -
 * inputZeroPoint), multiplier, shift) + outputZeroPoint, -128, 127)}.
 *
 * <p>The division by the number of elements is part of the multiplier, which may therefore be as
 * small as 2^29. The planner has proven that the sum fits in 32 bits.
 *
 * @param kept the axes that stay; its offset is the input's
 * @param reduced the axes that go, relative: offset 0
 * @param out offset of the dense output, one element per position of {@code kept}
 */
public record MeanInt8(
    StridedView kept,
    StridedView reduced,
    int out,
    int inputZeroPoint,
    int multiplier,
    int shift,
    int outputZeroPoint)
    implements KernelParams {}
