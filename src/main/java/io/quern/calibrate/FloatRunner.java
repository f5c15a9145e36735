package io.quern.calibrate;

import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Tensor;
import io.quern.runtime.PlanOptions;
import io.quern.runtime.Planner;
import io.quern.runtime.Session;

/**
 * Runs a float graph and shows the value of every float activation. Not safe for use by several
 * threads.
 */
final class FloatRunner implements AutoCloseable {
  private final Graph graph;
  private final Session session;
  private final float[][] buffers;

  FloatRunner(Graph graph, int threads) {
    this.graph = graph;
    this.session =
        Planner.plan(
                graph,
                PlanOptions.defaults()
                    .withThreads(threads)
                    .withKeepIntermediates(true)
                    .withFuse(false))
            .newSession();
    this.buffers = new float[graph.tensors().size()][];
    for (int t = 0; t < buffers.length; t++) {
      if (isFloatActivation(t)) {
        buffers[t] = new float[graph.tensor(t).shape().elements()];
      }
    }
  }

  private boolean isFloatActivation(int t) {
    Tensor tensor = graph.tensor(t);
    return tensor.type() == DataType.FLOAT32 && !tensor.isConstant();
  }

  /** Runs on one set of inputs. */
  void run(float[][] inputs) {
    for (int i = 0; i < inputs.length; i++) {
      session.setInput(i, inputs[i]);
    }
    session.invoke();
  }

  /**
   * Values of a float activation after a run: a buffer that the next call for the same tensor
   * overwrites.
   */
  float[] values(int tensor) {
    session.getTensor(tensor, buffers[tensor]);
    return buffers[tensor];
  }

  @Override
  public void close() {
    session.close();
  }
}
