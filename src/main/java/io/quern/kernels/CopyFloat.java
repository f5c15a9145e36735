package io.quern.kernels;

/**
 * Moves float elements without changing them: RESHAPE, TRANSPOSE, SLICE, STRIDED_SLICE, SPLIT,
 * CONCATENATION.
 *
 * @param regions at least one; in any order
 */
public record CopyFloat(CopyRegion[] regions) implements KernelParams {}
