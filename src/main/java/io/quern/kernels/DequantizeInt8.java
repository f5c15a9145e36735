package io.quern.kernels;

/**
 * From int8 to float: {@code out = scale * (in - zeroPoint)}.
 *
 * @param in offset in the byte array
 * @param out offset in the float array
 */
public record DequantizeInt8(int in, int out, int elements, float scale, int zeroPoint)
    implements KernelParams {}
