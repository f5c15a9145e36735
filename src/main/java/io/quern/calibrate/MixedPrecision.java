package io.quern.calibrate;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * Leaves the most sensitive layers float: those whose return to float, one at a time, lowers the
 * error at the outputs most. DEQUANTIZE and QUANTIZE go around them; neighbours share them.
 */
final class MixedPrecision {
  static final String NAME = "mixed-precision";

  private MixedPrecision() {}

  static PassReport apply(Recipe recipe, OutputError error, int layers, Progress progress) {
    record Candidate(int operator, double error) {}
    List<Candidate> candidates = new ArrayList<>();
    List<Integer> operators = new ArrayList<>(recipe.weights.keySet().stream().sorted().toList());
    double before = error.of(recipe).noiseToSignal();
    progress.report(NAME, 0, operators.size());
    for (int op : operators) {
      Recipe r = recipe.copy();
      r.floatOperators.add(op);
      candidates.add(new Candidate(op, error.of(r).noiseToSignal()));
      progress.report(NAME, candidates.size(), operators.size());
    }
    candidates.sort(Comparator.comparingDouble(Candidate::error));
    List<String> details = new ArrayList<>();
    for (Candidate c : candidates.subList(0, Math.min(layers, candidates.size()))) {
      recipe.floatOperators.add(c.operator());
      details.add(
          String.format(
              Locale.ROOT,
              "%s stays float: %.2f dB instead of %.2f dB",
              recipe.graph.operatorName(c.operator()),
              decibel(c.error()),
              decibel(before)));
    }
    String summary =
        String.format(
            Locale.ROOT,
            "%d layers stay float: %.2f dB instead of %.2f dB",
            details.size(),
            decibel(error.of(recipe).noiseToSignal()),
            decibel(before));
    return new PassReport(NAME, details.size(), summary, details);
  }

  /** Signal to noise ratio in dB. */
  static double decibel(double noiseToSignal) {
    return -10 * Math.log10(noiseToSignal);
  }
}
