package io.quern.kernels;

/**
 * Lengths of arrays that are used at the same index in one loop.
 *
 * <p>A vector that crosses a cache line is loaded and stored at half the rate, and every one of 64
 * bytes does unless it lies at a multiple of 64. Java code cannot ask for an address, but C2 starts
 * a vectorised loop with single steps until one of its arrays is aligned. Arrays allocated one
 * after another whose objects are whole cache lines lie alike, so that then all of them are.
 */
public final class CacheLines {
  private static final int LINE = 64;

  /** What an array's length and class take on 64-bit JVMs with compressed classes. */
  private static final int HEADER = 16;

  private CacheLines() {}

  /** The least length of at least {@code n} at which a float array is whole cache lines. */
  public static int floats(int n) {
    return length(n, Float.BYTES);
  }

  /**
   * The same and 8 bytes: of such arrays, allocated one after another, each lies 8 bytes further
   * from the beginning of a cache line than the one before.
   */
  public static int shiftedFloats(int n) {
    return floats(n) + 8 / Float.BYTES;
  }

  /** The least length of at least {@code n} at which an array of shorts is whole cache lines. */
  public static int shorts(int n) {
    return length(n, Short.BYTES);
  }

  private static int length(int n, int size) {
    return (HEADER + n * size + LINE - 1 & -LINE) / size - HEADER / size;
  }
}
