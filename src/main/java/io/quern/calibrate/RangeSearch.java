package io.quern.calibrate;

import java.util.function.ToDoubleFunction;

/**
 * The range inside the observed one that costs least: coordinate descent over a grid of {@value
 * #STEPS} fractions of either bound, starting with the whole range, until neither bound moves. The
 * first of equals wins, wider before narrower.
 */
final class RangeSearch {
  static final int STEPS = 128;
  private static final int ROUNDS = 4;

  private RangeSearch() {}

  static Range search(Range all, ToDoubleFunction<Range> cost) {
    Range best = all;
    double bestCost = cost.applyAsDouble(all);
    for (int round = 0; round < ROUNDS; round++) {
      Range before = best;
      for (int k = STEPS; k >= 1; k--) {
        if (all.max() <= 0) {
          break;
        }
        Range r = new Range(Math.min(best.min(), 0), all.max() * k / STEPS);
        double c = cost.applyAsDouble(r);
        if (c < bestCost) {
          best = r;
          bestCost = c;
        }
      }
      for (int k = STEPS; k >= 1; k--) {
        if (all.min() >= 0) {
          break;
        }
        Range r = new Range(all.min() * k / STEPS, Math.max(best.max(), 0));
        double c = cost.applyAsDouble(r);
        if (c < bestCost) {
          best = r;
          bestCost = c;
        }
      }
      if (best.equals(before)) {
        break;
      }
    }
    return best;
  }
}
