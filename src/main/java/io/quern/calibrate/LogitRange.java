package io.quern.calibrate;

import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Quantization;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * Chooses the range of what a SOFTMAX at an output reads by what it does to the probabilities:
 * least mean Kullback-Leibler divergence from the float ones on the calibration inputs.
 *
 * <p>Min/max spends most levels on classes that are out of the question; with many classes the
 * likeliest ones then often fall on one level, and which of them is named is decided by their
 * order. A SOFTMAX tells nothing of differences far below its maximum and little of those between
 * logits that are far above all others.
 */
final class LogitRange {
  static final String NAME = "fit-logits";

  private static final int LEVELS = 256;

  private LogitRange() {}

  static PassReport apply(Recipe recipe, List<float[][]> inputs, int threads, Progress progress) {
    Graph g = recipe.graph;
    List<String> details = new ArrayList<>();
    for (Operator op : g.operators()) {
      if (op instanceof Operator.Softmax s
          && g.outputs().contains(s.output())
          && recipe.ranges[s.input()] != null) {
        Range before = recipe.ranges[s.input()];
        List<Row> rows = rows(g, s, inputs, threads, progress);
        ToDoubleFunction<Range> cost = r -> divergence(rows, r.toInt8(), s.beta());
        Range chosen = RangeSearch.search(before, cost);
        narrow(recipe, s.input(), chosen);
        details.add(
            String.format(
                Locale.ROOT,
                "%s: [%.3g, %.3g] instead of [%.3g, %.3g], divergence %.3g instead of %.3g",
                g.tensor(s.input()).name(),
                chosen.min(),
                chosen.max(),
                before.min(),
                before.max(),
                cost.applyAsDouble(chosen),
                cost.applyAsDouble(before)));
      }
    }
    String summary = details.isEmpty() ? "no SOFTMAX at an output" : String.join("; ", details);
    return new PassReport(NAME, details.size(), summary, details);
  }

  /** The tensor and those before it that have its parameters because they are the same values. */
  private static void narrow(Recipe recipe, int logits, Range range) {
    GraphEditor e = new GraphEditor(recipe.graph);
    int t = logits;
    recipe.ranges[t] = range;
    int producer = e.producer(t);
    while (producer >= 0 && recipe.graph.operators().get(producer) instanceof Operator.Reshape r) {
      t = r.input();
      recipe.ranges[t] = range;
      producer = e.producer(t);
    }
  }

  /**
   * One distribution.
   *
   * @param logits float values
   * @param probabilities their softmax
   * @param negativeEntropy {@code sum p log p}
   */
  private record Row(float[] logits, double[] probabilities, double negativeEntropy) {
    static Row of(float[] logits, float beta) {
      double max = Double.NEGATIVE_INFINITY;
      for (float v : logits) {
        max = Math.max(max, (double) beta * v);
      }
      double[] p = new double[logits.length];
      double sum = 0;
      for (int i = 0; i < p.length; i++) {
        p[i] = StrictMath.exp((double) beta * logits[i] - max);
        sum += p[i];
      }
      double entropy = 0;
      for (int i = 0; i < p.length; i++) {
        p[i] /= sum;
        entropy += p[i] == 0 ? 0 : p[i] * ((double) beta * logits[i] - max - StrictMath.log(sum));
      }
      return new Row(logits, p, entropy);
    }
  }

  private static List<Row> rows(
      Graph g, Operator.Softmax s, List<float[][]> inputs, int threads, Progress progress) {
    int classes = g.tensor(s.input()).shape().dim(-1);
    List<Row> r = new ArrayList<>();
    progress.report(NAME, 0, inputs.size());
    try (FloatRunner runner = new FloatRunner(g, threads)) {
      for (int n = 0; n < inputs.size(); n++) {
        runner.run(inputs.get(n));
        float[] values = runner.values(s.input());
        for (int at = 0; at < values.length; at += classes) {
          r.add(Row.of(java.util.Arrays.copyOfRange(values, at, at + classes), s.beta()));
        }
        progress.report(NAME, n + 1, inputs.size());
      }
    }
    return r;
  }

  /** Mean over the rows of {@code sum p log(p / p')}, p' the softmax of the quantized logits. */
  private static double divergence(List<Row> rows, Quantization q, float beta) {
    double step = (double) beta * q.scale();
    double[] weight = new double[LEVELS];
    for (int k = 0; k < LEVELS; k++) {
      weight[k] = StrictMath.exp(step * (k - (LEVELS - 1)));
    }
    double total = 0;
    for (Row row : rows) {
      double sum = 0;
      double expected = 0;
      for (int i = 0; i < row.logits.length; i++) {
        double level = Math.rint((double) row.logits[i] / q.scale()) + q.zeroPoint() + 128;
        int k = (int) Math.max(0, Math.min(LEVELS - 1, level));
        sum += weight[k];
        expected += row.probabilities[i] * (k - (LEVELS - 1));
      }
      total += row.negativeEntropy - step * expected + StrictMath.log(sum);
    }
    return total / rows.size();
  }
}
