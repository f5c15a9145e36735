package io.quern.kernels;

/**
 * Elements that move: position i of {@code from} goes to position i of {@code to}.
 *
 * @param from positions read
 * @param to as many positions, distinct, written; they overlap no position that any region of the
 *     same operator reads
 */
public record CopyRegion(StridedView from, StridedView to) {}
