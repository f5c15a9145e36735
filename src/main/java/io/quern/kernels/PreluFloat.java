package io.quern.kernels;

/**
 * Leaky rectifier in float with a slope per element: in for in at least 0, else {@code alpha * in}.
 *
 * @param in dims are the output's
 * @param alpha the slopes; dims are the output's
 * @param out offset of the dense output; may be the input's offset
 */
public record PreluFloat(StridedView in, StridedView alpha, int out) implements KernelParams {}
