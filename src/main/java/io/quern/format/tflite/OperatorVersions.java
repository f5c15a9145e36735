package io.quern.format.tflite;

import io.quern.model.Activation;
import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Tensor;

/**
 * The version that a file states for each operator: the lowest that has what the operator uses.
 * Source: {@code tensorflow/compiler/mlir/lite/tools/versioning/op_version.cc}, for the types that
 * Quern has.
 */
final class OperatorVersions {
  private OperatorVersions() {}

  static int version(Graph graph, Operator operator) {
    Tensor in = graph.tensor(operator.inputs().get(0));
    int rank = in.shape().rank();
    boolean int8 = in.type() == DataType.INT8;
    int plain = int8 ? 2 : 1;
    if (operator instanceof Operator.Conv2d c) {
      int depth = graph.tensor(c.weights()).shape().dim(3);
      return in.shape().dim(3) != depth ? 6 : int8 ? 3 : 1;
    }
    if (operator instanceof Operator.DepthwiseConv2d c) {
      return int8 ? 3 : c.dilationH() != 1 || c.dilationW() != 1 ? 2 : 1;
    }
    if (operator instanceof Operator.TransposeConv c) {
      return c.activation() != Activation.NONE ? 4 : c.bias() != Operator.NO_TENSOR ? 3 : plain;
    }
    if (operator instanceof Operator.FullyConnected c) {
      return c.bias() == Operator.NO_TENSOR ? 6 : c.keepNumDims() ? 5 : int8 ? 4 : 1;
    }
    if (operator instanceof Operator.Binary b) {
      return binary(graph, b, plain);
    }
    if (operator instanceof Operator.Unary u) {
      return switch (u.function()) {
        case RELU -> in.type().isQuantized8() ? 2 : 1;
        case RELU6, LOGISTIC, TANH -> plain;
        case RELU_N1_TO_1, LEAKY_RELU, HARD_SWISH -> 1;
      };
    }
    if (operator instanceof Operator.Pad) {
      return rank > 4 ? 4 : plain;
    }
    if (operator instanceof Operator.Transpose) {
      return rank > 6 ? 8 : rank > 5 ? 6 : rank > 4 ? 4 : plain;
    }
    if (operator instanceof Operator.Split) {
      return in.type() == DataType.INT32 ? 3 : plain;
    }
    if (operator instanceof Operator.Slice s) {
      // A new axis would be version 6 of STRIDED_SLICE; the kernels of 2.21.0 know it, but the
      // reference resolver stops before.
      return rank <= 4 ? plain : s.strided() ? 4 : 5;
    }
    if (operator instanceof Operator.Resize r) {
      boolean third =
          r.halfPixelCenters()
              || r.alignCorners() && r.mode() == Operator.Resize.Mode.NEAREST_NEIGHBOR;
      return third ? 3 : plain;
    }
    if (operator instanceof Operator.Reshape
        || operator instanceof Operator.Prelu
        || operator instanceof Operator.Quantize) {
      return 1;
    }
    return plain;
  }

  private static int binary(Graph graph, Operator.Binary b, int plain) {
    Tensor left = graph.tensor(b.left());
    Tensor right = graph.tensor(b.right());
    Tensor out = graph.tensor(b.output());
    boolean int64 = left.type() == DataType.INT64;
    switch (b.function()) {
      case MUL:
        if (int64) {
          return 5;
        }
        boolean scaled =
            left.quantization() != null
                && right.quantization() != null
                && out.quantization() != null;
        return scaled
                && left.quantization().scale()
                        * right.quantization().scale()
                        / out.quantization().scale()
                    >= 1
            ? 3
            : plain;
      case SUB:
        int rank = Math.max(left.shape().rank(), right.shape().rank());
        boolean broadcast = !left.shape().equals(right.shape());
        return int64 ? 4 : broadcast && rank > 4 ? 3 : plain;
      default:
        return int64 ? 4 : plain;
    }
  }
}
