package io.quern.kernels.asm;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;

/**
 * Machine code in executable memory.
 *
 * <p>Pages are mapped readable and writable, filled, and then made readable and executable; they
 * are never writable and executable at once, and never written again. {@link #close} gives them
 * back; handles made from {@link #entry} then throw {@link IllegalStateException} instead of
 * jumping into the void, and closing while a call runs throws the same.
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
  /** Each piece of code starts on a cache line. */
  private static final int ALIGNMENT = 64;

  private final Arena arena;
  private final List<MemorySegment> entries;

  @SuppressWarnings("restricted")
  private CodeMemory(
      NativeMemory os, MemorySegment pages, List<MemorySegment> entries, Arena arena) {
    this.arena = arena;
    MemorySegment owned = pages.reinterpret(arena, os::unmap);
    this.entries =
        entries.stream()
            .map(e -> owned.asSlice(e.address() - pages.address(), e.byteSize()))
            .toList();
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
    return install(os, isa, codes, Arena.ofShared());
  }

  /**
   * The same, for as long as an arena lives: with {@link Arena#ofAuto}, until no handle made from
   * {@link #entry} is reachable and no call is running, and {@link #close} is not possible.
   */
  static CodeMemory install(NativeMemory os, Isa isa, List<byte[]> codes, Arena arena)
      throws AsmUnavailableException {
    long bytes = 0;
    for (byte[] code : codes) {
      bytes += roundUp(code.length, ALIGNMENT);
    }
    if (bytes == 0) {
      throw new IllegalArgumentException("no code to install");
    }
    MemorySegment pages = os.map(roundUp(bytes, os.pageBytes()));
    try {
      List<MemorySegment> entries = new ArrayList<>();
      long at = 0;
      for (byte[] code : codes) {
        MemorySegment.copy(code, 0, pages, ValueLayout.JAVA_BYTE, at, code.length);
        entries.add(pages.asSlice(at, code.length));
        at += roundUp(code.length, ALIGNMENT);
      }
      os.makeExecutable(pages);
      if (isa == Isa.AARCH64) {
        CacheFlushA64.flush(os, pages);
      }
      return new CodeMemory(os, pages, entries, arena);
    } catch (AsmUnavailableException | RuntimeException | Error e) {
      os.unmap(pages);
      throw e;
    }
  }

  /** A handle that calls piece {@code index}; see {@link Linker#downcallHandle}. */
  @SuppressWarnings("restricted")
  MethodHandle entry(int index, FunctionDescriptor descriptor, Linker.Option... options) {
    return Linker.nativeLinker().downcallHandle(entries.get(index), descriptor, options);
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
