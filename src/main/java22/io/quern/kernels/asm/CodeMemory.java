package io.quern.kernels.asm;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * Machine code in executable memory, and its constants in pages beside it that are not executable.
 *
 * <p>Pages are mapped readable and writable, filled, and those of the code then made readable and
 * executable; they are never writable and executable at once, and never written again. {@link
 * #close} gives them back; calls of {@link #code} then throw {@link IllegalStateException} instead
 * of jumping into the void, and closing while a call runs throws the same.
 *
 * <p><b>Instruction cache.</b> x86-64 keeps it coherent. AArch64 does not: after the write, the
 * data cache must be cleaned and the instruction cache invalidated over the range. {@code
 * __clear_cache} of libgcc does that where the library is present. Otherwise a stub of our own does
 * ({@link CacheFlushA64}), and the question is who flushes the stub. Nobody needs to: its page is
 * freshly mapped and zeroed by the kernel, nothing was ever fetched from it, and Linux itself
 * cleans the data cache and invalidates the instruction cache when an anonymous page gets its first
 * executable mapping ({@code __sync_icache_dcache} on {@code set_pte} in arch/arm64/mm/flush.c),
 * here in {@code mprotect}, after the bytes were written. The return from that system call is the
 * context synchronisation of the calling core. The same argument holds for the kernels' own pages,
 * which are never rewritten; the explicit flush is kept because the architecture asks for it and it
 * costs microseconds once per plan.
 *
 * <p>Safe for use by several threads.
 */
final class CodeMemory implements AutoCloseable {
  /** Each piece of code or constants starts on a cache line. */
  private static final int ALIGNMENT = 64;

  private final Arena arena;
  private final MemorySegment[] codes;
  private final MemorySegment[] constants;

  @SuppressWarnings("restricted")
  private CodeMemory(
      NativeMemory os,
      MemorySegment pages,
      List<byte[]> codes,
      List<byte[]> constants,
      long constantsAt,
      Arena arena) {
    this.arena = arena;
    MemorySegment owned = pages.reinterpret(arena, os::unmap);
    this.codes = slices(owned, 0, codes);
    this.constants = slices(owned, constantsAt, constants);
  }

  /**
   * Makes code executable.
   *
   * @param codes position-independent code, one or more pieces
   * @throws AsmUnavailableException if memory cannot be mapped or made executable; nothing stays
   *     mapped
   */
  static CodeMemory install(NativeMemory os, Isa isa, List<byte[]> codes)
      throws AsmUnavailableException {
    return install(os, isa, codes, List.of(), Arena.ofShared());
  }

  /**
   * The same with constants, for as long as an arena lives: with {@link Arena#ofAuto}, until no
   * segment of {@link #code} or {@link #constants} is reachable and no call is running, and {@link
   * #close} is not possible.
   */
  static CodeMemory install(
      NativeMemory os, Isa isa, List<byte[]> codes, List<byte[]> constants, Arena arena)
      throws AsmUnavailableException {
    if (codes.isEmpty()) {
      throw new IllegalArgumentException("no code to install");
    }
    long page = os.pageBytes();
    long codeBytes = roundUp(lines(codes), page);
    MemorySegment pages = os.map(codeBytes + roundUp(lines(constants), page));
    try {
      MemorySegment executable = pages.asSlice(0, codeBytes);
      copy(codes, pages, 0);
      copy(constants, pages, codeBytes);
      os.makeExecutable(executable);
      if (isa == Isa.AARCH64) {
        CacheFlushA64.flush(os, executable);
      }
      return new CodeMemory(os, pages, codes, constants, codeBytes, arena);
    } catch (AsmUnavailableException | RuntimeException | Error e) {
      os.unmap(pages);
      throw e;
    }
  }

  /** Bytes of all pieces in whole cache lines. */
  private static long lines(List<byte[]> pieces) {
    long bytes = 0;
    for (byte[] piece : pieces) {
      bytes += roundUp(piece.length, ALIGNMENT);
    }
    return bytes;
  }

  private static void copy(List<byte[]> pieces, MemorySegment to, long first) {
    long at = first;
    for (byte[] piece : pieces) {
      MemorySegment.copy(piece, 0, to, ValueLayout.JAVA_BYTE, at, piece.length);
      at += roundUp(piece.length, ALIGNMENT);
    }
  }

  private static MemorySegment[] slices(MemorySegment pages, long first, List<byte[]> pieces) {
    MemorySegment[] slices = new MemorySegment[pieces.size()];
    long at = first;
    for (int i = 0; i < slices.length; i++) {
      slices[i] = pages.asSlice(at, pieces.get(i).length);
      at += roundUp(pieces.get(i).length, ALIGNMENT);
    }
    return slices;
  }

  /** Piece {@code index} of the code, to be called by {@link NativeCall}. */
  MemorySegment code(int index) {
    return codes[index];
  }

  /** Piece {@code index} of the constants, on a cache line. */
  MemorySegment constants(int index) {
    return constants[index];
  }

  /**
   * Gives the memory back.
   *
   * @throws IllegalStateException if it is closed already or a call is running
   */
  @Override
  public void close() {
    arena.close();
  }

  static long roundUp(long value, long powerOfTwo) {
    return (value + powerOfTwo - 1) & -powerOfTwo;
  }
}
