package io.quern.kernels;

/**
 * Lengths of the arrays of a {@link Scratch}, in elements.
 *
 * @param bytes 8-bit values
 * @param shorts 16-bit values
 * @param ints 32-bit values
 * @param floats float values
 * @param rows separate float arrays
 * @param shortRows separate arrays of 16-bit values
 * @param shiftedRows float arrays of {@link Scratch#shiftedRows}
 * @param rowLength what each of these holds at least
 */
public record ScratchSize(
    int bytes,
    int shorts,
    int ints,
    int floats,
    int rows,
    int shortRows,
    int shiftedRows,
    int rowLength) {
  /** No scratch. */
  public static final ScratchSize NONE = new ScratchSize(0, 0, 0, 0);

  /** Without rows. */
  public ScratchSize(int bytes, int shorts, int ints, int floats) {
    this(bytes, shorts, ints, floats, 0, 0, 0, 0);
  }

  /** With float rows only. */
  public ScratchSize(int bytes, int shorts, int ints, int floats, int rows, int rowLength) {
    this(bytes, shorts, ints, floats, rows, 0, 0, rowLength);
  }

  /** Large enough for both. */
  public ScratchSize max(ScratchSize o) {
    return new ScratchSize(
        Math.max(bytes, o.bytes),
        Math.max(shorts, o.shorts),
        Math.max(ints, o.ints),
        Math.max(floats, o.floats),
        Math.max(rows, o.rows),
        Math.max(shortRows, o.shortRows),
        Math.max(shiftedRows, o.shiftedRows),
        Math.max(rowLength, o.rowLength));
  }

  /** Memory that one thread's scratch takes, without array headers. */
  public long totalBytes() {
    return bytes
        + 2L * shorts
        + 4L * (ints + (long) floats)
        + 4L * rows * CacheLines.floats(rowLength)
        + 4L * shiftedRows * CacheLines.shiftedFloats(rowLength)
        + 2L * shortRows * CacheLines.shorts(rowLength);
  }
}
