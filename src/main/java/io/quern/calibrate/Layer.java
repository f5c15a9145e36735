package io.quern.calibrate;

import io.quern.model.Activation;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Shape;

/**
 * One view of the operators that have weights: CONV_2D, DEPTHWISE_CONV_2D, TRANSPOSE_CONV,
 * FULLY_CONNECTED. Output channel {@code c} of the weights is dimension {@link #axis} of their
 * shape.
 *
 * @param operator the operator
 */
record Layer(Operator operator) {
  /** The layer that an operator is, or null when it has no weights. */
  static Layer of(Operator op) {
    return op instanceof Operator.Conv2d
            || op instanceof Operator.DepthwiseConv2d
            || op instanceof Operator.TransposeConv
            || op instanceof Operator.FullyConnected
        ? new Layer(op)
        : null;
  }

  /** The layer that an operator is when its weights and bias are float constants, else null. */
  static Layer ofConstant(Graph g, Operator op) {
    Layer l = of(op);
    return l != null
            && g.tensor(l.weights()).isConstant()
            && (l.bias() == Operator.NO_TENSOR || g.tensor(l.bias()).isConstant())
        ? l
        : null;
  }

  int input() {
    return operator.inputs().get(0);
  }

  int weights() {
    return operator.inputs().get(1);
  }

  int bias() {
    return operator.inputs().get(2);
  }

  int output() {
    return operator.firstOutput();
  }

  Activation activation() {
    if (operator instanceof Operator.Conv2d o) {
      return o.activation();
    } else if (operator instanceof Operator.DepthwiseConv2d o) {
      return o.activation();
    } else if (operator instanceof Operator.TransposeConv o) {
      return o.activation();
    }
    return ((Operator.FullyConnected) operator).activation();
  }

  /** Dimension of the weights along which output channels lie. */
  int axis() {
    return isDepthwise() ? 3 : 0;
  }

  boolean isDepthwise() {
    return operator instanceof Operator.DepthwiseConv2d;
  }

  boolean isFullyConnected() {
    return operator instanceof Operator.FullyConnected;
  }

  /** Number of output channels. */
  int channels(Graph g) {
    return g.tensor(weights()).shape().dim(axis());
  }

  /** Weights that feed one output channel. */
  int weightsPerChannel(Graph g) {
    return g.tensor(weights()).shape().elements() / Math.max(1, channels(g));
  }

  /** Output channel to which element {@code i} of the weights belongs. */
  int channelOf(Shape weights, int i) {
    return isDepthwise() ? i % weights.dim(3) : i / (weights.elements() / weights.dim(0));
  }

  /**
   * Input channel that element {@code i} of the weights multiplies, within its group for grouped
   * convolutions.
   */
  int inputChannelOf(Shape weights, int i) {
    return operator instanceof Operator.DepthwiseConv2d o
        ? i % weights.dim(3) / o.depthMultiplier()
        : i % weights.dim(-1);
  }

  /** Bias values, zeros when there is none. */
  float[] biasValues(Graph g) {
    return bias() == Operator.NO_TENSOR ? new float[channels(g)] : g.tensor(bias()).floats();
  }

  /** The same operator on other tensors and with another activation. */
  Operator with(int input, int weights, int bias, int output, Activation activation) {
    if (operator instanceof Operator.Conv2d o) {
      return new Operator.Conv2d(
          input,
          weights,
          bias,
          output,
          o.padding(),
          o.strideH(),
          o.strideW(),
          o.dilationH(),
          o.dilationW(),
          activation);
    } else if (operator instanceof Operator.DepthwiseConv2d o) {
      return new Operator.DepthwiseConv2d(
          input,
          weights,
          bias,
          output,
          o.padding(),
          o.strideH(),
          o.strideW(),
          o.dilationH(),
          o.dilationW(),
          o.depthMultiplier(),
          activation);
    } else if (operator instanceof Operator.TransposeConv o) {
      return new Operator.TransposeConv(
          input, weights, bias, output, o.padding(), o.strideH(), o.strideW(), activation);
    }
    Operator.FullyConnected o = (Operator.FullyConnected) operator;
    return new Operator.FullyConnected(input, weights, bias, output, o.keepNumDims(), activation);
  }
}
