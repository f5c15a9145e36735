package io.quern.calibrate;

import io.quern.model.Activation;
import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Operator.Binary;
import io.quern.model.Shape;
import io.quern.model.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Folds what follows a layer into its weights and bias: multiplications by, and additions or
 * subtractions of, a constant per output channel (batch normalisation as exporters write it, or a
 * bias), then a RELU, RELU6 or RELU_N1_TO_1.
 *
 * <p>{@code a * (w . x + b) + c = (a * w) . x + (a * b + c)}. The function of the network is
 * preserved up to float rounding: products are formed in double and rounded once. An operator is
 * folded only when it is the only reader of what it reads, so nothing else sees the intermediate
 * value. Layers without a bias get one.
 */
public final class BatchNormFolding {
  /** Name of the pass in reports. */
  public static final String NAME = "fold-batch-norm";

  private BatchNormFolding() {}

  /** The graph with everything foldable folded. */
  public static PassResult fold(Graph graph) {
    GraphEditor g = new GraphEditor(graph);
    List<String> details = new ArrayList<>();
    for (int i = 0; i < g.operators.size(); i++) {
      Layer layer = g.operators.get(i) == null ? null : Layer.ofConstant(graph, g.operators.get(i));
      if (layer == null || g.tensor(layer.weights()).type() != DataType.FLOAT32) {
        continue;
      }
      List<String> folded = foldInto(g, i, layer, graph);
      if (!folded.isEmpty()) {
        details.add(graph.operatorName(i) + " <- " + String.join(", ", folded));
      }
    }
    if (details.isEmpty()) {
      return new PassResult(graph, new PassReport(NAME, 0, "nothing to fold", details));
    }
    return new PassResult(
        g.build(),
        new PassReport(NAME, details.size(), "folded into " + details.size() + " layers", details));
  }

  private static List<String> foldInto(GraphEditor g, int index, Layer layer, Graph graph) {
    int channels = layer.channels(graph);
    double[] factor = new double[channels];
    double[] bias = new double[channels];
    java.util.Arrays.fill(factor, 1);
    float[] b = layer.biasValues(graph);
    for (int c = 0; c < channels; c++) {
      bias[c] = b[c];
    }
    Activation activation = layer.activation();
    int output = layer.output();
    List<String> folded = new ArrayList<>();
    boolean affine = false;
    while (activation == Activation.NONE) {
      int next = g.onlyConsumer(output);
      if (next < 0) {
        break;
      }
      Operator op = g.operators.get(next);
      Activation alone = Operators.asActivation(op);
      if (alone != null) {
        activation = alone;
      } else if (op instanceof Binary binary && apply(g, binary, output, factor, bias)) {
        activation = binary.activation();
        affine = true;
      } else {
        break;
      }
      folded.add(graph.operatorName(next));
      output = op.firstOutput();
      g.operators.set(next, null);
    }
    if (folded.isEmpty()) {
      return folded;
    }
    int weights = layer.weights();
    int biasTensor = layer.bias();
    if (affine) {
      Tensor w = g.tensor(weights);
      float[] values = w.floats();
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) (values[i] * factor[layer.channelOf(w.shape(), i)]);
      }
      float[] newBias = new float[channels];
      for (int c = 0; c < channels; c++) {
        newBias[c] = (float) bias[c];
      }
      weights = g.add(Tensor.constant(w.name(), w.shape(), values));
      String name =
          biasTensor == Operator.NO_TENSOR ? w.name() + "_bias" : g.tensor(biasTensor).name();
      biasTensor = g.add(Tensor.constant(name, Shape.of(channels), newBias));
    }
    g.operators.set(index, layer.with(layer.input(), weights, biasTensor, output, activation));
    return folded;
  }

  /**
   * Applies {@code binary}, one operand of which is {@code x = factor * layer + bias}, when the
   * other one is a constant.
   */
  private static boolean apply(
      GraphEditor g, Binary binary, int x, double[] factor, double[] bias) {
    boolean xIsLeft = binary.left() == x;
    if (xIsLeft && binary.right() == x) {
      return false;
    }
    Tensor other = g.tensor(xIsLeft ? binary.right() : binary.left());
    int channels = factor.length;
    if (!other.isConstant()
        || other.type() != DataType.FLOAT32
        || !g.tensor(binary.output()).shape().equals(g.tensor(x).shape())
        || other.shape().elements() != 1
            && (other.shape().elements() != channels || other.shape().dim(-1) != channels)) {
      return false;
    }
    float[] k = other.floats();
    for (int c = 0; c < channels; c++) {
      float v = k[k.length == 1 ? 0 : c];
      switch (binary.function()) {
        case MUL -> {
          factor[c] *= v;
          bias[c] *= v;
        }
        case ADD -> bias[c] += v;
        case SUB -> {
          if (xIsLeft) {
            bias[c] -= v;
          } else {
            factor[c] = -factor[c];
            bias[c] = v - bias[c];
          }
        }
      }
    }
    return true;
  }
}
