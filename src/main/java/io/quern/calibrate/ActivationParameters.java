package io.quern.calibrate;

import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Quantization;
import java.util.List;

/**
 * Decides the int8 parameters of every activation from its range.
 *
 * <p>Operators that only move or compare elements share parameters between inputs and output, so
 * such tensors form classes whose range is the union of their members'. SOFTMAX and LOGISTIC have
 * scale 1/256 and zero point -128, TANH 1/128 and 0, as the specification fixes them; a class that
 * one of them belongs to takes those. CONCATENATION does not join a fixed class to another one: its
 * input is requantized instead.
 */
final class ActivationParameters {
  private static final Quantization UNIT = Quantization.perTensor(1 / 256f, -128);
  private static final Quantization SIGNED_UNIT = Quantization.perTensor(1 / 128f, 0);

  private final int[] parent;
  private final Range[] range;
  private final Quantization[] fixed;

  private ActivationParameters(int tensors) {
    parent = new int[tensors];
    range = new Range[tensors];
    fixed = new Quantization[tensors];
    for (int t = 0; t < tensors; t++) {
      parent[t] = t;
    }
  }

  /** Parameters of every float activation of the graph, null for other tensors. */
  static Quantization[] of(Graph g, Range[] ranges) {
    ActivationParameters p = new ActivationParameters(g.tensors().size());
    for (int t = 0; t < ranges.length; t++) {
      p.range[t] = ranges[t];
    }
    for (Operator op : g.operators()) {
      if (op instanceof Operator.Softmax) {
        p.fixed[op.firstOutput()] = UNIT;
      } else if (op instanceof Operator.Unary u) {
        p.fixed[u.output()] =
            switch (u.function()) {
              case LOGISTIC -> UNIT;
              case TANH -> SIGNED_UNIT;
              default -> null;
            };
      } else if (Operators.sharesQuantization(op)) {
        p.share(g, op);
      }
    }
    Quantization[] r = new Quantization[ranges.length];
    for (int t = 0; t < r.length; t++) {
      if (g.tensor(t).type() == DataType.FLOAT32 && !g.tensor(t).isConstant()) {
        int root = p.find(t);
        r[t] = p.fixed[root] != null ? p.fixed[root] : p.range[root].toInt8();
      }
    }
    return r;
  }

  private void share(Graph g, Operator op) {
    List<Integer> inputs =
        op.presentInputs().stream().filter(t -> !g.tensor(t).isConstant()).toList();
    if (inputs.isEmpty() || g.tensor(op.firstOutput()).type() != DataType.FLOAT32) {
      return;
    }
    boolean sameKind = inputs.stream().map(t -> fixed[find(t)]).distinct().count() == 1;
    for (int t : inputs) {
      if (sameKind || fixed[find(t)] == null) {
        join(op.firstOutput(), t);
      }
    }
    for (int t : op.outputs()) {
      if (t != op.firstOutput()) {
        join(t, inputs.get(0));
      }
    }
  }

  private void join(int a, int b) {
    int x = find(a);
    int y = find(b);
    if (x != y) {
      parent[x] = y;
      range[y] =
          range[x] == null ? range[y] : range[y] == null ? range[x] : range[y].union(range[x]);
      if (fixed[y] == null) {
        fixed[y] = fixed[x];
      }
    }
  }

  private int find(int t) {
    int r = t;
    while (parent[r] != r) {
      r = parent[r];
    }
    return r;
  }
}
