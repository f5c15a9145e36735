package io.quern.calibrate;

import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Tensor;
import io.quern.model.UnsupportedModelException;

/** Refuses models and inputs that cannot be calibrated, saying which tensor and which element. */
final class FloatModelCheck {
  private FloatModelCheck() {}

  /**
   * Checks a model.
   *
   * @throws UnsupportedModelException if it is quantized already, takes inputs that are not float,
   *     or has layers whose weights are not constants
   * @throws IllegalArgumentException if a weight is not finite
   */
  static void model(Graph g) {
    for (int i = 0; i < g.operators().size(); i++) {
      Operator op = g.operators().get(i);
      if (op instanceof Operator.Quantize || op instanceof Operator.Dequantize) {
        throw new UnsupportedModelException(
            "the model is quantized already: "
                + op.kind()
                + " (operator "
                + i
                + "); calibration starts from a float model");
      }
      if (Layer.of(op) != null && Layer.ofConstant(g, op) == null) {
        throw new UnsupportedModelException(
            op.kind()
                + " (operator "
                + i
                + "): weights are computed by the network, not constants");
      }
    }
    for (int t = 0; t < g.tensors().size(); t++) {
      Tensor tensor = g.tensor(t);
      if (tensor.type().isQuantized8() || tensor.type() == DataType.INT16) {
        throw new UnsupportedModelException(
            "the model is quantized already: tensor "
                + t
                + " "
                + tensor.name()
                + " is "
                + tensor.type());
      }
      if (tensor.type() == DataType.FLOAT32 && tensor.isConstant()) {
        finite(tensor.floats(), "weights " + tensor.name() + " (tensor " + t + ")");
      }
    }
    for (int t : g.inputs()) {
      if (g.tensor(t).type() != DataType.FLOAT32) {
        throw new UnsupportedModelException(
            "input " + g.tensor(t).name() + " is " + g.tensor(t).type() + ", not FLOAT32");
      }
    }
  }

  /**
   * Checks one set of inputs.
   *
   * @throws IllegalArgumentException if the number of arrays, a length or a value does not fit
   */
  static void inputs(Graph g, float[][] inputs, long number) {
    if (inputs.length != g.inputs().size()) {
      throw new IllegalArgumentException(
          "calibration input "
              + number
              + " has "
              + inputs.length
              + " tensors, the model takes "
              + g.inputs().size());
    }
    for (int i = 0; i < inputs.length; i++) {
      Tensor t = g.tensor(g.inputs().get(i));
      if (inputs[i].length != t.shape().elements()) {
        throw new IllegalArgumentException(
            "calibration input "
                + number
                + " has "
                + inputs[i].length
                + " values for "
                + t.name()
                + " "
                + t.shape()
                + ", which takes "
                + t.shape().elements());
      }
      finite(inputs[i], "calibration input " + number + " for " + t.name());
    }
  }

  /**
   * Checks values. The largest float counts as infinite: clamps turn infinity into it.
   *
   * @throws IllegalArgumentException if one is NaN or infinite, with {@code what} and its index
   */
  static void finite(float[] values, String what) {
    for (int i = 0; i < values.length; i++) {
      if (!(Math.abs(values[i]) < Float.MAX_VALUE)) {
        throw new IllegalArgumentException(what + ": element " + i + " is " + values[i]);
      }
    }
  }
}
