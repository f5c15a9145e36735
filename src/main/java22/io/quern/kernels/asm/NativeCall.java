package io.quern.kernels.asm;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Calls emitted code and functions of the C library, all through one downcall handle: to link one
 * takes a fresh JVM tens of milliseconds, and as a constant it is inlined where it is called.
 *
 * <p>Four addresses and two integers fill the six integer registers that the System V (x86-64) and
 * AAPCS64 conventions both pass arguments in. A function with fewer parameters does not look at the
 * rest, one with an {@code int} reads the low half, and what a function without a result leaves in
 * the result register is ignored.
 *
 * <p>The call is critical: the thread changes no state, and arrays on the heap are passed in place.
 * So it must be short, as the garbage collector may wait for it. It allocates nothing, and keeps
 * the arenas of all segments alive; closing one of them meanwhile throws {@link
 * IllegalStateException}, as does a call when one is closed.
 *
 * <p>Safe for use by several threads.
 */
@SuppressWarnings("restricted")
final class NativeCall {
  private static final MethodHandle HANDLE;
  private static final String WHY_MISSING;

  static {
    MethodHandle handle = null;
    String whyMissing = null;
    try {
      handle =
          Linker.nativeLinker()
              .downcallHandle(
                  FunctionDescriptor.of(
                      ValueLayout.JAVA_LONG,
                      ValueLayout.ADDRESS,
                      ValueLayout.ADDRESS,
                      ValueLayout.ADDRESS,
                      ValueLayout.ADDRESS,
                      ValueLayout.JAVA_LONG,
                      ValueLayout.JAVA_LONG),
                  Linker.Option.critical(true));
    } catch (IllegalCallerException e) {
      whyMissing = "native access is denied: " + e.getMessage();
    } catch (UnsupportedOperationException e) {
      whyMissing = "this JVM has no native linker: " + e.getMessage();
    }
    HANDLE = handle;
    WHY_MISSING = whyMissing;
  }

  private NativeCall() {}

  /**
   * Checks that this JVM can call native code.
   *
   * @throws AsmUnavailableException with the reason if it cannot, or may not
   */
  static void require() throws AsmUnavailableException {
    if (WHY_MISSING != null) {
      throw new AsmUnavailableException(WHY_MISSING);
    }
  }

  /** An integer as an argument that is passed where addresses are. */
  static MemorySegment value(long value) {
    return MemorySegment.ofAddress(value);
  }

  /** Calls {@code function(a, b, c, d, e, f)}; arguments may be on the heap or native. */
  static long call(
      MemorySegment function,
      MemorySegment a,
      MemorySegment b,
      MemorySegment c,
      MemorySegment d,
      long e,
      long f) {
    try {
      return (long) HANDLE.invokeExact(function, a, b, c, d, e, f);
    } catch (RuntimeException | Error x) {
      throw x;
    } catch (Throwable x) {
      throw new IllegalStateException("native call", x);
    }
  }

  /** Calls {@code function(a, b, c)}. */
  static long call(MemorySegment function, long a, long b, long c) {
    return call(function, value(a), value(b), value(c), MemorySegment.NULL, 0, 0);
  }
}
