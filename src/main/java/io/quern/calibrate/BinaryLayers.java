package io.quern.calibrate;

/** Which layers get binary weights. */
public enum BinaryLayers {
  /** None. */
  NONE,
  /** All. */
  ALL,
  /** All but the first and the last. */
  INNER,
  /**
   * The least sensitive ones, as many as the agreement with float on the calibration inputs allows.
   */
  GREEDY
}
