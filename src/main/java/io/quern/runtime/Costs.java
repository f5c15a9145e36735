package io.quern.runtime;

import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Shape;
import io.quern.model.Tensor;

/** Multiply-accumulates and parameters of a graph. */
public final class Costs {
  private Costs() {}

  /**
   * Multiply-accumulates of one operator: those of convolutions and fully connected layers; 0 for
   * all others.
   */
  public static long macs(Graph g, int operatorIndex) {
    Operator op = g.operators().get(operatorIndex);
    if (op instanceof Operator.Conv2d c) {
      return perOutput(g.tensor(c.weights()).shape()) * g.tensor(c.output()).shape().elements();
    }
    if (op instanceof Operator.DepthwiseConv2d d) {
      Shape w = g.tensor(d.weights()).shape();
      return (long) w.dim(1) * w.dim(2) * g.tensor(d.output()).shape().elements();
    }
    if (op instanceof Operator.FullyConnected f) {
      return (long) g.tensor(f.weights()).shape().dim(1) * g.tensor(f.output()).shape().elements();
    }
    if (op instanceof Operator.TransposeConv t) {
      Shape w = g.tensor(t.weights()).shape();
      return (long) w.dim(0) * w.dim(1) * w.dim(2) * g.tensor(t.input()).shape().elements();
    }
    return 0;
  }

  private static long perOutput(Shape w) {
    return (long) w.dim(1) * w.dim(2) * w.dim(3);
  }

  /** Multiply-accumulates of a whole graph. */
  public static long macs(Graph g) {
    long sum = 0;
    for (int i = 0; i < g.operators().size(); i++) {
      sum += macs(g, i);
    }
    return sum;
  }

  /** Elements of the constants that an operator reads. */
  public static long parameters(Graph g, int operatorIndex) {
    long sum = 0;
    for (int t : g.operators().get(operatorIndex).presentInputs()) {
      if (g.tensor(t).isConstant()) {
        sum += g.tensor(t).shape().elements();
      }
    }
    return sum;
  }

  /** Elements of all constants. */
  public static long parameters(Graph g) {
    long sum = 0;
    for (Tensor t : g.tensors()) {
      sum += t.isConstant() ? t.shape().elements() : 0;
    }
    return sum;
  }
}
