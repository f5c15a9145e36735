package io.quern.calibrate;

import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Tensor;
import io.quern.runtime.PlanOptions;
import io.quern.runtime.Planner;
import io.quern.runtime.Session;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** One operator of a graph, runnable on its own. Not safe for use by several threads. */
final class MiniPlan implements AutoCloseable {
  private final Graph graph;
  private final Session session;

  /** The tensors, of the graph that the operator comes from, whose values {@link #run} takes. */
  final List<Integer> inputs = new ArrayList<>();

  MiniPlan(Graph source, Operator op, int threads) {
    List<Tensor> tensors = new ArrayList<>();
    List<Integer> index = new ArrayList<>();
    List<Integer> graphInputs = new ArrayList<>();
    for (int t : op.presentInputs()) {
      if (!index.contains(t)) {
        if (!source.tensor(t).isConstant()) {
          inputs.add(t);
          graphInputs.add(tensors.size());
        }
        index.add(t);
        tensors.add(source.tensor(t));
      }
    }
    List<Integer> graphOutputs = new ArrayList<>();
    for (int t : op.outputs()) {
      graphOutputs.add(tensors.size());
      index.add(t);
      tensors.add(source.tensor(t));
    }
    Operator moved = Operators.map(op, index::indexOf, index::indexOf);
    this.graph =
        new Graph(source.name(), tensors, List.of(moved), graphInputs, graphOutputs, Map.of());
    this.session = Planner.plan(graph, PlanOptions.defaults().withThreads(threads)).newSession();
  }

  /**
   * Runs the operator.
   *
   * @param values one byte[], float[] or int[] per input, as the tensor's type wants
   * @return one new array per output
   */
  Object[] run(List<Object> values) {
    for (int i = 0; i < values.size(); i++) {
      Object v = values.get(i);
      if (v instanceof byte[] b) {
        session.setInput(i, b);
      } else if (v instanceof float[] f) {
        session.setInput(i, f);
      } else {
        session.setInput(i, (int[]) v);
      }
    }
    session.invoke();
    Object[] r = new Object[graph.outputs().size()];
    for (int i = 0; i < r.length; i++) {
      Tensor t = graph.tensor(graph.outputs().get(i));
      int n = t.shape().elements();
      if (t.type() == DataType.FLOAT32) {
        float[] f = new float[n];
        session.getOutput(i, f);
        r[i] = f;
      } else if (t.type().isQuantized8()) {
        byte[] b = new byte[n];
        session.getOutput(i, b);
        r[i] = b;
      } else {
        int[] v = new int[n];
        session.getOutput(i, v);
        r[i] = v;
      }
    }
    return r;
  }

  @Override
  public void close() {
    session.close();
  }
}
