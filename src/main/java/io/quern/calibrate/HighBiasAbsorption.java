package io.quern.calibrate;

import io.quern.model.Activation;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Padding;
import io.quern.model.Shape;
import io.quern.model.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Moves the part of a bias that a ReLU never cuts on to the next layer, so that the activation
 * between them needs a smaller range: {@code c = max(0, mean - 3 deviation)} of the channel before
 * its ReLU; {@code b1 -= c, b2 += W2 c}.
 *
 * <p>Exact for values above c. Only where every output of the next layer sees every weight: no
 * padding, because padded zeros would have to be -c. A RELU6 that is reached on the calibration
 * inputs is left alone, because its ceiling would move. Source: Nagel et al., Data-Free
 * Quantization Through Weight Equalization and Bias Correction, 2019, section 4.1.3.
 */
final class HighBiasAbsorption {
  static final String NAME = "absorb-high-bias";

  private HighBiasAbsorption() {}

  static PassResult apply(Graph graph, Map<Integer, ChannelStatistics> statistics) {
    GraphEditor g = new GraphEditor(graph);
    List<String> details = new ArrayList<>();
    for (CrossLayerEqualisation.Pair p : CrossLayerEqualisation.pairs(g, graph)) {
      Layer a = Layer.of(g.operators.get(p.first()));
      Layer b = Layer.of(g.operators.get(p.second()));
      if (a.activation() == Activation.NONE || a.bias() == Operator.NO_TENSOR || padded(graph, b)) {
        continue;
      }
      ChannelStatistics s = statistics.get(p.first());
      double[] absorbed = new double[s.mean().length];
      int channels = 0;
      for (int c = 0; c < absorbed.length; c++) {
        boolean ceiling = a.activation() == Activation.RELU6 && s.max()[c] >= 6;
        absorbed[c] = ceiling ? 0 : Math.max(0, s.mean()[c] - 3 * s.deviation()[c]);
        channels += absorbed[c] > 0 ? 1 : 0;
      }
      if (channels == 0) {
        continue;
      }
      Tensor biasTensor = g.tensor(a.bias());
      float[] first = biasTensor.floats();
      for (int c = 0; c < first.length; c++) {
        first[c] -= (float) absorbed[c];
      }
      Tensor w = g.tensor(b.weights());
      float[] weights = w.floats();
      double[] moved = new double[b.channels(graph)];
      for (int i = 0; i < weights.length; i++) {
        moved[b.channelOf(w.shape(), i)] += weights[i] * absorbed[b.inputChannelOf(w.shape(), i)];
      }
      float[] second =
          b.bias() == Operator.NO_TENSOR ? new float[moved.length] : g.tensor(b.bias()).floats();
      for (int c = 0; c < second.length; c++) {
        second[c] += (float) moved[c];
      }
      int b1 = g.add(Tensor.constant(biasTensor.name(), biasTensor.shape(), first));
      String name = b.bias() == Operator.NO_TENSOR ? w.name() + "_bias" : g.tensor(b.bias()).name();
      int b2 = g.add(Tensor.constant(name, Shape.of(second.length), second));
      g.operators.set(p.first(), a.with(a.input(), a.weights(), b1, a.output(), a.activation()));
      g.operators.set(p.second(), b.with(b.input(), b.weights(), b2, b.output(), b.activation()));
      details.add(
          String.format(
              Locale.ROOT,
              "%s -> %s: %d channels, at most %.3g",
              graph.operatorName(p.first()),
              graph.operatorName(p.second()),
              channels,
              Arrays.stream(absorbed).max().orElse(0)));
    }
    return new PassResult(
        details.isEmpty() ? graph : g.build(),
        new PassReport(NAME, details.size(), details.size() + " pairs of layers", details));
  }

  private static boolean padded(Graph g, Layer l) {
    if (l.isFullyConnected()) {
      return false;
    }
    Shape w = g.tensor(l.weights()).shape();
    Padding p =
        l.operator() instanceof Operator.Conv2d o
            ? o.padding()
            : ((Operator.DepthwiseConv2d) l.operator()).padding();
    return p == Padding.SAME && (w.dim(1) > 1 || w.dim(2) > 1);
  }
}
