package io.quern.calibrate;

import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A graph under change. Operators keep their places ({@code null} marks a removed one) so that
 * indices stay valid until {@link #build}, which drops removed operators and unused tensors.
 */
final class GraphEditor {
  private final Graph source;
  final List<Tensor> tensors;
  final List<Operator> operators;
  final List<Integer> outputs;

  GraphEditor(Graph source) {
    this.source = source;
    this.tensors = new ArrayList<>(source.tensors());
    this.operators = new ArrayList<>(source.operators());
    this.outputs = new ArrayList<>(source.outputs());
  }

  int add(Tensor t) {
    tensors.add(t);
    return tensors.size() - 1;
  }

  Tensor tensor(int t) {
    return tensors.get(t);
  }

  /** Operators that read a tensor, each once. */
  List<Integer> consumers(int tensor) {
    List<Integer> r = new ArrayList<>();
    for (int i = 0; i < operators.size(); i++) {
      if (operators.get(i) != null && operators.get(i).presentInputs().contains(tensor)) {
        r.add(i);
      }
    }
    return r;
  }

  /**
   * The one operator that reads an activation, or -1 when there are none or several or the tensor
   * leaves the network.
   */
  int onlyConsumer(int tensor) {
    List<Integer> c = consumers(tensor);
    return c.size() == 1 && !outputs.contains(tensor) ? c.get(0) : -1;
  }

  /** The operator that writes a tensor, or -1. */
  int producer(int tensor) {
    for (int i = 0; i < operators.size(); i++) {
      if (operators.get(i) != null && operators.get(i).outputs().contains(tensor)) {
        return i;
      }
    }
    return -1;
  }

  /** The graph as it is now, without tensors that nothing refers to. Tensor order is kept. */
  Graph build() {
    boolean[] used = new boolean[tensors.size()];
    source.inputs().forEach(t -> used[t] = true);
    outputs.forEach(t -> used[t] = true);
    List<Operator> live = new ArrayList<>();
    for (Operator op : operators) {
      if (op != null) {
        live.add(op);
        op.presentInputs().forEach(t -> used[t] = true);
        op.outputs().forEach(t -> used[t] = true);
      }
    }
    int[] renumbered = new int[tensors.size()];
    Arrays.fill(renumbered, -1);
    List<Tensor> kept = new ArrayList<>();
    for (int t = 0; t < used.length; t++) {
      if (used[t]) {
        renumbered[t] = kept.size();
        kept.add(tensors.get(t));
      }
    }
    return new Graph(
        source.name(),
        kept,
        live.stream().map(op -> Operators.map(op, t -> renumbered[t], t -> renumbered[t])).toList(),
        source.inputs().stream().map(t -> renumbered[t]).toList(),
        outputs.stream().map(t -> renumbered[t]).toList(),
        source.metadata());
  }
}
