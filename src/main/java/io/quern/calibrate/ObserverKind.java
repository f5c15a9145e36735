package io.quern.calibrate;

/** How the range of an activation is chosen. */
public enum ObserverKind {
  /** {@link MinMaxObserver}. */
  MIN_MAX,
  /** {@link MovingAverageObserver} at rate {@value #MOVING_AVERAGE_RATE}. */
  MOVING_AVERAGE,
  /** {@link PercentileObserver} at {@link CalibrationOptions#percentile}. */
  PERCENTILE,
  /** {@link EntropyObserver}. */
  ENTROPY,
  /** {@link MseObserver}. */
  MSE,
  /**
   * For each tensor the one of the others with the least error at the network's outputs on the
   * calibration inputs.
   */
  AUTO;

  static final double MOVING_AVERAGE_RATE = 0.05;

  /**
   * A new observer of this kind.
   *
   * @param percentile for {@link #PERCENTILE}
   * @throws IllegalStateException for {@link #AUTO}, which is a choice among observers
   */
  public Observer create(double percentile) {
    return switch (this) {
      case MIN_MAX -> new MinMaxObserver();
      case MOVING_AVERAGE -> new MovingAverageObserver(MOVING_AVERAGE_RATE);
      case PERCENTILE -> new PercentileObserver(percentile);
      case ENTROPY -> new EntropyObserver();
      case MSE -> new MseObserver();
      case AUTO -> throw new IllegalStateException("AUTO is a choice among observers");
    };
  }
}
