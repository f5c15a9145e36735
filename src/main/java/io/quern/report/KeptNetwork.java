package io.quern.report;

import io.quern.data.TensorCodec;
import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Tensor;
import io.quern.runtime.PlanOptions;
import io.quern.runtime.Planner;

/**
 * A network whose every tensor can be read and written as real numbers and whose operators can run
 * one by one. One thread at a time.
 */
final class KeptNetwork implements AutoCloseable {
  private static final PlanOptions KEEP =
      PlanOptions.defaults().withKeepIntermediates(true).withFuse(false);

  private final Graph graph;
  private final NetworkRunner runner;
  private final float[][] real;
  private final byte[][] stored;

  KeptNetwork(Graph graph) {
    this.graph = graph;
    this.runner = new NetworkRunner(Planner.plan(graph, KEEP));
    this.real = new float[graph.tensors().size()][];
    this.stored = new byte[graph.tensors().size()][];
  }

  /** Whether a tensor holds real numbers, quantized or not. */
  static boolean isReal(Tensor t) {
    return t.type() == DataType.FLOAT32 || (t.type().isQuantized8() && t.quantization() != null);
  }

  Graph graph() {
    return graph;
  }

  /** Runs the whole network. */
  void run(float[][] inputs) {
    runner.set(inputs);
    runner.invoke();
  }

  /** Runs one operator on what its inputs hold now; unfused, every operator is a step. */
  void runOperator(int operator) {
    runner.session().invokeStep(operator);
  }

  /** A tensor's real numbers, in a buffer that the next call for the same tensor overwrites. */
  float[] get(int tensor) {
    Tensor t = graph.tensor(tensor);
    allocate(tensor, t);
    if (t.type() == DataType.FLOAT32) {
      runner.session().getTensor(tensor, real[tensor]);
    } else {
      runner.session().getTensor(tensor, stored[tensor]);
      TensorCodec.dequantize(t, stored[tensor], real[tensor]);
    }
    return real[tensor];
  }

  /** Sets a tensor, rounded to what it can hold. */
  void set(int tensor, float[] values) {
    Tensor t = graph.tensor(tensor);
    if (t.type() == DataType.FLOAT32) {
      runner.session().setTensor(tensor, values);
    } else {
      allocate(tensor, t);
      TensorCodec.quantize(t, values, stored[tensor]);
      runner.session().setTensor(tensor, stored[tensor]);
    }
  }

  private void allocate(int tensor, Tensor t) {
    if (real[tensor] == null) {
      real[tensor] = new float[t.shape().elements()];
      stored[tensor] = t.type() == DataType.FLOAT32 ? null : new byte[real[tensor].length];
    }
  }

  /** The network's outputs, in buffers that the next call overwrites. */
  float[][] outputs() {
    runner.fetch();
    return runner.outputs();
  }

  @Override
  public void close() {
    runner.close();
  }
}
