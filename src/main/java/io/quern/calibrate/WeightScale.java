package io.quern.calibrate;

/** How the scale of a channel of weights is chosen. */
public enum WeightScale {
  /** {@code max |w| / 127}: no weight is clipped. */
  MAX,
  /** The scale at or below that with the least squared error of the rounded and clipped weights. */
  MSE,
  /** The percentile of |w| instead of the maximum; see {@link CalibrationOptions#percentile}. */
  PERCENTILE
}
