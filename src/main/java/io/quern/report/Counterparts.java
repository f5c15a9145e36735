package io.quern.report;

import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Tensor;
import java.util.Arrays;

/** What stands for what in a network and the float graph that it approximates. Immutable. */
final class Counterparts {
  private final Graph graph;
  private final int[] floatTensor;
  private final int[] floatOperator;

  Counterparts(Candidate c) {
    this.graph = c.graph();
    this.floatTensor = new int[graph.tensors().size()];
    this.floatOperator = new int[graph.operators().size()];
    Arrays.fill(floatTensor, -1);
    Arrays.fill(floatOperator, -1);
    Graph f = c.floatGraph();
    for (int t = 0; t < c.tensorOf().size(); t++) {
      int q = c.tensorOf().get(t);
      if (q >= 0 && !graph.tensor(q).isConstant() && comparable(f.tensor(t), graph.tensor(q))) {
        floatTensor[q] = t;
      }
    }
    int[] producer = new int[f.tensors().size()];
    Arrays.fill(producer, -1);
    for (int i = 0; i < f.operators().size(); i++) {
      producer[f.operators().get(i).firstOutput()] = i;
    }
    for (int i = 0; i < floatOperator.length; i++) {
      int t = floatTensor[graph.operators().get(i).firstOutput()];
      floatOperator[i] = t < 0 ? -1 : producer[t];
    }
  }

  private static boolean comparable(Tensor f, Tensor q) {
    return f.type() == DataType.FLOAT32
        && f.shape().elements() == q.shape().elements()
        && KeptNetwork.isReal(q);
  }

  /** The float tensor that a tensor stands for, or -1. */
  int floatTensor(int tensor) {
    return floatTensor[tensor];
  }

  /** The float tensor that an operator's first output stands for, or -1. */
  int floatOutput(int operator) {
    return floatTensor[graph.operators().get(operator).firstOutput()];
  }

  /** The float operator whose first output an operator's first output stands for, or -1. */
  int floatOperator(int operator) {
    return floatOperator[operator];
  }

  /** Whether all that an operator reads is constant or has a counterpart. */
  boolean hasFloatInputs(int operator) {
    Operator op = graph.operators().get(operator);
    return op.presentInputs().stream()
        .allMatch(t -> graph.tensor(t).isConstant() || floatTensor[t] >= 0);
  }
}
