package io.quern.oracle;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.List;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.tensorflowlite.BuiltinOpResolverWithoutDefaultDelegates;
import org.bytedeco.tensorflowlite.FlatBufferModel;
import org.bytedeco.tensorflowlite.Interpreter;
import org.bytedeco.tensorflowlite.InterpreterBuilder;
import org.bytedeco.tensorflowlite.InterpreterOptions;
import org.bytedeco.tensorflowlite.OpResolver;
import org.bytedeco.tensorflowlite.RegistrationNodePair;
import org.bytedeco.tensorflowlite.TfLiteTensor;
import org.bytedeco.tensorflowlite.global.tensorflowlite;

/**
 * TensorFlow Lite from org.bytedeco with {@code BuiltinRefOpResolver}.
 *
 * <p>That the reference kernels run, and nothing else, is ensured as follows. The resolver is made
 * by the constructor of {@code tflite::ops::builtin::BuiltinRefOpResolver}, found by its symbol,
 * because JavaCPP does not map the class. It brings no delegate, checked here. Its kernels are
 * other functions than the optimised resolver's, checked here for operators that have both. No
 * delegate is added, and after preparation every loaded model has its own operators, none of them a
 * delegate.
 */
final class TfliteOracle implements Oracle {
  private static final String CONSTRUCTOR = "_ZN6tflite3ops7builtin20BuiltinRefOpResolverC1Ev";

  /** Room for the C++ object, which is far smaller. */
  private static final int RESOLVER_BYTES = 4096;

  private static final int OK = 0;

  /** kTfLiteBuiltinDelegate. */
  private static final int DELEGATE = 51;

  /** CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED, SOFTMAX, ADD: have optimised twins. */
  private static final List<Integer> WITH_OPTIMISED_TWINS = List.of(3, 4, 9, 25, 0);

  private final OpResolver resolver;

  TfliteOracle() {
    this.resolver = new OpResolver(construct());
    long creators = 0;
    try (BuiltinOpResolverWithoutDefaultDelegates optimised =
        new BuiltinOpResolverWithoutDefaultDelegates()) {
      for (int operator : WITH_OPTIMISED_TWINS) {
        long reference = resolver.FindOp(operator, 1).invoke().address();
        if (reference == optimised.FindOp(operator, 1).invoke().address()) {
          throw new IllegalStateException("operator " + operator + " is not the reference kernel");
        }
        creators += resolver.GetDelegates(1).size();
      }
    }
    if (creators != 0) {
      throw new IllegalStateException("the reference resolver brings a delegate");
    }
  }

  @SuppressWarnings("restricted")
  private static Pointer construct() {
    SymbolLookup library =
        SymbolLookup.libraryLookup(Loader.load(tensorflowlite.class), Arena.global());
    BytePointer self = new BytePointer(RESOLVER_BYTES);
    Pointer.memset(self, 0, RESOLVER_BYTES);
    try {
      Linker.nativeLinker()
          .downcallHandle(
              library.find(CONSTRUCTOR).orElseThrow(),
              FunctionDescriptor.ofVoid(ValueLayout.ADDRESS))
          .invokeExact(MemorySegment.ofAddress(self.address()));
    } catch (Throwable e) {
      throw new IllegalStateException("cannot construct BuiltinRefOpResolver", e);
    }
    return self;
  }

  @Override
  public Model load(byte[] file, boolean keepIntermediates) {
    return new Loaded(file, keepIntermediates);
  }

  private static void check(int status, String what) {
    if (status != OK) {
      throw new IllegalStateException("TensorFlow Lite: " + what + " failed with " + status);
    }
  }

  private final class Loaded implements Model {
    private final BytePointer file;
    private final FlatBufferModel model;
    private final InterpreterOptions options;
    private final InterpreterBuilder builder;
    private final Interpreter interpreter;

    Loaded(byte[] bytes, boolean keepIntermediates) {
      file = new BytePointer(bytes);
      model = FlatBufferModel.VerifyAndBuildFromBuffer(file, bytes.length);
      if (model == null || model.isNull()) {
        throw new IllegalStateException("TensorFlow Lite: not a valid model");
      }
      options = new InterpreterOptions();
      options.SetPreserveAllTensors(keepIntermediates);
      builder = new InterpreterBuilder(model, resolver, options);
      check(builder.SetNumThreads(1), "SetNumThreads");
      interpreter = new Interpreter((Pointer) null);
      check(builder.apply(interpreter), "InterpreterBuilder");
      long operators = interpreter.nodes_size();
      check(interpreter.AllocateTensors(), "AllocateTensors");
      if (interpreter.nodes_size() != operators) {
        throw new IllegalStateException(
            operators + " operators became " + interpreter.nodes_size());
      }
      for (int i = 0; i < operators; i++) {
        RegistrationNodePair node = interpreter.node_and_registration(i);
        if (node.second().builtin_code() == DELEGATE) {
          throw new IllegalStateException("operator " + i + " is a delegate");
        }
      }
    }

    @Override
    public void setInput(int input, byte[] values) {
      ByteBuffer buffer = buffer(interpreter.inputs().get(input));
      if (buffer.capacity() != values.length) {
        throw new IllegalArgumentException(
            "input " + input + " has " + buffer.capacity() + " bytes, not " + values.length);
      }
      buffer.put(0, values);
    }

    @Override
    public void invoke() {
      check(interpreter.Invoke(), "Invoke");
    }

    @Override
    public byte[] output(int output) {
      return tensor(interpreter.outputs().get(output));
    }

    @Override
    public byte[] tensor(int index) {
      ByteBuffer buffer = buffer(index);
      byte[] values = new byte[buffer.capacity()];
      buffer.get(0, values);
      return values;
    }

    private ByteBuffer buffer(int tensor) {
      TfLiteTensor t = interpreter.tensor(tensor);
      return new BytePointer(t.data().data()).capacity(t.bytes()).asByteBuffer();
    }

    @Override
    public void close() {
      interpreter.deallocate();
      builder.deallocate();
      options.deallocate();
      model.deallocate();
      file.deallocate();
    }
  }
}
