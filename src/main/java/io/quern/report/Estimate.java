package io.quern.report;

import org.apache.commons.math3.random.RandomGenerator;
import org.apache.commons.math3.random.Well19937c;
import org.apache.commons.math3.stat.descriptive.rank.Percentile;
import org.apache.commons.math3.stat.interval.ConfidenceInterval;
import org.apache.commons.math3.stat.interval.WilsonScoreInterval;

/**
 * A figure over a set of samples with its 95 % confidence interval.
 *
 * @param value the figure; NaN when there is nothing to say
 * @param low lower end of the interval; NaN when there is none
 * @param high upper end
 */
public record Estimate(double value, double low, double high) {
  /** No figure. */
  public static final Estimate NONE = new Estimate(Double.NaN, Double.NaN, Double.NaN);

  private static final double CONFIDENCE = 0.95;
  private static final int RESAMPLES = 1000;
  private static final int SEED = 20261123;

  /**
   * A share with its Wilson score interval. Source: E. B. Wilson, JASA 22, 1927.
   *
   * @param of number of trials; none make {@link #NONE}
   */
  static Estimate ofShare(int successes, int of) {
    if (of == 0) {
      return NONE;
    }
    ConfidenceInterval i = new WilsonScoreInterval().createInterval(of, successes, CONFIDENCE);
    return new Estimate(
        (double) successes / of, Math.max(0, i.getLowerBound()), Math.min(1, i.getUpperBound()));
  }

  /**
   * A mean with its percentile bootstrap interval: {@value #RESAMPLES} resamples from one seed, so
   * that the same values always have the same interval. NaN if a value is. Source: B. Efron, R.
   * Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.
   */
  static Estimate ofMean(double[] values) {
    double mean = mean(values);
    if (Double.isNaN(mean)) {
      return NONE;
    }
    RandomGenerator random = new Well19937c(SEED);
    double[] means = new double[RESAMPLES];
    for (int r = 0; r < RESAMPLES; r++) {
      double sum = 0;
      for (int i = 0; i < values.length; i++) {
        sum += values[random.nextInt(values.length)];
      }
      means[r] = sum / values.length;
    }
    Percentile p = new Percentile();
    p.setData(means);
    return new Estimate(
        mean, p.evaluate(50 * (1 - CONFIDENCE)), p.evaluate(100 - 50 * (1 - CONFIDENCE)));
  }

  /** The mean; NaN of nothing. */
  private static double mean(double[] values) {
    double sum = 0;
    for (double v : values) {
      sum += v;
    }
    return sum / values.length;
  }
}
