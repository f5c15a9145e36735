package io.quern.kernels;

/**
 * A depthwise convolution and the pointwise convolution that alone reads its result, as one kernel:
 * the intermediate tensor never exists as a whole. {@code depthwise.out()} and {@code
 * pointwise.in()} are meaningless here.
 */
public record DepthwisePointwiseInt8(DepthwiseConv2dInt8 depthwise, Conv2dInt8 pointwise)
    implements KernelParams {}
