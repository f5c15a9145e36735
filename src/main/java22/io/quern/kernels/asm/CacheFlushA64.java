package io.quern.kernels.asm;

import io.quern.kernels.asm.A64Assembler.Cond;
import io.quern.kernels.asm.A64Assembler.X;
import io.quern.kernels.asm.CodeBuffer.Label;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Makes instruction fetches see what was written: libgcc's {@code __clear_cache}, or else the same
 * in code of our own. Why the latter needs no flush itself is explained in {@link CodeMemory}.
 */
final class CacheFlushA64 {
  private CacheFlushA64() {}

  /** Flushes a range that is mapped readable. */
  static void flush(NativeMemory os, MemorySegment pages) throws AsmUnavailableException {
    MemorySegment function = os.clearCache();
    MemorySegment stub = null;
    try {
      if (function.equals(MemorySegment.NULL)) {
        stub = os.map(os.pageBytes());
        byte[] code = emit();
        MemorySegment.copy(code, 0, stub, ValueLayout.JAVA_BYTE, 0, code.length);
        os.makeExecutable(stub);
        function = stub;
      }
      NativeCall.call(function, pages.address(), pages.address() + pages.byteSize(), 0);
    } finally {
      if (stub != null) {
        os.unmap(stub);
      }
    }
  }

  /** {@code void flush(start, end)}: cleans data lines, invalidates instruction lines, waits. */
  static byte[] emit() {
    A64Assembler a = new A64Assembler();
    X start = new X(0);
    X end = new X(1);
    X ctr = new X(2);
    X line = new X(3);
    X word = new X(4);
    X at = new X(5);
    a.mrsCtr(ctr);
    a.mov(word, 4);
    for (boolean data : new boolean[] {true, false}) {
      Label next = new Label();
      // the fields hold the logarithm of the line in words
      a.ubfx(line, ctr, data ? 16 : 0, 4);
      a.lsl(line, word, line);
      a.add(at, line, -1);
      a.bic(at, start, at);
      a.bind(next);
      if (data) {
        a.dcCvau(at);
      } else {
        a.icIvau(at);
      }
      a.add(at, at, line);
      a.cmp(at, end);
      a.b(Cond.LO, next);
      a.dsbIsh();
    }
    a.isb();
    a.ret();
    return a.toBytes();
  }
}
