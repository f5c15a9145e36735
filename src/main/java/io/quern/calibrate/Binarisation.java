package io.quern.calibrate;

import io.quern.model.Graph;
import io.quern.model.Shape;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.ArrayRealVector;
import org.apache.commons.math3.linear.SingularValueDecomposition;

/**
 * Weights of one to three bits: {@code w = sum alpha_k * b_k, b_k in {-1, +1}}, alpha per output
 * channel.
 *
 * <p>One term: {@code b = sign(w), alpha = mean |w|}, the least squares solution (Rastegari et al.,
 * XNOR-Net, 2016, section 3.1); stored as int8 weights in {-1, +1} with scale alpha, so that any
 * interpreter runs the file. More terms: greedy residuals, then alternately the least squares
 * alphas for the signs and the nearest signs for the alphas. They are stored as one layer with
 * weights {@code sum n_k * b_k}, n_k integers in the ratio of the alphas and {@code sum n_k <=
 * 127}: at most 2^terms levels per channel, exact sums of binary terms, no second layer whose
 * result would be rounded again.
 *
 * <p>Afterwards, layer by layer on the calibration inputs, scale and bias of each channel are
 * fitted by least squares to what the float layer gives before its activation: {@code scale *=
 * cov(target, approximation) / var(approximation)}.
 */
final class Binarisation {
  static final String NAME = "binarise";

  private static final int ROUNDS = 8;

  private Binarisation() {}

  /** Binarises the chosen layers of a recipe and fits them. */
  static PassReport apply(
      Recipe recipe,
      CalibrationOptions o,
      List<float[][]> inputs,
      OutputError error,
      Progress progress) {
    List<Integer> layers = new ArrayList<>(recipe.weights.keySet().stream().sorted().toList());
    List<Integer> chosen =
        switch (o.binaryLayers()) {
          case NONE -> List.of();
          case ALL -> layers;
          case INNER -> layers.size() > 2 ? layers.subList(1, layers.size() - 1) : List.of();
          case GREEDY -> greedy(recipe, layers, o, error, progress);
        };
    List<String> details = new ArrayList<>();
    long weights = 0;
    for (int op : chosen) {
      QuantizedWeights q = binarise(recipe.graph, op, o.binaryTerms());
      weights += q.values().length;
      recipe.weights.put(op, q);
      recipe.binaryOperators.add(op);
    }
    if (!chosen.isEmpty()) {
      LayerWalk.walk(
          recipe,
          inputs,
          o.threads(),
          progress,
          NAME,
          (op, layer, site, r) -> fit(op, layer, site, r, details));
    }
    String summary =
        String.format(
            Locale.ROOT,
            "%d of %d layers, %d weights, %d %s each",
            chosen.size(),
            layers.size(),
            weights,
            o.binaryTerms(),
            o.binaryTerms() == 1 ? "bit" : "bits");
    return new PassReport(NAME, chosen.size(), summary, details);
  }

  private static List<Integer> greedy(
      Recipe recipe,
      List<Integer> layers,
      CalibrationOptions o,
      OutputError error,
      Progress progress) {
    record Candidate(int operator, double error) {}
    List<Candidate> candidates = new ArrayList<>();
    String stage = NAME + ": sensitivity";
    progress.report(stage, 0, 2L * layers.size());
    for (int op : layers) {
      Recipe r = recipe.copy();
      r.weights.put(op, binarise(recipe.graph, op, o.binaryTerms()));
      candidates.add(new Candidate(op, error.of(r).noiseToSignal()));
      progress.report(stage, candidates.size(), 2L * layers.size());
    }
    candidates.sort(Comparator.comparingDouble(Candidate::error));
    double floor = error.of(recipe).agreement() - o.binaryBudget();
    Recipe grown = recipe.copy();
    List<Integer> chosen = new ArrayList<>();
    for (int i = 0; i < candidates.size(); i++) {
      int op = candidates.get(i).operator();
      QuantizedWeights before = grown.weights.put(op, binarise(recipe.graph, op, o.binaryTerms()));
      if (error.of(grown).agreement() >= floor) {
        chosen.add(op);
      } else {
        grown.weights.put(op, before);
      }
      progress.report(stage, layers.size() + i + 1, 2L * layers.size());
    }
    chosen.sort(Comparator.naturalOrder());
    return chosen;
  }

  /** Binary weights of one layer, fitted to its float weights. */
  static QuantizedWeights binarise(Graph g, int operator, int terms) {
    Layer layer = Layer.of(g.operators().get(operator));
    Shape shape = g.tensor(layer.weights()).shape();
    float[] w = g.tensor(layer.weights()).floats();
    int channels = layer.channels(g);
    int[][] members = new int[channels][layer.weightsPerChannel(g)];
    int[] sizes = new int[channels];
    for (int i = 0; i < w.length; i++) {
      int c = layer.channelOf(shape, i);
      members[c][sizes[c]++] = i;
    }
    byte[] values = new byte[w.length];
    float[] scales = new float[channels];
    for (int c = 0; c < channels; c++) {
      double[] channel = new double[members[c].length];
      for (int k = 0; k < channel.length; k++) {
        channel[k] = w[members[c][k]];
      }
      int[] signs = new int[channel.length];
      double[] alphas = decompose(channel, terms, signs);
      double sum = 0;
      for (double a : alphas) {
        sum += a;
      }
      int[] n = new int[terms];
      double scale = terms == 1 ? alphas[0] : sum / (127 - terms);
      for (int k = 0; k < terms; k++) {
        n[k] = terms == 1 ? 1 : scale == 0 ? 0 : (int) Math.rint(alphas[k] / scale);
      }
      for (int i = 0; i < channel.length; i++) {
        int q = 0;
        for (int k = 0; k < terms; k++) {
          q += (signs[i] >> k & 1) != 0 ? n[k] : -n[k];
        }
        values[members[c][i]] = (byte) q;
      }
      scales[c] = (float) Math.max(scale, 0x1p-96);
    }
    return new QuantizedWeights(values, scales);
  }

  /**
   * Fits a sum of binary terms.
   *
   * @param signs receives for each weight a bit per term, 1 for +1
   * @return the alphas, largest first, none negative
   */
  static double[] decompose(double[] w, int terms, int[] signs) {
    double[] alphas = new double[terms];
    double[] rest = w.clone();
    for (int k = 0; k < terms; k++) {
      double sum = 0;
      for (double r : rest) {
        sum += Math.abs(r);
      }
      alphas[k] = sum / w.length;
      for (int i = 0; i < w.length; i++) {
        boolean plus = rest[i] >= 0;
        signs[i] |= plus ? 1 << k : 0;
        rest[i] -= plus ? alphas[k] : -alphas[k];
      }
    }
    for (int round = 0; terms > 1 && round < ROUNDS; round++) {
      double[] solved = leastSquares(w, terms, signs);
      for (double a : solved) {
        if (!(a >= 0)) {
          return alphas;
        }
      }
      alphas = solved;
      assign(w, alphas, signs);
    }
    return alphas;
  }

  private static double[] leastSquares(double[] w, int terms, int[] signs) {
    Array2DRowRealMatrix normal = new Array2DRowRealMatrix(terms, terms);
    ArrayRealVector right = new ArrayRealVector(terms);
    for (int i = 0; i < w.length; i++) {
      for (int j = 0; j < terms; j++) {
        int sj = (signs[i] >> j & 1) * 2 - 1;
        right.addToEntry(j, sj * w[i]);
        for (int k = 0; k < terms; k++) {
          normal.addToEntry(j, k, sj * ((signs[i] >> k & 1) * 2 - 1));
        }
      }
    }
    return new SingularValueDecomposition(normal).getSolver().solve(right).toArray();
  }

  private static void assign(double[] w, double[] alphas, int[] signs) {
    for (int i = 0; i < w.length; i++) {
      double least = Double.POSITIVE_INFINITY;
      for (int s = 0; s < 1 << alphas.length; s++) {
        double v = 0;
        for (int k = 0; k < alphas.length; k++) {
          v += (s >> k & 1) != 0 ? alphas[k] : -alphas[k];
        }
        double d = Math.abs(w[i] - v);
        if (d < least) {
          least = d;
          signs[i] = s;
        }
      }
    }
  }

  private static void fit(
      int op, Layer layer, LayerWalk.Site site, Recipe r, List<String> details) {
    if (!r.binaryOperators.contains(op)) {
      return;
    }
    int channels = layer.channels(r.graph);
    double[][] sums = new double[5][channels];
    long count = 0;
    try (LayerWalk.Results target = site.target();
        LayerWalk.Results approximation = site.approximation()) {
      for (int n = 0; n < site.inputs(); n++) {
        float[] wanted = target.of(n);
        float[] seen = approximation.of(n);
        for (int i = 0; i < wanted.length; i++) {
          int c = i % channels;
          double t = wanted[i];
          double a = seen[i];
          sums[0][c] += t;
          sums[1][c] += a;
          sums[2][c] += t * a;
          sums[3][c] += a * a;
          sums[4][c] += t * t;
        }
        count += wanted.length / channels;
      }
    }
    float[] bias = r.bias(op, layer).clone();
    QuantizedWeights q = r.weights.get(op);
    float[] scales = q.scales().clone();
    double explained = 0;
    double power = 0;
    for (int c = 0; c < channels; c++) {
      double meanT = sums[0][c] / count;
      double meanA = sums[1][c] / count;
      double covariance = sums[2][c] / count - meanT * meanA;
      double variance = sums[3][c] / count - meanA * meanA;
      double factor = variance > 0 && covariance > 0 ? covariance / variance : 1;
      factor = Math.max(0.1, Math.min(10, factor));
      double variableT = sums[4][c] / count - meanT * meanT;
      explained += variableT - 2 * factor * covariance + factor * factor * variance;
      power += variableT;
      scales[c] = (float) (scales[c] * factor);
      bias[c] = (float) (meanT - factor * (meanA - bias[c]));
    }
    r.weights.put(op, new QuantizedWeights(q.values(), scales));
    r.biases.put(op, bias);
    details.add(
        String.format(
            Locale.ROOT,
            "%s: %.1f dB after the fit",
            r.graph.operatorName(op),
            power > 0 ? MixedPrecision.decibel(Math.max(explained, 1e-30) / power) : 0));
  }
}
