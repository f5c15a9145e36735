package io.quern.runtime;

import io.quern.kernels.KernelParams;
import io.quern.model.Graph;
import io.quern.model.UnsupportedModelException;
import java.util.function.IntUnaryOperator;

/** From an operator of a graph to the parameters of a kernel. */
final class Lowering {
  private Lowering() {}

  /**
   * Lowers one operator.
   *
   * @param offsetOfTensor place of a tensor in its array
   * @throws UnsupportedModelException if the operator cannot run with these types
   */
  static KernelParams lower(Graph graph, int operatorIndex, IntUnaryOperator offsetOfTensor) {
    throw new UnsupportedModelException(
        "operator " + operatorIndex + ": " + graph.operators().get(operatorIndex).kind());
  }
}
