package io.quern.oracle;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.tensorflowlite.BuiltinOpResolverWithoutDefaultDelegates;
import org.bytedeco.tensorflowlite.OpResolver;
import org.bytedeco.tensorflowlite.TfLiteDelegate;
import org.bytedeco.tensorflowlite.global.tensorflowlite;

/**
 * Which kernels of TensorFlow Lite run a model.
 *
 * <p>JavaCPP maps neither {@code tflite::ops::builtin::BuiltinRefOpResolver} nor the XNNPACK
 * delegate; the library exports both, and they are found by their symbols.
 */
public enum TfliteKernels {
  /** Plain loops: the norm of results. */
  REFERENCE,
  /** Optimised kernels without a delegate. */
  OPTIMISED,
  /** The XNNPACK delegate, and optimised kernels where it has none. */
  XNNPACK;

  private static final String REFERENCE_CONSTRUCTOR =
      "_ZN6tflite3ops7builtin20BuiltinRefOpResolverC1Ev";

  /** Room for the C++ object, which is far smaller. */
  private static final int RESOLVER_BYTES = 4096;

  /** {@code TfLiteXNNPackDelegateOptions}: three ints that are used here, and room for the rest. */
  private static final MemoryLayout XNNPACK_OPTIONS =
      MemoryLayout.structLayout(
          MemoryLayout.sequenceLayout(4, ValueLayout.JAVA_INT),
          MemoryLayout.sequenceLayout(30, ValueLayout.JAVA_LONG));

  private static final long THREADS_OFFSET = 0;
  private static final long FLAGS_OFFSET = 8;

  /** TFLITE_XNNPACK_DELEGATE_FLAG_QS8 and _QU8. */
  private static final int QUANTIZED = 3;

  private static final Linker LINKER = Linker.nativeLinker();
  private static final SymbolLookup LIBRARY = library();

  @SuppressWarnings("restricted")
  private static SymbolLookup library() {
    return SymbolLookup.libraryLookup(Loader.load(tensorflowlite.class), Arena.global());
  }

  private OpResolver resolver;

  /** The resolver of these kernels, which all models share. */
  synchronized OpResolver resolver() {
    if (resolver == null) {
      resolver =
          this == REFERENCE ? referenceResolver() : new BuiltinOpResolverWithoutDefaultDelegates();
    }
    return resolver;
  }

  @SuppressWarnings("restricted")
  private static OpResolver referenceResolver() {
    BytePointer self = new BytePointer(RESOLVER_BYTES);
    Pointer.memset(self, 0, RESOLVER_BYTES);
    try {
      LINKER
          .downcallHandle(
              LIBRARY.find(REFERENCE_CONSTRUCTOR).orElseThrow(),
              FunctionDescriptor.ofVoid(ValueLayout.ADDRESS))
          .invokeExact(MemorySegment.ofAddress(self.address()));
    } catch (Throwable e) {
      throw new IllegalStateException("cannot construct BuiltinRefOpResolver", e);
    }
    return new OpResolver(self);
  }

  /** The delegate of these kernels, or null when they need none; it lives as long as the JVM. */
  @SuppressWarnings("restricted")
  TfLiteDelegate delegate(int threads) {
    if (this != XNNPACK) {
      return null;
    }
    try {
      MemorySegment options =
          (MemorySegment)
              LINKER
                  .downcallHandle(
                      LIBRARY.find("TfLiteXNNPackDelegateOptionsDefault").orElseThrow(),
                      FunctionDescriptor.of(XNNPACK_OPTIONS))
                  .invokeExact((SegmentAllocator) Arena.global());
      // No pool of threads for one thread.
      options.set(ValueLayout.JAVA_INT, THREADS_OFFSET, threads == 1 ? 0 : threads);
      int flags = options.get(ValueLayout.JAVA_INT, FLAGS_OFFSET);
      options.set(ValueLayout.JAVA_INT, FLAGS_OFFSET, flags | QUANTIZED);
      MemorySegment delegate =
          (MemorySegment)
              LINKER
                  .downcallHandle(
                      LIBRARY.find("TfLiteXNNPackDelegateCreate").orElseThrow(),
                      FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.ADDRESS))
                  .invokeExact(options);
      return new TfLiteDelegate(new Address(delegate.address()));
    } catch (Throwable e) {
      throw new IllegalStateException("cannot create the XNNPACK delegate", e);
    }
  }

  private static final class Address extends Pointer {
    Address(long nativeAddress) {
      this.address = nativeAddress;
    }
  }
}
