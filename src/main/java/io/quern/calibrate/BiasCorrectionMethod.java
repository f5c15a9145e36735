package io.quern.calibrate;

/** How the mean quantization error of a layer is found. */
public enum BiasCorrectionMethod {
  /** Not at all. */
  NONE,
  /** By running the int8 and the float layer on calibration inputs. */
  EMPIRICAL,
  /**
   * From the weights' rounding errors and the clipped normal distribution of the layer's inputs.
   */
  ANALYTIC
}
