package io.quern.report;

import io.quern.calibrate.Histogram;
import io.quern.model.Tensor;

/** Collects the distribution of a tensor's float values. */
final class Distribution {
  private static final int BINS = 64;

  private final Histogram values = new Histogram();

  /** Adds values; those that are not finite are in no bin. */
  void add(float[] x) {
    for (float v : x) {
      if (!Float.isFinite(v)) {
        return;
      }
    }
    values.add(x);
  }

  /**
   * The histogram so far, over all that was seen and all that the tensor can hold.
   *
   * @param stored the quantized tensor that holds the values, or null
   * @return null when nothing was seen
   */
  ActivationHistogram histogram(Tensor stored) {
    if (values.total() == 0) {
      return null;
    }
    double rangeLow = stored == null ? Double.NaN : bound(stored, stored.type().min());
    double rangeHigh = stored == null ? Double.NaN : bound(stored, stored.type().max());
    double low = Math.min(values.range().min(), stored == null ? 0 : rangeLow);
    double high = Math.max(values.range().max(), stored == null ? 0 : rangeHigh);
    long[] counts = new long[BINS];
    for (int i = 0; i < Histogram.BINS; i++) {
      if (values.count(i) > 0) {
        counts[bin(values.center(i), low, high)] += values.count(i);
      }
    }
    counts[bin(0, low, high)] += values.zeros();
    return new ActivationHistogram(low, high, counts, values.zeros(), rangeLow, rangeHigh);
  }

  private static double bound(Tensor t, int q) {
    return (double) t.quantization().scale() * (q - t.quantization().zeroPoint());
  }

  private static int bin(double v, double low, double high) {
    return high > low ? (int) Math.max(0, Math.min(BINS - 1, (v - low) / (high - low) * BINS)) : 0;
  }
}
