package io.quern.kernels;

/** Shapes of a resampling: [batch, inH, inW, channels] to [batch, outH, outW, channels], dense. */
public record ResizeGeometry(int batch, int inH, int inW, int outH, int outW, int channels) {}
