package io.quern.oracle;

import java.nio.ByteBuffer;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.tensorflowlite.FlatBufferModel;
import org.bytedeco.tensorflowlite.Interpreter;
import org.bytedeco.tensorflowlite.InterpreterBuilder;
import org.bytedeco.tensorflowlite.InterpreterOptions;
import org.bytedeco.tensorflowlite.TfLiteDelegate;
import org.bytedeco.tensorflowlite.TfLiteIntArray;
import org.bytedeco.tensorflowlite.TfLiteTensor;

/** A model in TensorFlow Lite's interpreter, with a choice of kernels. */
public final class TfliteModel implements Oracle.Model {
  private static final int OK = 0;

  /** kTfLiteBuiltinDelegate. */
  private static final int DELEGATE = 51;

  private final BytePointer file;
  private final FlatBufferModel model;
  private final InterpreterOptions options;
  private final InterpreterBuilder builder;
  private final Interpreter interpreter;

  /**
   * Loads a model.
   *
   * @param bytes a whole .tflite file
   * @throws IllegalStateException if TensorFlow Lite refuses it, or the kernels are not those that
   *     were asked for
   */
  public TfliteModel(byte[] bytes, TfliteKernels kernels, int threads, boolean keepIntermediates) {
    file = new BytePointer(bytes);
    model = FlatBufferModel.VerifyAndBuildFromBuffer(file, bytes.length);
    if (model == null || model.isNull()) {
      throw new IllegalStateException("TensorFlow Lite: not a valid model");
    }
    options = new InterpreterOptions();
    options.SetPreserveAllTensors(keepIntermediates);
    builder = new InterpreterBuilder(model, kernels.resolver(), options);
    check(builder.SetNumThreads(threads), "SetNumThreads");
    interpreter = new Interpreter((Pointer) null);
    check(builder.apply(interpreter), "InterpreterBuilder");
    long operators = interpreter.nodes_size();
    TfLiteDelegate delegate = kernels.delegate(threads);
    if (delegate != null) {
      check(interpreter.ModifyGraphWithDelegate(delegate), "ModifyGraphWithDelegate");
    }
    check(interpreter.AllocateTensors(), "AllocateTensors");
    boolean delegated = interpreter.nodes_size() != operators;
    for (int i = 0; i < operators; i++) {
      delegated |= interpreter.node_and_registration(i).second().builtin_code() == DELEGATE;
    }
    if (delegated != (delegate != null)) {
      throw new IllegalStateException(
          kernels + ": a delegate runs " + (delegated ? "operators" : "none of the operators"));
    }
  }

  private static void check(int status, String what) {
    if (status != OK) {
      throw new IllegalStateException("TensorFlow Lite: " + what + " failed with " + status);
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
  public int operators() {
    return (int) interpreter.nodes_size();
  }

  @Override
  public byte[] output(int operator, int output) {
    TfLiteIntArray outputs = interpreter.node_and_registration(operator).first().outputs();
    return tensor(outputs.data(output));
  }

  private byte[] tensor(int index) {
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
