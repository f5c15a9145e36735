package io.quern.calibrate;

import io.quern.model.Graph;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Everything that turns one float graph into one int8 graph. The passes fill it in; {@link
 * Quantizer} carries it out.
 */
final class Recipe {
  final Graph graph;

  /** Range of each activation; null for constants and tensors that are not float. */
  final Range[] ranges;

  /** int8 weights of each layer, by operator. */
  final Map<Integer, QuantizedWeights> weights = new HashMap<>();

  /** Biases that replace those of the graph, by operator. */
  final Map<Integer, float[]> biases = new HashMap<>();

  /** Operators that stay float. */
  final Set<Integer> floatOperators = new HashSet<>();

  /** Operators whose weights are sums of binary terms: their values are not rounded again. */
  final Set<Integer> binaryOperators = new HashSet<>();

  boolean floatInputOutput;

  Recipe(Graph graph, Range[] ranges) {
    this.graph = graph;
    this.ranges = ranges;
  }

  /** A copy that can be changed without changing this. */
  Recipe copy() {
    Recipe r = new Recipe(graph, ranges.clone());
    r.weights.putAll(weights);
    r.biases.putAll(biases);
    r.floatOperators.addAll(floatOperators);
    r.binaryOperators.addAll(binaryOperators);
    r.floatInputOutput = floatInputOutput;
    return r;
  }

  /** The bias that a layer will have, as real numbers. */
  float[] bias(int operator, Layer layer) {
    float[] replaced = biases.get(operator);
    return replaced != null ? replaced : layer.biasValues(graph);
  }

  /** Rounds every layer's weights to nearest at scales chosen as the options say. */
  void quantizeWeights(CalibrationOptions o) {
    for (int i = 0; i < graph.operators().size(); i++) {
      Layer layer = Layer.ofConstant(graph, graph.operators().get(i));
      if (layer != null) {
        weights.put(
            i,
            QuantizedWeights.of(
                graph, layer, o.weightScale(), o.percentile(), perChannel(layer, o)));
      }
    }
  }

  static boolean perChannel(Layer layer, CalibrationOptions o) {
    return !o.perTensorWeights() && (o.perChannelFullyConnected() || !layer.isFullyConnected());
  }
}
