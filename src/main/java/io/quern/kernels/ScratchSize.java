package io.quern.kernels;

/** Lengths of the arrays of a {@link Scratch}, in elements. */
public record ScratchSize(int bytes, int shorts, int ints, int floats) {
  /** No scratch. */
  public static final ScratchSize NONE = new ScratchSize(0, 0, 0, 0);

  /** Large enough for both. */
  public ScratchSize max(ScratchSize o) {
    return new ScratchSize(
        Math.max(bytes, o.bytes),
        Math.max(shorts, o.shorts),
        Math.max(ints, o.ints),
        Math.max(floats, o.floats));
  }

  /** Memory that one thread's scratch takes, without array headers. */
  public long totalBytes() {
    return bytes + 2L * shorts + 4L * ints + 4L * floats;
  }
}
