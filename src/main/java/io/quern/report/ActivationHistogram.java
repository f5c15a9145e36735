package io.quern.report;

import java.util.Arrays;

/**
 * How a layer's float outputs are distributed, and the range that was chosen for them.
 *
 * @param low where the first bin begins
 * @param high where the last bin ends; all bins are equally wide
 * @param counts values per bin, zeros included
 * @param zeros exact zeros among them
 * @param rangeLow least number that the quantized output can hold; NaN when it is float
 * @param rangeHigh greatest such number
 */
public record ActivationHistogram(
    double low, double high, long[] counts, long zeros, double rangeLow, double rangeHigh) {
  /** Copies the counts. */
  public ActivationHistogram {
    counts = counts.clone();
  }

  @Override
  public long[] counts() {
    return counts.clone();
  }

  /** Values counted. */
  public long total() {
    return Arrays.stream(counts).sum();
  }
}
