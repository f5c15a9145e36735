package io.quern.kernels;

/**
 * Padding with a constant: {@code out[i0, i1, ...] = in[i0 - before[0], i1 - before[1], ...]}
 * inside the input, {@code value} outside.
 *
 * @param inFloat whether elements lie in {@link Memory#floats} and not in {@link Memory#bytes}
 * @param in offset of the dense input
 * @param out offset of the dense output; does not overlap the input
 * @param inDims dimensions of the input
 * @param before positions of padding before each dimension
 * @param outDims dimensions of the output
 * @param value the padding; an integer of 8 bits where elements are bytes
 */
public record Pad(
    boolean inFloat, int in, int out, int[] inDims, int[] before, int[] outDims, float value)
    implements KernelParams {}
