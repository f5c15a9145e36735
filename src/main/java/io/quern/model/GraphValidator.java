package io.quern.model;

import java.util.List;

/** Checks that a graph's tensors and operators fit together; see {@link Graph}. */
final class GraphValidator {
  private GraphValidator() {}

  static void validate(
      List<Tensor> tensors, List<Operator> operators, List<Integer> inputs, List<Integer> outputs) {
    boolean[] ready = new boolean[tensors.size()];
    for (int t = 0; t < ready.length; t++) {
      ready[t] = tensors.get(t).isConstant();
    }
    for (int t : inputs) {
      check(
          t >= 0 && t < ready.length, "graph input refers to tensor " + t + " of " + ready.length);
      check(!ready[t], "graph input " + t + " is a constant or listed twice");
      ready[t] = true;
    }
    for (int i = 0; i < operators.size(); i++) {
      Operator op = operators.get(i);
      String name = op.kind() + " (operator " + i + ")";
      for (int t : op.presentInputs()) {
        check(t >= 0 && t < ready.length, name + " reads tensor " + t + " of " + ready.length);
        check(ready[t], name + " reads tensor " + t + " before it is written");
      }
      for (int t : op.outputs()) {
        check(t >= 0 && t < ready.length, name + " writes tensor " + t + " of " + ready.length);
        check(!ready[t], name + " writes tensor " + t + ", which already has a value");
        ready[t] = true;
      }
    }
    for (int t : outputs) {
      check(
          t >= 0 && t < ready.length, "graph output refers to tensor " + t + " of " + ready.length);
      check(ready[t], "graph output " + t + " is never written");
    }
  }

  private static void check(boolean holds, String message) {
    if (!holds) {
      throw new ModelFormatException(message);
    }
  }
}
