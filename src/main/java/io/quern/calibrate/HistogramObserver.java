package io.quern.calibrate;

/** An observer that chooses its range from a histogram of all values. */
abstract class HistogramObserver implements Observer {
  private final Histogram histogram = new Histogram();

  @Override
  public final void observe(float[] values) {
    histogram.add(values);
  }

  @Override
  public final Range range() {
    histogram.range();
    return choose(histogram);
  }

  /** The range for a histogram that holds at least one value. */
  abstract Range choose(Histogram h);
}
