package io.quern.kernels.asm;

import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import java.lang.foreign.MemorySegment;

/**
 * Segments of arrays on the heap, made once for each array and kept with it, so that a run makes
 * none. Threads that meet an array for the first time at once each make one, and either is good:
 * segments are immutable.
 */
final class HeapViews {
  private HeapViews() {}

  static MemorySegment of(Memory memory) {
    if (memory.view instanceof MemorySegment s) {
      return s;
    }
    MemorySegment s = MemorySegment.ofArray(memory.bytes);
    memory.view = s;
    return s;
  }

  static MemorySegment of(Scratch scratch) {
    if (scratch.view instanceof MemorySegment s) {
      return s;
    }
    MemorySegment s = MemorySegment.ofArray(scratch.bytes);
    scratch.view = s;
    return s;
  }
}
