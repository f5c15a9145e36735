package io.quern.kernels.asm;

import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;

/**
 * {@link NativeMemory} by calls into the C library of a 64-bit Linux.
 *
 * <p>Safe for use by several threads.
 */
@SuppressWarnings("restricted")
final class LinuxMemory implements NativeMemory {
  private static final int PROT_NONE = 0;
  private static final int PROT_READ_WRITE = 3;
  private static final int PROT_READ_EXEC = 5;

  /**
   * MAP_PRIVATE, MAP_ANONYMOUS, and MAP_POPULATE: all pages are written at once, and one by one
   * they would each interrupt the program.
   */
  private static final int MAP_FLAGS = 0x8022;

  private static final int AT_PAGESZ = 6;

  private final MemorySegment mmap;
  private final MemorySegment mprotect;
  private final MemorySegment munmap;
  private final MemorySegment getauxval;
  private final MemorySegment errnoLocation;
  private volatile MemorySegment clearCache;
  private volatile long pageBytes;

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
    long pointerBytes = ValueLayout.ADDRESS.byteSize();
    if (pointerBytes != 8) {
      throw new AsmUnavailableException("addresses have " + pointerBytes + " bytes, not 8");
    }
    NativeCall.require();
    SymbolLookup library = Linker.nativeLinker().defaultLookup();
    mmap = function(library, "mmap");
    mprotect = function(library, "mprotect");
    munmap = function(library, "munmap");
    getauxval = function(library, "getauxval");
    errnoLocation = function(library, "__errno_location");
  }

  private static MemorySegment function(SymbolLookup library, String name)
      throws AsmUnavailableException {
    MemorySegment address = library.find(name).orElse(null);
    if (address == null) {
      throw new AsmUnavailableException("the C library has no " + name);
    }
    return address;
  }

  @Override
  public long pageBytes() throws AsmUnavailableException {
    if (pageBytes == 0) {
      pageBytes = auxiliary(AT_PAGESZ);
    }
    return pageBytes;
  }

  @Override
  public MemorySegment map(long bytes) throws AsmUnavailableException {
    long address =
        NativeCall.call(
            mmap,
            MemorySegment.NULL,
            NativeCall.value(bytes),
            NativeCall.value(PROT_READ_WRITE),
            NativeCall.value(MAP_FLAGS),
            -1,
            0);
    if (address == -1) {
      throw failed("mmap of " + bytes + " bytes");
    }
    return MemorySegment.ofAddress(address).reinterpret(bytes);
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
    int result = (int) NativeCall.call(mprotect, pages.address(), pages.byteSize(), protection);
    if (result != 0) {
      throw failed("mprotect of " + pages.byteSize() + " bytes to " + what);
    }
  }

  @Override
  public void unmap(MemorySegment pages) {
    int result = (int) NativeCall.call(munmap, pages.address(), pages.byteSize(), 0);
    if (result != 0) {
      throw new IllegalStateException("munmap of " + pages + " failed");
    }
  }

  @Override
  public long auxiliary(long type) {
    return NativeCall.call(getauxval, type, 0, 0);
  }

  @Override
  public MemorySegment clearCache() {
    if (clearCache == null) {
      clearCache = findClearCache();
    }
    return clearCache;
  }

  private static MemorySegment findClearCache() {
    try {
      return SymbolLookup.libraryLookup("libgcc_s.so.1", Arena.global())
          .find("__clear_cache")
          .orElse(MemorySegment.NULL);
    } catch (IllegalArgumentException e) {
      return MemorySegment.NULL;
    }
  }

  /** The error of a call that has just failed, unless the JVM has made one of its own since. */
  private AsmUnavailableException failed(String what) {
    int errno =
        MemorySegment.ofAddress(NativeCall.call(errnoLocation, 0, 0, 0))
            .reinterpret(Integer.BYTES)
            .get(ValueLayout.JAVA_INT, 0);
    return new AsmUnavailableException(what + " failed: errno " + errno);
  }
}
