package io.quern.calibrate;

import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Tensor;
import io.quern.runtime.PlanOptions;
import io.quern.runtime.Planner;
import io.quern.runtime.Session;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Operators of a graph that follow each other, runnable on their own. Every operator runs by
 * itself, so that the results are those of running one after the other. Not safe for use by several
 * threads.
 */
final class MiniPlan implements AutoCloseable {
  private final Graph graph;
  private final Session session;

  /** The tensors, of the graph that the operators come from, whose values {@link #run} takes. */
  final List<Integer> inputs = new ArrayList<>();

  /** One operator with all its outputs. */
  MiniPlan(Graph source, Operator op, int threads) {
    this(source, List.of(op), op.outputs(), threads);
  }

  /**
   * Those of the operators that some tensors depend on.
   *
   * @param operators in an order in which they can run
   * @param outputs tensors that they write, at least one
   */
  MiniPlan(Graph source, List<Operator> operators, List<Integer> outputs, int threads) {
    Set<Integer> wanted = new HashSet<>(outputs);
    List<Operator> needed = new ArrayList<>();
    for (int i = operators.size() - 1; i >= 0; i--) {
      Operator op = operators.get(i);
      if (op.outputs().stream().anyMatch(wanted::contains)) {
        needed.add(0, op);
        wanted.addAll(op.presentInputs());
      }
    }
    List<Tensor> tensors = new ArrayList<>();
    Map<Integer, Integer> index = new HashMap<>();
    List<Integer> graphInputs = new ArrayList<>();
    List<Operator> moved = new ArrayList<>();
    for (Operator op : needed) {
      for (int t : op.presentInputs()) {
        if (!index.containsKey(t)) {
          if (!source.tensor(t).isConstant()) {
            inputs.add(t);
            graphInputs.add(tensors.size());
          }
          index.put(t, tensors.size());
          tensors.add(source.tensor(t));
        }
      }
      for (int t : op.outputs()) {
        index.put(t, tensors.size());
        tensors.add(source.tensor(t));
      }
      moved.add(Operators.map(op, index::get, index::get));
    }
    List<Integer> graphOutputs = outputs.stream().map(index::get).toList();
    this.graph = new Graph(source.name(), tensors, moved, graphInputs, graphOutputs, Map.of());
    PlanOptions options = PlanOptions.defaults().withThreads(threads).withFuse(false);
    this.session = Planner.plan(graph, options).newSession();
  }

  /**
   * Runs the operators.
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
