package io.quern.kernels.asm;

import java.lang.foreign.MemorySegment;

/**
 * The few operating-system calls that code memory and feature detection need.
 *
 * <p>An interface so that tests can make any of them fail.
 */
interface NativeMemory {
  /** Bytes per page, a power of two. */
  long pageBytes() throws AsmUnavailableException;

  /** New zeroed private pages, readable and writable. */
  MemorySegment map(long bytes) throws AsmUnavailableException;

  /** Makes pages readable and executable, and no longer writable. */
  void makeExecutable(MemorySegment pages) throws AsmUnavailableException;

  /** Makes pages inaccessible: any access is a fault. */
  void makeInaccessible(MemorySegment pages) throws AsmUnavailableException;

  /** Gives pages back. */
  void unmap(MemorySegment pages);

  /** An entry of the auxiliary vector, 0 if absent. */
  long auxiliary(long type) throws AsmUnavailableException;

  /**
   * Address of the C library's or compiler's {@code __clear_cache}, or {@code MemorySegment.NULL}.
   */
  MemorySegment clearCache();
}
