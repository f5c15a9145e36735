package io.quern.kernels;

/** Working memory of one thread; kernels may use it freely during a call. */
public final class Scratch {
  /** For 8-bit values. */
  public final byte[] bytes;

  /** For 16-bit values. */
  public final short[] shorts;

  /** For accumulators. */
  public final int[] ints;

  /** For float values. */
  public final float[] floats;

  /**
   * For float values in separate arrays: just-in-time compilers vectorise a storing loop only when
   * every array in it has the same index. Lengths are those of {@link CacheLines}.
   */
  public final float[][] rows;

  /** The same for 16-bit values. */
  public final short[][] shortRows;

  /** The index at which a tier lets {@link #rows} begin, 0 until it has chosen one. */
  public int rowStart;

  /** {@link System#nanoTime} of when it last did. */
  public long rowStartTimed;

  /**
   * Float arrays whose addresses are 8 bytes apart, as multiples of 32: every fourth lies alike.
   */
  public final float[][] shiftedRows;

  /** The first of every four that a tier has chosen. */
  public int shift;

  /** {@link System#nanoTime} of when it last did, 0 if never. */
  public long shiftTimed;

  /**
   * What a tier made of {@link #bytes}, once, so that runs need not make it again; null at first.
   * Must be immutable.
   */
  public Object view;

  /** Scratch of the given size, zeroed. */
  public Scratch(ScratchSize size) {
    this.bytes = new byte[size.bytes()];
    this.shorts = new short[size.shorts()];
    this.ints = new int[size.ints()];
    this.floats = new float[size.floats()];
    this.rows = new float[size.rows()][CacheLines.floats(size.rowLength())];
    this.shiftedRows = new float[size.shiftedRows()][CacheLines.shiftedFloats(size.rowLength())];
    this.shortRows = new short[size.shortRows()][CacheLines.shorts(size.rowLength())];
  }
}
