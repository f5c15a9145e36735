package io.quern.kernels;

/**
 * The arena of one session: three arrays, one for each width of element. Offsets of tensors are
 * decided when planning and count elements. Unsigned 8-bit tensors are held as signed ones: {@code
 * q - 128}, zero point less 128.
 */
public final class Memory {
  /** 8-bit tensors. */
  public final byte[] bytes;

  /** Float tensors. */
  public final float[] floats;

  /**
   * 32-bit and 64-bit integer tensors (indices; 64-bit ones are widened when they leave the
   * session).
   */
  public final int[] ints;

  /**
   * What a tier made of {@link #bytes}, once, so that runs need not make it again; null at first.
   * Must be immutable: threads set it without agreement.
   */
  public Object view;

  /** An arena of the given lengths, zeroed. */
  public Memory(int bytes, int floats, int ints) {
    this.bytes = new byte[bytes];
    this.floats = new float[floats];
    this.ints = new int[ints];
  }
}
