package io.quern.kernels;

/**
 * Largest element of a window: {@code out = clamp(max, qmin, qmax)}; positions outside the input do
 * not take part. Input and output have the same scale and zero point.
 *
 * @param in offset of [batch, inH, inW, inC]
 * @param out offset of [batch, outH, outW, inC]; does not overlap the input
 * @param geometry the window as a kernel with dilation 1
 */
public record MaxPool2dInt8(int in, int out, ConvGeometry geometry, int qmin, int qmax)
    implements KernelParams {}
