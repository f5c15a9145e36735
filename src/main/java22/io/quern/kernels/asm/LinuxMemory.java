package io.quern.kernels.asm;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * {@link NativeMemory} by downcalls into the C library of a 64-bit Linux.
 *
 * <p>Safe for use by several threads.
 */
@SuppressWarnings("restricted")
final class LinuxMemory implements NativeMemory {
  private static final int PROT_NONE = 0;
  private static final int PROT_READ_WRITE = 3;
  private static final int PROT_READ_EXEC = 5;
  private static final int MAP_PRIVATE_ANONYMOUS = 0x22;
  private static final AddressLayout POINTER = ValueLayout.ADDRESS;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

  private final MethodHandle mmap;
  private final MethodHandle mprotect;
  private final MethodHandle munmap;
  private final MethodHandle getpagesize;
  private final MethodHandle getauxval;

  /**
   * Looks the functions up.
   *
   * @throws AsmUnavailableException if this is not a 64-bit Linux, native access is denied, or a
   *     function is missing
   */
  LinuxMemory() throws AsmUnavailableException {
    String os = System.getProperty("os.name");
    if (!os.equals("Linux")) {
      throw new AsmUnavailableException("operating system is " + os + ", machine code needs Linux");
    }
    if (POINTER.byteSize() != 8) {
      throw new AsmUnavailableException("addresses have " + POINTER.byteSize() + " bytes, not 8");
    }
    try {
      Linker linker = Linker.nativeLinker();
      Linker.Option errno = Linker.Option.captureCallState("errno");
      mmap =
          function(
              linker, "mmap", FunctionDescriptor.of(LONG, LONG, LONG, INT, INT, INT, LONG), errno);
      mprotect = function(linker, "mprotect", FunctionDescriptor.of(INT, LONG, LONG, INT), errno);
      munmap = function(linker, "munmap", FunctionDescriptor.of(INT, LONG, LONG));
      getpagesize = function(linker, "getpagesize", FunctionDescriptor.of(INT));
      getauxval = function(linker, "getauxval", FunctionDescriptor.of(LONG, LONG));
    } catch (IllegalCallerException e) {
      throw new AsmUnavailableException("native access is denied: " + e.getMessage());
    } catch (UnsupportedOperationException e) {
      throw new AsmUnavailableException("this JVM has no native linker: " + e.getMessage());
    }
  }

  private static MethodHandle function(
      Linker linker, String name, FunctionDescriptor descriptor, Linker.Option... options)
      throws AsmUnavailableException {
    MemorySegment address =
        linker
            .defaultLookup()
            .find(name)
            .orElseThrow(() -> new AsmUnavailableException("the C library has no " + name));
    return linker.downcallHandle(address, descriptor, options);
  }

  @Override
  public long pageBytes() throws AsmUnavailableException {
    try {
      return (int) getpagesize.invokeExact();
    } catch (Throwable e) {
      throw failed("getpagesize", e);
    }
  }

  @Override
  public MemorySegment map(long bytes) throws AsmUnavailableException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = arena.allocate(Linker.Option.captureStateLayout());
      long address =
          (long) mmap.invokeExact(errno, 0L, bytes, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0L);
      if (address == -1) {
        throw new AsmUnavailableException(
            "mmap of " + bytes + " bytes failed: errno " + errno(errno));
      }
      return MemorySegment.ofAddress(address).reinterpret(bytes);
    } catch (AsmUnavailableException e) {
      throw e;
    } catch (Throwable e) {
      throw failed("mmap", e);
    }
  }

  @Override
  public void makeExecutable(MemorySegment pages) throws AsmUnavailableException {
    protect(pages, PROT_READ_EXEC, "executable");
  }

  @Override
  public void makeInaccessible(MemorySegment pages) throws AsmUnavailableException {
    protect(pages, PROT_NONE, "inaccessible");
  }

  private void protect(MemorySegment pages, int protection, String what)
      throws AsmUnavailableException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = arena.allocate(Linker.Option.captureStateLayout());
      int result = (int) mprotect.invokeExact(errno, pages.address(), pages.byteSize(), protection);
      if (result != 0) {
        throw new AsmUnavailableException(
            "mprotect of "
                + pages.byteSize()
                + " bytes to "
                + what
                + " failed: errno "
                + errno(errno));
      }
    } catch (AsmUnavailableException e) {
      throw e;
    } catch (Throwable e) {
      throw failed("mprotect", e);
    }
  }

  @Override
  public void unmap(MemorySegment pages) {
    try {
      int result = (int) munmap.invokeExact(pages.address(), pages.byteSize());
      if (result != 0) {
        throw new IllegalStateException("munmap of " + pages + " failed");
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("munmap failed", e);
    }
  }

  @Override
  public long auxiliary(long type) throws AsmUnavailableException {
    try {
      return (long) getauxval.invokeExact(type);
    } catch (Throwable e) {
      throw failed("getauxval", e);
    }
  }

  @Override
  public MemorySegment clearCache() {
    try {
      return SymbolLookup.libraryLookup("libgcc_s.so.1", Arena.global())
          .find("__clear_cache")
          .orElse(MemorySegment.NULL);
    } catch (IllegalArgumentException e) {
      return MemorySegment.NULL;
    }
  }

  private static int errno(MemorySegment state) {
    return (int)
        Linker.Option.captureStateLayout()
            .varHandle(MemoryLayout.PathElement.groupElement("errno"))
            .get(state, 0L);
  }

  private static AsmUnavailableException failed(String function, Throwable e) {
    return new AsmUnavailableException(function + " failed: " + e);
  }
}
