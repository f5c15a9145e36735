package io.quern.calibrate;

/**
 * Counts of values in bins of equal width, over a range that grows as values arrive: when one falls
 * outside, pairs of bins are merged and the width doubles, as often as needed. Exact zeros, which
 * every quantization represents exactly, are counted apart.
 *
 * <p>At least a quarter of the {@value #BINS} bins span the values seen, so the histogram never has
 * fewer than 2048 bins of use once two different values other than 0 were added. Memory: {@code 8 *
 * BINS} bytes.
 */
public final class Histogram {
  /** Number of bins. */
  public static final int BINS = 8192;

  private final long[] counts = new long[BINS];
  private double low;
  private double width;
  private float min = Float.POSITIVE_INFINITY;
  private float max = Float.NEGATIVE_INFINITY;
  private long zeros;
  private long total;

  /** Adds all values, which must be finite. */
  public void add(float[] values) {
    float lo = Float.POSITIVE_INFINITY;
    float hi = Float.NEGATIVE_INFINITY;
    long zero = 0;
    for (float v : values) {
      lo = Math.min(lo, v);
      hi = Math.max(hi, v);
      if (v == 0) {
        zero++;
      }
    }
    if (values.length == 0) {
      return;
    }
    total += values.length;
    zeros += zero;
    min = Math.min(min, lo);
    max = Math.max(max, hi);
    if (zero == values.length) {
      return;
    }
    cover(lo, hi);
    double perWidth = 1 / width;
    for (float v : values) {
      if (v != 0) {
        counts[Math.min(BINS - 1, Math.max(0, (int) ((v - low) * perWidth)))]++;
      }
    }
  }

  private void cover(double lo, double hi) {
    if (width == 0) {
      double span = Math.max(hi - lo, Math.max(Math.abs(lo), Math.abs(hi)) * 1e-3);
      width = Math.max(span, Float.MIN_NORMAL) / BINS;
      low = lo;
    }
    while (hi > low + width * BINS) {
      for (int i = 0; i < BINS / 2; i++) {
        counts[i] = counts[2 * i] + counts[2 * i + 1];
      }
      java.util.Arrays.fill(counts, BINS / 2, BINS, 0);
      width *= 2;
    }
    while (lo < low) {
      for (int i = BINS / 2 - 1; i >= 0; i--) {
        counts[BINS / 2 + i] = counts[2 * i] + counts[2 * i + 1];
      }
      for (int i = BINS / 2 - 1; i >= 0; i--) {
        counts[i] = 0;
      }
      low -= width * BINS;
      width *= 2;
    }
  }

  /** Values added, zeros included. */
  public long total() {
    return total;
  }

  /** Exact zeros among them. */
  public long zeros() {
    return zeros;
  }

  /** Values other than 0 in a bin. */
  public long count(int bin) {
    return counts[bin];
  }

  /** The middle of a bin. */
  public double center(int bin) {
    return low + (bin + 0.5) * width;
  }

  /** Width of every bin; 0 when only zeros were added. */
  double width() {
    return width;
  }

  /** Exact extremes. */
  public Range range() {
    if (total == 0) {
      throw new IllegalStateException("nothing was observed");
    }
    return new Range(min, max);
  }

  /**
   * The value below which a fraction of all values lies, linear inside a bin.
   *
   * @param fraction in [0, 1]
   */
  double quantile(double fraction) {
    double rank = fraction * total;
    double below = 0;
    boolean zeroPassed = zeros == 0;
    for (int i = 0; i < BINS; i++) {
      double start = low + i * width;
      if (!zeroPassed && start + width > 0) {
        zeroPassed = true;
        below += zeros;
        if (below >= rank) {
          return 0;
        }
      }
      if (counts[i] > 0 && below + counts[i] >= rank) {
        double v = start + width * (rank - below) / counts[i];
        return Math.max(min, Math.min(max, v));
      }
      below += counts[i];
    }
    return zeroPassed ? max : 0;
  }
}
