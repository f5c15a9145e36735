package io.quern.kernels.asm;

/**
 * Machine code of one layer, its constants, and what it reads and writes.
 *
 * <p>The code is a C function, in the System V (x86-64) or AAPCS64 calling convention:
 *
 * <pre>
 * {@code void kernel(const int8_t* in, int8_t* out, const void* packed, void* scratch, int64_t firstRow, int64_t rows)}
 * </pre>
 *
 * <p>It computes output rows {@code firstRow} to {@code firstRow + rows}; {@code in} and {@code
 * out} are those of row 0. It reads {@code in[0, inBytes + (firstRow + rows) * inBytesPerRow)} and
 * {@code packed}, writes {@code out[firstRow * outBytesPerRow, (firstRow + rows) * outBytesPerRow)}
 * completely, uses {@code scratch}, and touches no other byte. {@code rows} at most 0 does nothing.
 * No pointer needs an alignment; {@code packed} and {@code scratch} are faster on a multiple of 64.
 * Threads may share everything but {@code scratch} and the rows that they write.
 *
 * @param name routine and tile, for plans and reports
 * @param code position-independent; owned
 * @param packed weights, bias and requantization in the order that the code reads; owned
 * @param maxRows most rows that there are
 * @param scratchBytes of one thread
 */
record KernelCode(
    String name,
    Isa isa,
    byte[] code,
    byte[] packed,
    long inBytes,
    long inBytesPerRow,
    long outBytesPerRow,
    long maxRows,
    int scratchBytes) {}
