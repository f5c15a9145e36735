package io.quern.kernels;

/**
 * Moves integer elements without changing them: RESHAPE, TRANSPOSE, SLICE, STRIDED_SLICE, SPLIT,
 * CONCATENATION.
 *
 * @param regions at least one; in any order
 */
public record CopyInt32(CopyRegion[] regions) implements KernelParams {}
