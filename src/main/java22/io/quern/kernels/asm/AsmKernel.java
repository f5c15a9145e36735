package io.quern.kernels.asm;

import java.lang.foreign.MemorySegment;

/**
 * A {@link KernelCode} that can be called.
 *
 * <p>Immutable; a call allocates nothing and throws {@link IllegalStateException} once the code
 * memory is closed.
 */
final class AsmKernel {
  private final KernelCode code;
  private final Placement placement;
  private final MemorySegment packed;
  private final MemorySegment entry;

  /**
   * Binds the code.
   *
   * @param index of the code in {@code memory}
   * @param packed a copy of {@link KernelCode#packed}, best on a multiple of 64 off the heap
   */
  AsmKernel(KernelCode code, CodeMemory memory, int index, MemorySegment packed) {
    this(code, Placement.WHOLE, memory, index, packed);
  }

  /** The same for code to which {@code placement} was applied. */
  AsmKernel(
      KernelCode code, Placement placement, CodeMemory memory, int index, MemorySegment packed) {
    if (packed.byteSize() < code.packed().length) {
      throw new IllegalArgumentException(
          code.name()
              + ": packed has "
              + packed.byteSize()
              + " bytes, not "
              + code.packed().length);
    }
    this.code = code;
    this.placement = placement;
    this.packed = packed;
    this.entry = memory.code(index);
  }

  String name() {
    return code.name();
  }

  int scratchBytes() {
    return code.scratchBytes();
  }

  /**
   * Computes output rows {@code firstRow} to {@code firstRow + rows}.
   *
   * @param in heap or native; the layer's input lies in it as the placement says
   * @param out heap or native, likewise; the layer's output must not overlap its input
   * @param scratch of this thread, at least {@link #scratchBytes}
   * @throws IllegalArgumentException if a segment is too small or there are not that many rows
   */
  void call(MemorySegment in, MemorySegment out, MemorySegment scratch, long firstRow, long rows) {
    if (firstRow < 0 || rows < 0 || firstRow > code.maxRows() - rows) {
      throw new IllegalArgumentException(
          code.name() + ": rows " + firstRow + " + " + rows + " exceed " + code.maxRows());
    }
    long end = firstRow + rows;
    long inRows = placement.staged() ? rows : end;
    if (in.byteSize() < placement.in() + code.inBytes() + inRows * code.inBytesPerRow()
        || out.byteSize() < placement.out() + end * code.outBytesPerRow()
        || scratch.byteSize() < code.scratchBytes()) {
      throw new IllegalArgumentException(
          code.name()
              + ": in "
              + in.byteSize()
              + ", out "
              + out.byteSize()
              + " or scratch "
              + scratch.byteSize()
              + " bytes are too few for "
              + end
              + " rows");
    }
    NativeCall.call(entry, in, out, packed, scratch, firstRow, rows);
  }
}
