package io.quern.calibrate;

import io.quern.model.Graph;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Learns for each weight whether to round down or up, layer by layer, from the calibration inputs
 * alone.
 *
 * <p>Per output channel it minimises {@code E[(w . x - q . x~)^2] + ridge * |w - q|^2} over q =
 * scale * integer with |w - q| &lt; scale, where x is what the float layer reads and x~ what the
 * int8 layer reads after everything before it was rounded; both centred, because the bias takes the
 * mean. That is the quadratic binary problem of Nagel et al., Up or Down? Adaptive Rounding for
 * Post-Training Quantization, 2020, section 3 (equation 13, with their asymmetric reconstruction);
 * it is solved by coordinate descent from rounding to nearest instead of by a relaxation:
 * deterministic, monotone, no learning rate. Biases are re-fitted to the mean error.
 */
final class LearnedRounding {
  static final String NAME = "learn-rounding";

  /** Patches taken per layer over all inputs. */
  private static final int SAMPLES = 8192;

  /** Deeper layers keep rounding to nearest: the Gram matrix of their inputs would not fit. */
  private static final int DEEPEST = 2304;

  private static final int SWEEPS = 30;

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
    float[][] target = site.target();
    QuantizedWeights q = recipe.weights.get(op);
    if (!recipe.binaryOperators.contains(op)
        && Patches.supports(g, layer)
        && layer.weightsPerChannel(g) <= DEEPEST) {
      float[] w = g.tensor(layer.weights()).floats();
      byte[] values = q.values().clone();
      int changed =
          layer.isDepthwise()
              ? depthwise(g, layer, site, q, w, values)
              : dense(g, layer, site, q, w, values, target);
      recipe.weights.put(op, new QuantizedWeights(values, q.scales()));
      details.add(
          String.format(
              Locale.ROOT,
              "%s: %d of %d weights moved",
              g.operatorName(op),
              changed,
              values.length));
    }
    double[] shift = BiasCorrection.meanDifference(target, site.approximation(), channels);
    float[] bias = recipe.bias(op, layer).clone();
    for (int c = 0; c < channels; c++) {
      bias[c] += (float) shift[c];
    }
    recipe.biases.put(op, bias);
  }

  /** All channels read the same patches: one Gram matrix serves all. */
  private static int dense(
      Graph g,
      Layer layer,
      LayerWalk.Site site,
      QuantizedWeights q,
      float[] w,
      byte[] values,
      float[][] target) {
    Patches p = new Patches(g, layer);
    int depth = p.length();
    int channels = layer.channels(g);
    Sampler s = new Sampler(site.int8Inputs.length, p.positions());
    double[][] gram = new double[depth][depth];
    double[][] cross = new double[channels][depth];
    double[] mean = new double[depth];
    double[] targetMean = new double[channels];
    double[] patch = new double[depth];
    for (int k = 0; k < s.count; k++) {
      p.read(site.int8Inputs[s.input(k)], s.position(k), patch);
      float[] t = target[s.input(k)];
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
        double v = t[at + c];
        targetMean[c] += v;
        double[] row = cross[c];
        for (int i = 0; i < depth; i++) {
          row[i] += v * patch[i];
        }
      }
    }
    centre(gram, mean, s.count);
    int changed = 0;
    for (int c = 0; c < channels; c++) {
      for (int i = 0; i < depth; i++) {
        cross[c][i] = cross[c][i] / s.count - targetMean[c] / s.count * mean[i];
      }
      double[] wc = new double[depth];
      int[] qc = new int[depth];
      for (int i = 0; i < depth; i++) {
        wc[i] = w[c * depth + i];
        qc[i] = values[c * depth + i];
      }
      changed +=
          descend(gram, cross[c], wc, qc, q.scales()[q.scales().length == 1 ? 0 : c], s.count);
      for (int i = 0; i < depth; i++) {
        values[c * depth + i] = (byte) qc[i];
      }
    }
    return changed;
  }

  /** Each channel reads one channel of the patches and has a Gram matrix of its own. */
  private static int depthwise(
      Graph g, Layer layer, LayerWalk.Site site, QuantizedWeights q, float[] w, byte[] values) {
    Patches p = new Patches(g, layer);
    int channels = layer.channels(g);
    int depth = layer.weightsPerChannel(g);
    int inputChannels = p.length() / depth;
    Sampler s = new Sampler(site.int8Inputs.length, p.positions());
    double[][][] gram = new double[inputChannels][depth][depth];
    double[][][] crossed = new double[inputChannels][depth][depth];
    double[][] mean = new double[inputChannels][depth];
    double[][] floatMean = new double[inputChannels][depth];
    double[] seen = new double[p.length()];
    double[] wanted = new double[p.length()];
    for (int k = 0; k < s.count; k++) {
      p.read(site.int8Inputs[s.input(k)], s.position(k), seen);
      p.read(site.floatInputs[s.input(k)], s.position(k), wanted);
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
    for (int c = 0; c < inputChannels; c++) {
      centre(gram[c], mean[c], s.count);
    }
    int changed = 0;
    int multiplier = channels / inputChannels;
    for (int c = 0; c < channels; c++) {
      int ic = c / multiplier;
      double[] wc = new double[depth];
      int[] qc = new int[depth];
      double[] cross = new double[depth];
      for (int i = 0; i < depth; i++) {
        wc[i] = w[i * channels + c];
        qc[i] = values[i * channels + c];
      }
      for (int i = 0; i < depth; i++) {
        for (int j = 0; j < depth; j++) {
          cross[i] +=
              (crossed[ic][i][j] / s.count - mean[ic][i] * floatMean[ic][j] / s.count) * wc[j];
        }
      }
      changed +=
          descend(gram[ic], cross, wc, qc, q.scales()[q.scales().length == 1 ? 0 : c], s.count);
      for (int i = 0; i < depth; i++) {
        values[i * channels + c] = (byte) qc[i];
      }
    }
    return changed;
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
   * Coordinate descent on {@code (s q)' G (s q) - 2 (s q)' cross + ridge |w - s q|^2}.
   *
   * @param q in and out: integers in [-127, 127]
   * @return how many differ from their start
   */
  static int descend(
      double[][] gram, double[] cross, double[] w, int[] q, double scale, int samples) {
    int depth = w.length;
    double trace = 0;
    for (int i = 0; i < depth; i++) {
      trace += gram[i][i];
    }
    double ridge = trace / depth * Math.min(1, (double) depth / samples) + 1e-12;
    int[] start = q.clone();
    double[] gradient = new double[depth];
    for (int i = 0; i < depth; i++) {
      double sum = -cross[i] + ridge * (scale * q[i] - w[i]);
      for (int j = 0; j < depth; j++) {
        sum += gram[i][j] * scale * q[j];
      }
      gradient[i] = sum;
    }
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
      boolean moved = false;
      for (int i = 0; i < depth; i++) {
        int step = gradient[i] > 0 ? -1 : 1;
        int candidate = q[i] + step;
        double change = 2 * step * scale * gradient[i] + scale * scale * (gram[i][i] + ridge);
        if (change < 0
            && candidate >= -127
            && candidate <= 127
            && Math.abs(scale * candidate - w[i]) < scale) {
          q[i] = candidate;
          moved = true;
          double delta = step * scale;
          double[] row = gram[i];
          for (int j = 0; j < depth; j++) {
            gradient[j] += delta * row[j];
          }
          gradient[i] += delta * ridge;
        }
      }
      if (!moved) {
        break;
      }
    }
    int changed = 0;
    for (int i = 0; i < depth; i++) {
      changed += q[i] != start[i] ? 1 : 0;
    }
    return changed;
  }

  /**
   * Spreads samples evenly over inputs and positions, with a stride that avoids rows and columns.
   */
  private static final class Sampler {
    final int count;
    private final int perInput;
    private final int positions;

    Sampler(int inputs, int positions) {
      this.positions = positions;
      this.perInput = Math.max(1, Math.min(positions, (SAMPLES + inputs - 1) / inputs));
      this.count = perInput * inputs;
    }

    int input(int k) {
      return k / perInput;
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
