package io.quern.calibrate;

import io.quern.model.Quantization;

/**
 * The range with the least mean squared quantization error: a value inside costs {@code scale^2 /
 * 12} (a uniform rounding error), one outside the square of its distance. Exact zeros cost nothing.
 *
 * <p>Source: Banner et al., Post-training 4-bit quantization of convolutional networks for
 * rapid-deployment, 2019, section 3 (the error terms; here over a histogram instead of a fitted
 * distribution).
 */
public final class MseObserver extends HistogramObserver {
  @Override
  Range choose(Histogram h) {
    return h.width() == 0 ? h.range() : RangeSearch.search(h.range(), r -> error(h, r));
  }

  /** Sum of squared errors of the histogram's values under a range. */
  static double error(Histogram h, Range r) {
    Quantization q = r.toInt8();
    double lo = q.scale() * (-128.0 - q.zeroPoint());
    double hi = q.scale() * (127.0 - q.zeroPoint());
    double rounding = (double) q.scale() * q.scale() / 12;
    double sum = 0;
    for (int i = 0; i < Histogram.BINS; i++) {
      long n = h.count(i);
      if (n != 0) {
        double x = h.center(i);
        double beyond = Math.max(0, Math.max(x - hi, lo - x));
        sum += n * (beyond > 0 ? beyond * beyond : rounding);
      }
    }
    return sum;
  }
}
