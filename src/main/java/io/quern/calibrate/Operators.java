package io.quern.calibrate;

import io.quern.model.Activation;
import io.quern.model.Operator;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;

/** What the passes need to know of every operator. */
final class Operators {
  private Operators() {}

  /** The same operator on other tensors; absent tensors stay absent. */
  static Operator map(Operator op, IntUnaryOperator in, IntUnaryOperator out) {
    Layer layer = Layer.of(op);
    if (layer != null) {
      return layer.with(
          in.applyAsInt(layer.input()),
          in.applyAsInt(layer.weights()),
          optional(layer.bias(), in),
          out.applyAsInt(layer.output()),
          layer.activation());
    }
    int y = out.applyAsInt(op.firstOutput());
    if (op instanceof Operator.Concatenation o) {
      return new Operator.Concatenation(all(o.inputs(), in), y, o.axis(), o.activation());
    }
    int x = in.applyAsInt(op.inputs().get(0));
    if (op instanceof Operator.Pool2d o) {
      return new Operator.Pool2d(
          o.mode(),
          x,
          y,
          o.padding(),
          o.strideH(),
          o.strideW(),
          o.windowH(),
          o.windowW(),
          o.activation());
    } else if (op instanceof Operator.Mean o) {
      return new Operator.Mean(x, y, o.axes(), o.keepDims());
    } else if (op instanceof Operator.Binary o) {
      return new Operator.Binary(o.function(), x, in.applyAsInt(o.right()), y, o.activation());
    } else if (op instanceof Operator.Unary o) {
      return new Operator.Unary(o.function(), x, y, o.alpha());
    } else if (op instanceof Operator.Prelu o) {
      return new Operator.Prelu(x, in.applyAsInt(o.alpha()), y);
    } else if (op instanceof Operator.Pad o) {
      return new Operator.Pad(x, optional(o.value(), in), y, o.before(), o.after());
    } else if (op instanceof Operator.Reshape o) {
      return new Operator.Reshape(o.mode(), x, y);
    } else if (op instanceof Operator.Transpose o) {
      return new Operator.Transpose(x, y, o.permutation());
    } else if (op instanceof Operator.Split o) {
      List<Integer> outputs = new ArrayList<>(List.of(y));
      outputs.addAll(all(o.outputs().subList(1, o.outputs().size()), out));
      return new Operator.Split(x, outputs, o.axis());
    } else if (op instanceof Operator.Slice o) {
      return new Operator.Slice(o.strided(), x, y, o.begin(), o.strides(), o.sizes());
    } else if (op instanceof Operator.Softmax o) {
      return new Operator.Softmax(x, y, o.beta());
    } else if (op instanceof Operator.Resize o) {
      return new Operator.Resize(o.mode(), x, y, o.alignCorners(), o.halfPixelCenters());
    } else if (op instanceof Operator.Quantize) {
      return new Operator.Quantize(x, y);
    } else if (op instanceof Operator.Dequantize) {
      return new Operator.Dequantize(x, y);
    }
    return new Operator.ArgMax(x, y, ((Operator.ArgMax) op).axis());
  }

  private static int optional(int tensor, IntUnaryOperator map) {
    return tensor == Operator.NO_TENSOR ? tensor : map.applyAsInt(tensor);
  }

  private static List<Integer> all(List<Integer> tensors, IntUnaryOperator map) {
    List<Integer> r = new ArrayList<>(tensors.size());
    for (int t : tensors) {
      r.add(map.applyAsInt(t));
    }
    return r;
  }

  /**
   * Whether the specification (or the operator's kernel, which only moves or compares elements)
   * demands that output and inputs share their quantization.
   */
  static boolean sharesQuantization(Operator op) {
    return op instanceof Operator.Pool2d
        || op instanceof Operator.Reshape
        || op instanceof Operator.Pad
        || op instanceof Operator.Transpose
        || op instanceof Operator.Concatenation
        || op instanceof Operator.Split
        || op instanceof Operator.Slice
        || op instanceof Operator.Resize;
  }

  /** The same operator with another fused activation, or null when it cannot have one. */
  static Operator withActivation(Operator op, Activation a) {
    Layer layer = Layer.of(op);
    if (layer != null) {
      return layer.with(layer.input(), layer.weights(), layer.bias(), layer.output(), a);
    } else if (op instanceof Operator.Binary o) {
      return new Operator.Binary(o.function(), o.left(), o.right(), o.output(), a);
    } else if (op instanceof Operator.Pool2d o) {
      return new Operator.Pool2d(
          o.mode(),
          o.input(),
          o.output(),
          o.padding(),
          o.strideH(),
          o.strideW(),
          o.windowH(),
          o.windowW(),
          a);
    }
    return null;
  }

  /** The fused activation; NONE for operators that cannot have one. */
  static Activation activation(Operator op) {
    Layer layer = Layer.of(op);
    if (layer != null) {
      return layer.activation();
    } else if (op instanceof Operator.Binary o) {
      return o.activation();
    } else if (op instanceof Operator.Pool2d o) {
      return o.activation();
    } else if (op instanceof Operator.Concatenation o) {
      return o.activation();
    }
    return Activation.NONE;
  }

  /** The activation that a stand-alone operator is, or null. */
  static Activation asActivation(Operator op) {
    if (op instanceof Operator.Unary u) {
      return switch (u.function()) {
        case RELU -> Activation.RELU;
        case RELU6 -> Activation.RELU6;
        case RELU_N1_TO_1 -> Activation.RELU_N1_TO_1;
        default -> null;
      };
    }
    return null;
  }
}
