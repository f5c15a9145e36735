package io.quern.kernels;

/**
 * Moves 8-bit elements without changing them: RESHAPE, TRANSPOSE, SLICE, STRIDED_SLICE, SPLIT,
 * CONCATENATION.
 *
 * @param regions at least one; in any order
 */
public record CopyInt8(CopyRegion[] regions) implements KernelParams {}
