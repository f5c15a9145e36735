package io.quern.kernels.asm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Native bytes that end, or start, where an inaccessible page does: one byte too far is a fault.
 */
final class GuardedBuffer implements AutoCloseable {
  /**
   * Which neighbour is inaccessible at once; the other is a pattern that {@link #check} looks at.
   */
  enum Side {
    BEFORE,
    AFTER
  }

  static final byte PATTERN = (byte) 0xa5;

  private final NativeMemory os;
  private final MemorySegment pages;
  private final MemorySegment room;
  final MemorySegment bytes;

  GuardedBuffer(NativeMemory os, long size, Side side) throws AsmUnavailableException {
    this.os = os;
    long page = os.pageBytes();
    long used = CodeMemory.roundUp(Math.max(size, 1), page);
    pages = os.map(used + 2 * page);
    os.makeInaccessible(pages.asSlice(0, page));
    os.makeInaccessible(pages.asSlice(page + used, page));
    room = pages.asSlice(page, used);
    room.fill(PATTERN);
    bytes = room.asSlice(side == Side.BEFORE ? 0 : used - size, size);
  }

  /** Copies an array in. */
  void set(byte[] values) {
    MemorySegment.copy(values, 0, bytes, ValueLayout.JAVA_BYTE, 0, values.length);
  }

  byte[] get() {
    return bytes.toArray(ValueLayout.JAVA_BYTE);
  }

  /** Whether the accessible bytes around the buffer still hold the pattern. */
  boolean surroundingsIntact() {
    long from = bytes.address() - room.address();
    for (long i = 0; i < room.byteSize(); i++) {
      if ((i < from || i >= from + bytes.byteSize())
          && room.get(ValueLayout.JAVA_BYTE, i) != PATTERN) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void close() {
    os.unmap(pages);
  }
}
