package io.quern.calibrate;

/** Smallest and largest value seen: nothing saturates on the calibration inputs. */
public final class MinMaxObserver implements Observer {
  private float min = Float.POSITIVE_INFINITY;
  private float max = Float.NEGATIVE_INFINITY;

  @Override
  public void observe(float[] values) {
    for (float v : values) {
      min = Math.min(min, v);
      max = Math.max(max, v);
    }
  }

  @Override
  public Range range() {
    if (min > max) {
      throw new IllegalStateException("nothing was observed");
    }
    return new Range(min, max);
  }
}
