package io.quern.kernels;

/**
 * Moves 8-bit elements through a table: CONCATENATION of inputs whose scales or zero points differ.
 *
 * @param regions at least one; in any order
 * @param tables 256 results for each region, for -128 first
 */
public record LookupCopyInt8(CopyRegion[] regions, byte[][] tables) implements KernelParams {}
