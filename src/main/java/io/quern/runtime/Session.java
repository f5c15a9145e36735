package io.quern.runtime;

import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.model.DataType;
import io.quern.model.Tensor;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A plan with memory and threads of its own: set inputs, {@link #invoke}, get outputs. Neither
 * allocates.
 *
 * <p>One thread at a time may use a session. The memory of inputs is reused during a run: set every
 * input before every run. Inputs and outputs are in the tensor's own type; unsigned 8-bit ones are
 * raw bytes. Close a session to end its threads.
 */
public final class Session implements AutoCloseable {
  private final Plan plan;
  private final Memory memory;
  private final Scratch[] scratch;
  private final WorkerPool pool;
  private final TensorSlot[] inputs;
  private final TensorSlot[] outputs;
  private boolean closed;

  /** 1 while a run is under way, else 0. An int: the JDK links less at the start for it. */
  private final AtomicInteger busy = new AtomicInteger();

  Session(Plan plan) {
    this.plan = plan;
    this.memory = new Memory(plan.byteLength(), plan.floatLength(), plan.intLength());
    int threads = plan.options().threads();
    this.scratch = new Scratch[threads];
    for (int t = 0; t < threads; t++) {
      scratch[t] = new Scratch(plan.scratch());
    }
    this.inputs = slots(plan.graph().inputs());
    this.outputs = slots(plan.graph().outputs());
    loadConstants();
    this.pool = new WorkerPool(plan.steps(), memory, scratch);
  }

  private TensorSlot[] slots(java.util.List<Integer> tensors) {
    TensorSlot[] r = new TensorSlot[tensors.size()];
    for (int i = 0; i < r.length; i++) {
      r[i] = plan.slot(tensors.get(i));
    }
    return r;
  }

  private void loadConstants() {
    for (TensorSlot s : plan.slots()) {
      Tensor t = plan.graph().tensor(s.tensor());
      if (!t.isConstant()) {
        continue;
      }
      ByteBuffer data = t.data();
      switch (t.type()) {
        case FLOAT32 -> data.asFloatBuffer().get(memory.floats, s.offset(), s.length());
        case INT32 -> data.asIntBuffer().get(memory.ints, s.offset(), s.length());
        case INT64 -> {
          for (int i = 0; i < s.length(); i++) {
            memory.ints[s.offset() + i] = Math.toIntExact(data.getLong(8 * i));
          }
        }
        default -> {
          data.get(memory.bytes, s.offset(), s.length());
          flipUnsigned(s, memory.bytes, s.offset());
        }
      }
    }
  }

  /** The plan that this session runs. */
  public Plan plan() {
    return plan;
  }

  /**
   * Sets an 8-bit input.
   *
   * @param input position in the graph's inputs
   * @param values all elements; copied
   * @throws IllegalArgumentException if the tensor is of another type or length
   */
  public void setInput(int input, byte[] values) {
    write(inputs[input], values);
  }

  /**
   * Sets a float input.
   *
   * @param input position in the graph's inputs
   * @param values all elements; copied
   * @throws IllegalArgumentException if the tensor is of another type or length
   */
  public void setInput(int input, float[] values) {
    write(inputs[input], values);
  }

  /**
   * Sets an int32 input.
   *
   * @param input position in the graph's inputs
   * @param values all elements; copied
   * @throws IllegalArgumentException if the tensor is of another type or length
   */
  public void setInput(int input, int[] values) {
    TensorSlot s = inputs[input];
    check(s, s.type() == DataType.INT32, values.length, "int[]");
    System.arraycopy(values, 0, memory.ints, s.offset(), s.length());
  }

  /**
   * Runs the network once. Allocates nothing.
   *
   * @throws IllegalStateException if the session is closed, or another thread is running it
   */
  public void invoke() {
    begin();
    try {
      pool.run();
    } finally {
      busy.setRelease(0);
    }
  }

  /**
   * Runs one step alone on the calling thread, on whatever its inputs hold now. Only with {@link
   * PlanOptions#keepIntermediates()}.
   *
   * @param step index in {@link Plan#steps()}
   * @throws IllegalStateException if intermediate tensors are not kept, the session is closed or
   *     running
   */
  public void invokeStep(int step) {
    requireKept();
    begin();
    try {
      Kernel k = plan.steps().get(step).kernel();
      k.run(memory, scratch[0], 0, k.units());
    } finally {
      busy.setRelease(0);
    }
  }

  private void begin() {
    if (closed) {
      throw new IllegalStateException("the session is closed");
    }
    if (!busy.compareAndSet(0, 1)) {
      throw new IllegalStateException("another thread is running this session");
    }
  }

  /** Single-input, single-output shorthand: sets, runs, gets. */
  public void run(byte[] in, byte[] out) {
    requireSingle();
    setInput(0, in);
    invoke();
    getOutput(0, out);
  }

  /** Single-input, single-output shorthand: sets, runs, gets. */
  public void run(float[] in, float[] out) {
    requireSingle();
    setInput(0, in);
    invoke();
    getOutput(0, out);
  }

  private void requireSingle() {
    if (inputs.length != 1 || outputs.length != 1) {
      throw new IllegalArgumentException(
          "the model has "
              + inputs.length
              + " inputs and "
              + outputs.length
              + " outputs; use setInput, invoke and getOutput");
    }
  }

  /**
   * Copies an 8-bit output.
   *
   * @param output position in the graph's outputs
   * @param values receives all elements
   * @throws IllegalArgumentException if the tensor is of another type or length
   */
  public void getOutput(int output, byte[] values) {
    read(outputs[output], values);
  }

  /**
   * Copies a float output.
   *
   * @param output position in the graph's outputs
   * @param values receives all elements
   * @throws IllegalArgumentException if the tensor is of another type or length
   */
  public void getOutput(int output, float[] values) {
    read(outputs[output], values);
  }

  /**
   * Copies an int32 output.
   *
   * @param output position in the graph's outputs
   * @param values receives all elements
   * @throws IllegalArgumentException if the tensor is of another type or length
   */
  public void getOutput(int output, int[] values) {
    read(outputs[output], values);
  }

  /**
   * Copies an int64 output.
   *
   * @param output position in the graph's outputs
   * @param values receives all elements
   * @throws IllegalArgumentException if the tensor is of another type or length
   */
  public void getOutput(int output, long[] values) {
    TensorSlot s = outputs[output];
    check(s, s.type() == DataType.INT64, values.length, "long[]");
    for (int i = 0; i < s.length(); i++) {
      values[i] = memory.ints[s.offset() + i];
    }
  }

  /**
   * Copies any 8-bit tensor. Only with {@link PlanOptions#keepIntermediates()}.
   *
   * @param tensor index in the graph
   * @param values receives all elements
   */
  public void getTensor(int tensor, byte[] values) {
    read(kept(tensor), values);
  }

  /**
   * Copies any float tensor. Only with {@link PlanOptions#keepIntermediates()}.
   *
   * @param tensor index in the graph
   * @param values receives all elements
   */
  public void getTensor(int tensor, float[] values) {
    read(kept(tensor), values);
  }

  /**
   * Copies any int32 tensor. Only with {@link PlanOptions#keepIntermediates()}.
   *
   * @param tensor index in the graph
   * @param values receives all elements
   */
  public void getTensor(int tensor, int[] values) {
    read(kept(tensor), values);
  }

  /**
   * Overwrites any 8-bit tensor, for {@link #invokeStep}. Only with {@link
   * PlanOptions#keepIntermediates()}.
   *
   * @param tensor index in the graph
   * @param values all elements; copied
   */
  public void setTensor(int tensor, byte[] values) {
    write(kept(tensor), values);
  }

  /**
   * Overwrites any float tensor, for {@link #invokeStep}. Only with {@link
   * PlanOptions#keepIntermediates()}.
   *
   * @param tensor index in the graph
   * @param values all elements; copied
   */
  public void setTensor(int tensor, float[] values) {
    write(kept(tensor), values);
  }

  private TensorSlot kept(int tensor) {
    requireKept();
    TensorSlot s = plan.slot(tensor);
    if (s == null) {
      throw new IllegalArgumentException(
          "tensor " + tensor + " is a weight, not a value of the run");
    }
    return s;
  }

  private void requireKept() {
    if (!plan.options().keepIntermediates()) {
      throw new IllegalStateException("the plan does not keep intermediate tensors");
    }
  }

  private void write(TensorSlot s, byte[] values) {
    check(s, s.type().bytes() == 1, values.length, "byte[]");
    System.arraycopy(values, 0, memory.bytes, s.offset(), s.length());
    flipUnsigned(s, memory.bytes, s.offset());
  }

  private void write(TensorSlot s, float[] values) {
    check(s, s.type() == DataType.FLOAT32, values.length, "float[]");
    System.arraycopy(values, 0, memory.floats, s.offset(), s.length());
  }

  private void read(TensorSlot s, byte[] values) {
    check(s, s.type().bytes() == 1, values.length, "byte[]");
    System.arraycopy(memory.bytes, s.offset(), values, 0, s.length());
    flipUnsigned(s, values, 0);
  }

  private void read(TensorSlot s, float[] values) {
    check(s, s.type() == DataType.FLOAT32, values.length, "float[]");
    System.arraycopy(memory.floats, s.offset(), values, 0, s.length());
  }

  private void read(TensorSlot s, int[] values) {
    check(s, s.type() == DataType.INT32, values.length, "int[]");
    System.arraycopy(memory.ints, s.offset(), values, 0, s.length());
  }

  /** Between unsigned bytes, as callers see them, and the arena's signed ones. */
  private static void flipUnsigned(TensorSlot s, byte[] a, int offset) {
    if (s.type() == DataType.UINT8) {
      for (int i = 0; i < s.length(); i++) {
        a[offset + i] ^= (byte) 0x80;
      }
    }
  }

  private void check(TensorSlot s, boolean typeFits, int length, String given) {
    if (!typeFits || length != s.length()) {
      Tensor t = plan.graph().tensor(s.tensor());
      throw new IllegalArgumentException(
          "tensor "
              + t.name()
              + " is "
              + t.type()
              + " "
              + t.shape()
              + " ("
              + s.length()
              + " elements), given "
              + given
              + " of "
              + length);
    }
  }

  /** Ends the threads of this session. Closing twice does no harm. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      pool.close();
    }
  }
}
