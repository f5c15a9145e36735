package io.quern.kernels.asm;

import java.lang.foreign.MemorySegment;

final class CacheFlushA64 {
  private CacheFlushA64() {}

  static void flush(NativeMemory os, MemorySegment pages) throws AsmUnavailableException {
    throw new AsmUnavailableException("not yet");
  }
}
