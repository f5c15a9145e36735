package io.quern.calibrate;

import io.quern.model.Graph;
import io.quern.model.Operator;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Chooses for each tensor, in the order in which they are written, the observer whose range gives
 * the least error at the outputs, all later tensors still at min/max. Tensors that share parameters
 * with the one they are made from, and those whose parameters are fixed, have no choice.
 */
final class AutoRanges {
  static final String NAME = "choose-ranges";

  private AutoRanges() {}

  /** Every range that the observers propose, by kind. */
  static PassReport apply(
      Recipe recipe, Map<ObserverKind, Range[]> proposals, OutputError error, Progress progress) {
    Graph g = recipe.graph;
    List<Integer> tensors = new ArrayList<>();
    for (Operator op : g.operators()) {
      boolean fixed =
          op instanceof Operator.Softmax
              || op instanceof Operator.Unary u
                  && (u.function() == Operator.Unary.Function.LOGISTIC
                      || u.function() == Operator.Unary.Function.TANH);
      if (!fixed && !Operators.sharesQuantization(op) && recipe.ranges[op.firstOutput()] != null) {
        tensors.add(op.firstOutput());
      }
    }
    Map<ObserverKind, Integer> chosen = new EnumMap<>(ObserverKind.class);
    List<String> details = new ArrayList<>();
    double start = error.of(recipe).noiseToSignal();
    double best = start;
    progress.report(NAME, 0, tensors.size());
    for (int i = 0; i < tensors.size(); i++) {
      int t = tensors.get(i);
      ObserverKind kind = ObserverKind.MIN_MAX;
      List<Range> tried = new ArrayList<>(List.of(recipe.ranges[t]));
      Range kept = recipe.ranges[t];
      for (Map.Entry<ObserverKind, Range[]> p : proposals.entrySet()) {
        Range range = p.getValue()[t];
        if (tried.contains(range)) {
          continue;
        }
        tried.add(range);
        recipe.ranges[t] = range;
        double e = error.of(recipe).noiseToSignal();
        if (e < best) {
          best = e;
          kept = range;
          kind = p.getKey();
        }
      }
      recipe.ranges[t] = kept;
      chosen.merge(kind, 1, Integer::sum);
      details.add(g.tensor(t).name() + ": " + kind + " [" + kept.min() + ", " + kept.max() + "]");
      progress.report(NAME, i + 1, tensors.size());
    }
    String summary =
        String.format(
            Locale.ROOT,
            "%s; %.2f dB instead of %.2f dB with min/max",
            chosen,
            MixedPrecision.decibel(best),
            MixedPrecision.decibel(start));
    int changes = tensors.size() - chosen.getOrDefault(ObserverKind.MIN_MAX, 0);
    return new PassReport(NAME, changes, summary, details);
  }
}
