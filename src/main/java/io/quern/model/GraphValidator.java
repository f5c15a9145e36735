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
      inRange(t, ready, "graph input", "refers to");
      if (ready[t]) {
        throw new ModelFormatException("graph input " + t + " is a constant or listed twice");
      }
      ready[t] = true;
    }
    for (int i = 0; i < operators.size(); i++) {
      Operator op = operators.get(i);
      String name = Graph.operatorName(op, i);
      for (int t : op.presentInputs()) {
        inRange(t, ready, name, "reads");
        if (!ready[t]) {
          throw new ModelFormatException(name + " reads tensor " + t + " before it is written");
        }
      }
      for (int t : op.outputs()) {
        inRange(t, ready, name, "writes");
        if (ready[t]) {
          throw new ModelFormatException(
              name + " writes tensor " + t + ", which already has a value");
        }
        ready[t] = true;
      }
      new OperatorRules(tensors, op, name).check();
    }
    for (int t : outputs) {
      inRange(t, ready, "graph output", "refers to");
      if (!ready[t]) {
        throw new ModelFormatException("graph output " + t + " is never written");
      }
      if (!ACTIVATION_TYPES.contains(tensors.get(t).type())) {
        throw new UnsupportedModelException(
            "graph output " + t + " of type " + tensors.get(t).type() + " is not supported");
      }
    }
  }

  private static void tensor(Tensor t, int index) {
    if (t.shape().elements() == 0) {
      throw new UnsupportedModelException(name(t, index) + ": " + t.shape() + " has no elements");
    }
    if (t.isConstant()) {
      return;
    }
    if (!ACTIVATION_TYPES.contains(t.type())) {
      throw new UnsupportedModelException(
          name(t, index) + ": activations of type " + t.type() + " are not supported");
    }
    if (t.bytes() > MAX_ACTIVATION_BYTES) {
      throw new UnsupportedModelException(
          name(t, index)
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
          name(t, index)
              + ": an activation with "
              + t.quantization()
              + " is not supported, only one scale per tensor");
    }
  }

  private static String name(Tensor t, int index) {
    return "tensor " + index + " " + t.name();
  }

  private static void inRange(int t, boolean[] tensors, String who, String does) {
    if (t < 0 || t >= tensors.length) {
      throw new ModelFormatException(who + " " + does + " tensor " + t + " of " + tensors.length);
    }
  }
}
