package io.quern.calibrate;

/**
 * Exponential moving average of each input's smallest and largest value: {@code m += rate * (x -
 * m)}, starting at the first input. A single outlying input moves the range by {@code rate} of its
 * distance.
 *
 * <p>Source: Jacob et al., Quantization and Training of Neural Networks for Efficient
 * Integer-Arithmetic-Only Inference, 2018, section 3.1.
 */
public final class MovingAverageObserver implements Observer {
  private final double rate;
  private double min;
  private double max;
  private boolean seen;

  /**
   * An observer that has seen nothing.
   *
   * @param rate weight of a new input, in (0, 1]
   * @throws IllegalArgumentException if the rate is outside (0, 1]
   */
  public MovingAverageObserver(double rate) {
    if (!(rate > 0 && rate <= 1)) {
      throw new IllegalArgumentException("rate must be in (0, 1], is " + rate);
    }
    this.rate = rate;
  }

  @Override
  public void observe(float[] values) {
    if (values.length == 0) {
      return;
    }
    float lo = values[0];
    float hi = values[0];
    for (float v : values) {
      lo = Math.min(lo, v);
      hi = Math.max(hi, v);
    }
    min = seen ? min + rate * (lo - min) : lo;
    max = seen ? max + rate * (hi - max) : hi;
    seen = true;
  }

  @Override
  public Range range() {
    if (!seen) {
      throw new IllegalStateException("nothing was observed");
    }
    return new Range((float) min, (float) max);
  }
}
