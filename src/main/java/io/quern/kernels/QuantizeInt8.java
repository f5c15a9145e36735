package io.quern.kernels;

/**
 * From float to int8: {@code out = clamp(round(in / scale) + zeroPoint, -128, 127)}, ties away from
 * zero.
 *
 * @param in offset in the float array
 * @param out offset in the byte array
 */
public record QuantizeInt8(int in, int out, int elements, float scale, int zeroPoint)
    implements KernelParams {}
