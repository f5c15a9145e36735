package io.quern.calibrate;

import io.quern.model.Graph;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Learns for each weight whether to round down or up, and for each channel a scale, layer by layer,
 * from the calibration inputs alone.
 *
 * <p>Per output channel it minimises {@code E[(w . x - q . x~)^2] + ridge * |w - q|^2} over q =
 * scale * integer with |w - q| &lt; scale, where x is what the float layer reads and x~ what the
 * int8 layer reads after everything before it was rounded; both centred, because the bias takes the
 * mean. That is the quadratic binary problem of Nagel et al., Up or Down? Adaptive Rounding for
 * Post-Training Quantization, 2020, section 3 (equation 13, with their asymmetric reconstruction);
 * {@link RoundingProblem} solves it without their relaxation: deterministic, monotone, no learning
 * rate. With one scale for all weights of a layer that scale stays. Biases are re-fitted to the
 * mean error.
 */
final class LearnedRounding {
  static final String NAME = "learn-rounding";

  /** Patches taken per layer over all inputs: as many as the work allows. */
  private static final int FEWEST = 8192;

  private static final int MOST = 32768;

  /** Products for one Gram matrix that may be made with more than the fewest patches. */
  private static final long WORK = 1L << 31;

  /** Deeper layers keep rounding to nearest: the Gram matrix of their inputs would not fit. */
  private static final int DEEPEST = 2304;

  private LearnedRounding() {}

  static PassReport apply(Recipe recipe, List<float[][]> inputs, int threads, Progress progress) {
    List<String> details = new ArrayList<>();
    LayerWalk.walk(
        recipe,
        inputs,
        threads,
        progress,
        NAME,
        (op, layer, site, r) -> round(op, layer, site, r, details));
    return new PassReport(NAME, details.size(), details.size() + " layers rounded anew", details);
  }

  private static void round(
      int op, Layer layer, LayerWalk.Site site, Recipe recipe, List<String> details) {
    Graph g = recipe.graph;
    int channels = layer.channels(g);
    QuantizedWeights q = recipe.weights.get(op);
    if (!recipe.binaryOperators.contains(op)
        && Patches.supports(g, layer)
        && layer.weightsPerChannel(g) <= DEEPEST) {
      float[] w = g.tensor(layer.weights()).floats();
      QuantizedWeights rounded = new QuantizedWeights(q.values().clone(), q.scales().clone());
      if (layer.isDepthwise()) {
        depthwise(g, layer, site, w, rounded);
      } else {
        dense(g, layer, site, w, rounded);
      }
      recipe.weights.put(op, rounded);
      details.add(g.operatorName(op) + ": " + difference(q, rounded));
    }
    double[] shift = BiasCorrection.meanDifference(site, channels);
    float[] bias = recipe.bias(op, layer).clone();
    for (int c = 0; c < channels; c++) {
      bias[c] += (float) shift[c];
    }
    recipe.biases.put(op, bias);
  }

  private static String difference(QuantizedWeights before, QuantizedWeights after) {
    int values = 0;
    int scales = 0;
    for (int i = 0; i < before.values().length; i++) {
      values += before.values()[i] != after.values()[i] ? 1 : 0;
    }
    for (int c = 0; c < before.scales().length; c++) {
      scales += before.scales()[c] != after.scales()[c] ? 1 : 0;
    }
    return String.format(
        Locale.ROOT,
        "%d of %d weights and %d of %d scales changed",
        values,
        before.values().length,
        scales,
        before.scales().length);
  }

  /** Rounds one channel, whose weights lie {@code stride} apart from {@code first} on. */
  private static void channel(
      RoundingProblem problem,
      double[] cross,
      double[] w,
      QuantizedWeights q,
      int c,
      int first,
      int stride) {
    float[] scales = q.scales();
    RoundingProblem.Rounded r =
        problem.solve(cross, w, scales[scales.length == 1 ? 0 : c], scales.length > 1);
    for (int i = 0; i < w.length; i++) {
      q.values()[first + i * stride] = (byte) r.q()[i];
    }
    if (scales.length > 1) {
      scales[c] = r.scale();
    }
  }

  /** All channels read the same patches: one Gram matrix serves all. */
  private static void dense(
      Graph g, Layer layer, LayerWalk.Site site, float[] w, QuantizedWeights q) {
    Patches p = new Patches(g, layer);
    int depth = p.length();
    int channels = layer.channels(g);
    Sampler s = new Sampler(site.inputs(), p.positions(), depth);
    double[][] gram = new double[depth][depth];
    double[][] cross = new double[channels][depth];
    double[] mean = new double[depth];
    double[] targetMean = new double[channels];
    double[] patch = new double[depth];
    try (LayerWalk.Results target = site.target()) {
      float[] read = null;
      float[] wanted = null;
      for (int k = 0; k < s.count; k++) {
        if (s.isFirst(k)) {
          read = site.int8Input(s.input(k));
          wanted = target.of(s.input(k));
        }
        p.read(read, s.position(k), patch);
        int at = s.position(k) * channels;
        for (int i = 0; i < depth; i++) {
          double v = patch[i];
          mean[i] += v;
          if (v != 0) {
            double[] row = gram[i];
            for (int j = 0; j <= i; j++) {
              row[j] += v * patch[j];
            }
          }
        }
        for (int c = 0; c < channels; c++) {
          double v = wanted[at + c];
          targetMean[c] += v;
          double[] row = cross[c];
          for (int i = 0; i < depth; i++) {
            row[i] += v * patch[i];
          }
        }
      }
    }
    centre(gram, mean, s.count);
    RoundingProblem problem = new RoundingProblem(gram, s.count);
    for (int c = 0; c < channels; c++) {
      double[] wc = new double[depth];
      for (int i = 0; i < depth; i++) {
        cross[c][i] = cross[c][i] / s.count - targetMean[c] / s.count * mean[i];
        wc[i] = w[c * depth + i];
      }
      channel(problem, cross[c], wc, q, c, c * depth, 1);
    }
  }

  /** Each channel reads one channel of the patches and has a Gram matrix of its own. */
  private static void depthwise(
      Graph g, Layer layer, LayerWalk.Site site, float[] w, QuantizedWeights q) {
    Patches p = new Patches(g, layer);
    int channels = layer.channels(g);
    int depth = layer.weightsPerChannel(g);
    int inputChannels = p.length() / depth;
    Sampler s = new Sampler(site.inputs(), p.positions(), depth);
    double[][][] gram = new double[inputChannels][depth][depth];
    double[][][] crossed = new double[inputChannels][depth][depth];
    double[][] mean = new double[inputChannels][depth];
    double[][] floatMean = new double[inputChannels][depth];
    double[] seen = new double[p.length()];
    double[] wanted = new double[p.length()];
    float[] read = null;
    for (int k = 0; k < s.count; k++) {
      if (s.isFirst(k)) {
        read = site.int8Input(s.input(k));
      }
      p.read(read, s.position(k), seen);
      p.read(site.floatInput(s.input(k)), s.position(k), wanted);
      for (int c = 0; c < inputChannels; c++) {
        for (int i = 0; i < depth; i++) {
          double v = seen[i * inputChannels + c];
          mean[c][i] += v;
          floatMean[c][i] += wanted[i * inputChannels + c];
          for (int j = 0; j < depth; j++) {
            if (j <= i) {
              gram[c][i][j] += v * seen[j * inputChannels + c];
            }
            crossed[c][i][j] += v * wanted[j * inputChannels + c];
          }
        }
      }
    }
    RoundingProblem[] problems = new RoundingProblem[inputChannels];
    for (int c = 0; c < inputChannels; c++) {
      centre(gram[c], mean[c], s.count);
      problems[c] = new RoundingProblem(gram[c], s.count);
    }
    int multiplier = channels / inputChannels;
    for (int c = 0; c < channels; c++) {
      int ic = c / multiplier;
      double[] wc = new double[depth];
      double[] cross = new double[depth];
      for (int i = 0; i < depth; i++) {
        wc[i] = w[i * channels + c];
      }
      for (int i = 0; i < depth; i++) {
        for (int j = 0; j < depth; j++) {
          cross[i] +=
              (crossed[ic][i][j] / s.count - mean[ic][i] * floatMean[ic][j] / s.count) * wc[j];
        }
      }
      channel(problems[ic], cross, wc, q, c, c, channels);
    }
  }

  /**
   * From sums of the lower triangle to the full covariance matrix; {@code mean} from sums to means.
   */
  private static void centre(double[][] gram, double[] mean, int count) {
    for (int i = 0; i < mean.length; i++) {
      mean[i] /= count;
    }
    for (int i = 0; i < mean.length; i++) {
      for (int j = 0; j <= i; j++) {
        gram[i][j] = gram[i][j] / count - mean[i] * mean[j];
        gram[j][i] = gram[i][j];
      }
    }
  }

  /**
   * Spreads samples evenly over inputs and positions, with a stride that avoids rows and columns.
   */
  private static final class Sampler {
    final int count;
    private final int perInput;
    private final int positions;

    Sampler(int inputs, int positions, int depth) {
      long samples = Math.max(FEWEST, Math.min(MOST, WORK / ((long) depth * depth)));
      this.positions = positions;
      this.perInput = (int) Math.max(1, Math.min(positions, (samples + inputs - 1) / inputs));
      this.count = perInput * inputs;
    }

    int input(int k) {
      return k / perInput;
    }

    /** Whether a sample is the first of its input. */
    boolean isFirst(int k) {
      return k % perInput == 0;
    }

    int position(int k) {
      if (perInput == positions) {
        return k % perInput;
      }
      double spread = k % perInput + 0.5 + 0.61803398875 * (k / perInput);
      double fraction = spread / perInput;
      return (int) ((fraction - Math.floor(fraction)) * positions);
    }
  }
}
