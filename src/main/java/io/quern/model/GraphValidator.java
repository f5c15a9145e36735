package io.quern.model;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * Checks that a graph's tensors and operators fit together; see {@link Graph}. Structure is checked
 * here, each operator by {@link OperatorRules}. Nothing is allocated in proportion to what shapes
 * claim.
 */
final class GraphValidator {
  /**
   * Largest activation, 1 GiB. A file of a few bytes can claim any shape; whether all activations
   * together fit the memory at hand is for the planner to say, which knows what shares memory.
   */
  static final long MAX_ACTIVATION_BYTES = 1L << 30;

  private static final Set<DataType> ACTIVATION_TYPES =
      EnumSet.of(DataType.FLOAT32, DataType.INT8, DataType.UINT8, DataType.INT32, DataType.INT64);

  private GraphValidator() {}

  static void validate(
      List<Tensor> tensors, List<Operator> operators, List<Integer> inputs, List<Integer> outputs) {
    boolean[] ready = new boolean[tensors.size()];
    for (int t = 0; t < ready.length; t++) {
      tensor(tensors.get(t), t);
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
      String name = Graph.operatorName(op, i);
      for (int t : op.presentInputs()) {
        check(t >= 0 && t < ready.length, name + " reads tensor " + t + " of " + ready.length);
        check(ready[t], name + " reads tensor " + t + " before it is written");
      }
      for (int t : op.outputs()) {
        check(t >= 0 && t < ready.length, name + " writes tensor " + t + " of " + ready.length);
        check(!ready[t], name + " writes tensor " + t + ", which already has a value");
        ready[t] = true;
      }
      new OperatorRules(tensors, op, name).check();
    }
    for (int t : outputs) {
      check(
          t >= 0 && t < ready.length, "graph output refers to tensor " + t + " of " + ready.length);
      check(ready[t], "graph output " + t + " is never written");
    }
  }

  private static void tensor(Tensor t, int index) {
    String name = "tensor " + index + " " + t.name();
    if (t.shape().elements() == 0) {
      throw new UnsupportedModelException(name + ": " + t.shape() + " has no elements");
    }
    if (t.isConstant()) {
      return;
    }
    if (!ACTIVATION_TYPES.contains(t.type())) {
      throw new UnsupportedModelException(
          name + ": activations of type " + t.type() + " are not supported");
    }
    if (t.bytes() > MAX_ACTIVATION_BYTES) {
      throw new UnsupportedModelException(
          name
              + ": "
              + t.shape()
              + " of "
              + t.type()
              + " takes "
              + t.bytes()
              + " bytes, supported are "
              + MAX_ACTIVATION_BYTES);
    }
    if (t.quantization() != null && !t.quantization().isPerTensor()) {
      throw new UnsupportedModelException(
          name
              + ": an activation with "
              + t.quantization()
              + " is not supported, only one scale per tensor");
    }
  }

  private static void check(boolean holds, String message) {
    if (!holds) {
      throw new ModelFormatException(message);
    }
  }
}
