package io.quern.kernels;

/**
 * Moves elements: RESHAPE, TRANSPOSE, SLICE, STRIDED_SLICE, SPLIT, CONCATENATION. 8-bit ones may go
 * through a table, where a concatenation's inputs differ in scale or zero point.
 *
 * @param elements what is moved
 * @param regions at least one; in any order
 * @param tables 256 results for each region, for -128 first; null when elements stay as they are
 */
public record Copy(Elements elements, CopyRegion[] regions, byte[][] tables)
    implements KernelParams {

  /** The array of the memory that elements lie in. */
  public enum Elements {
    /** {@link Memory#bytes}. */
    BYTES,
    /** {@link Memory#floats}. */
    FLOATS,
    /** {@link Memory#ints}. */
    INTS
  }
}
