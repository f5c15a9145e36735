package io.quern.calibrate;

import io.quern.model.Activation;
import io.quern.model.Graph;
import io.quern.model.Shape;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.commons.math3.distribution.NormalDistribution;

/**
 * Takes the systematic part of each layer's quantization error off its bias: {@code b -=
 * E[approximation - target]} per output channel, before the activation. Source: Nagel et al.,
 * Data-Free Quantization Through Weight Equalization and Bias Correction, 2019, section 4.2 and
 * appendix.
 */
final class BiasCorrection {
  static final String NAME = "correct-bias";

  private static final NormalDistribution NORMAL = new NormalDistribution(null, 0, 1);

  private BiasCorrection() {}

  /**
   * The mean difference between int8 and float layer on given inputs, layer after layer, each with
   * all layers before it corrected.
   */
  static PassReport empirical(
      Recipe recipe, List<float[][]> inputs, int threads, Progress progress) {
    List<String> details = new java.util.ArrayList<>();
    LayerWalk.walk(
        recipe,
        inputs,
        threads,
        progress,
        NAME,
        (operator, layer, site, r) -> {
          double[] shift = meanDifference(site, layer.channels(r.graph));
          details.add(correct(r, operator, layer, shift));
        });
    return new PassReport(
        NAME, details.size(), "empirical, " + details.size() + " layers", details);
  }

  /** Per channel the mean of target minus approximation. */
  static double[] meanDifference(LayerWalk.Site site, int channels) {
    double[] sum = new double[channels];
    long count = 0;
    try (LayerWalk.Results target = site.target();
        LayerWalk.Results approximation = site.approximation()) {
      for (int n = 0; n < site.inputs(); n++) {
        float[] wanted = target.of(n);
        float[] got = approximation.of(n);
        for (int i = 0; i < wanted.length; i++) {
          sum[i % channels] += (double) wanted[i] - got[i];
        }
        count += wanted.length / channels;
      }
    }
    for (int c = 0; c < channels; c++) {
      sum[c] /= count;
    }
    return sum;
  }

  /**
   * {@code E[(Wq - W) x] = sum (Wq - W) E[x]} with E[x] from the normal distribution of the
   * previous layer's output before its activation, clipped as the activation clips. Corrects layers
   * whose input is another layer's output; rounding of activations and what earlier layers got
   * wrong stay uncorrected.
   */
  static PassReport analytic(Recipe recipe, Map<Integer, ChannelStatistics> statistics) {
    Graph g = recipe.graph;
    List<String> details = new java.util.ArrayList<>();
    GraphEditor e = new GraphEditor(g);
    for (int i = 0; i < g.operators().size(); i++) {
      Layer layer = Layer.ofConstant(g, g.operators().get(i));
      if (layer == null || recipe.floatOperators.contains(i)) {
        continue;
      }
      int producer = e.producer(layer.input());
      ChannelStatistics s = producer < 0 ? null : statistics.get(producer);
      Shape shape = g.tensor(layer.weights()).shape();
      int inputChannels = layer.isDepthwise() ? -1 : shape.dim(-1);
      if (s == null || inputChannels >= 0 && inputChannels != s.mean().length) {
        continue;
      }
      double[] mean = new double[s.mean().length];
      Activation a = Layer.of(g.operators().get(producer)).activation();
      for (int c = 0; c < mean.length; c++) {
        mean[c] = clippedMean(s.mean()[c], s.deviation()[c], a.min(), a.max());
      }
      float[] exact = g.tensor(layer.weights()).floats();
      float[] rounded = recipe.weights.get(i).dequantize(layer, shape);
      double[] shift = new double[layer.channels(g)];
      for (int k = 0; k < exact.length; k++) {
        shift[layer.channelOf(shape, k)] +=
            ((double) exact[k] - rounded[k]) * mean[layer.inputChannelOf(shape, k)];
      }
      details.add(correct(recipe, i, layer, shift));
    }
    return new PassReport(NAME, details.size(), "analytic, " + details.size() + " layers", details);
  }

  /** Mean of a normal variable clipped to [lo, hi]; either bound may be infinite. */
  static double clippedMean(double mean, double deviation, double lo, double hi) {
    if (deviation <= 0) {
      return Math.max(lo, Math.min(hi, mean));
    }
    double a = (lo - mean) / deviation;
    double b = (hi - mean) / deviation;
    double below = Double.isInfinite(a) ? 0 : NORMAL.cumulativeProbability(a);
    double above = Double.isInfinite(b) ? 0 : 1 - NORMAL.cumulativeProbability(b);
    double densityA = Double.isInfinite(a) ? 0 : NORMAL.density(a);
    double densityB = Double.isInfinite(b) ? 0 : NORMAL.density(b);
    return (below == 0 ? 0 : lo * below)
        + (above == 0 ? 0 : hi * above)
        + mean * (1 - below - above)
        + deviation * (densityA - densityB);
  }

  private static String correct(Recipe r, int operator, Layer layer, double[] shift) {
    float[] bias = r.bias(operator, layer).clone();
    double squares = 0;
    for (int c = 0; c < bias.length; c++) {
      bias[c] += (float) shift[c];
      squares += shift[c] * shift[c];
    }
    r.biases.put(operator, bias);
    return String.format(
        Locale.ROOT,
        "%s: root mean square correction %.3g",
        r.graph.operatorName(operator),
        Math.sqrt(squares / shift.length));
  }
}
