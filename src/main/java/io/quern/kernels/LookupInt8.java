package io.quern.kernels;

/**
 * Any element-wise function of one 8-bit tensor: {@code out[i] = table[in[i] + 128]}.
 *
 * @param in offset of the input
 * @param out offset of the output; may be {@code in}
 * @param table 256 results, for -128 first
 */
public record LookupInt8(int in, int out, int elements, byte[] table) implements KernelParams {}
