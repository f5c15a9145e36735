package io.quern.report;

/**
 * Running comparison of a signal with its reference. With signal s and error e = s - reference:
 * SQNR is {@code 10 log10 (sum reference^2 / sum e^2)} in dB, infinite when there is no error. Sums
 * are in double.
 */
public final class SignalError {
  private long count;
  private double referenceSquares;
  private double signalSquares;
  private double product;
  private double errors;
  private double errorSquares;
  private double maxError;

  /** Adds one pair. */
  public void add(double reference, double signal) {
    double e = signal - reference;
    count++;
    referenceSquares += reference * reference;
    signalSquares += signal * signal;
    product += reference * signal;
    errors += e;
    errorSquares += e * e;
    maxError = Math.max(maxError, Math.abs(e));
  }

  /** Adds all pairs. */
  public void add(float[] reference, float[] signal) {
    for (int i = 0; i < reference.length; i++) {
      add(reference[i], signal[i]);
    }
  }

  /** Number of pairs. */
  public long count() {
    return count;
  }

  /** Signal to quantization noise ratio in dB; infinite without error, NaN without pairs. */
  public double sqnrDb() {
    return count == 0
        ? Double.NaN
        : errorSquares == 0
            ? Double.POSITIVE_INFINITY
            : 10 * Math.log10(referenceSquares / errorSquares);
  }

  /** Root of the mean squared error. */
  public double rmse() {
    return Math.sqrt(errorSquares / count);
  }

  /** Mean error: the bias. */
  public double mean() {
    return errors / count;
  }

  /** Largest absolute error. */
  public double max() {
    return maxError;
  }

  /** Cosine of the angle between signal and reference; 1 when both are zero. */
  public double cosine() {
    if (referenceSquares == 0 || signalSquares == 0) {
      return referenceSquares == signalSquares ? 1 : 0;
    }
    return product / Math.sqrt(referenceSquares * signalSquares);
  }
}
