package io.quern.kernels;

/**
 * Mean over axes in float: {@code out[i] = (sum over j of in[kept(i) + reduced(j)]) / count}; see
 * {@link MeanInt8}.
 */
public record MeanFloat(StridedView kept, StridedView reduced, int out) implements KernelParams {}
