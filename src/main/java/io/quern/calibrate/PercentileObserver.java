package io.quern.calibrate;

/**
 * Cuts off the same small fraction of values at either end: [quantile(1 - p), quantile(p)], from a
 * histogram whose bins are narrower than 1/2048 of the range.
 */
public final class PercentileObserver extends HistogramObserver {
  private final double percentile;

  /**
   * An observer that has seen nothing.
   *
   * @param percentile in (50, 100], for example 99.99
   * @throws IllegalArgumentException if the percentile is outside (50, 100]
   */
  public PercentileObserver(double percentile) {
    if (!(percentile > 50 && percentile <= 100)) {
      throw new IllegalArgumentException("percentile must be in (50, 100], is " + percentile);
    }
    this.percentile = percentile;
  }

  @Override
  Range choose(Histogram h) {
    Range all = h.range();
    if (h.width() == 0) {
      return all;
    }
    float lo = (float) h.quantile(1 - percentile / 100);
    float hi = (float) h.quantile(percentile / 100);
    return new Range(Math.max(all.min(), Math.min(lo, hi)), Math.min(all.max(), Math.max(lo, hi)));
  }
}
