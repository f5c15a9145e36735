package io.quern.kernels;

/**
 * Everything that a {@link Tier} needs to make a {@link Kernel}: one immutable record per operator
 * family and element type.
 *
 * <p>Names end in the element type ({@code Conv2dInt8}, {@code Conv2dFloat}). {@code in}, {@code
 * left}, {@code out} and the like are offsets into the {@link Memory} array of that type, in
 * elements. Arrays are owned by the record and never written. Records are trusted: the planner has
 * proven that shapes fit and that accumulators cannot overflow.
 */
public interface KernelParams {}
