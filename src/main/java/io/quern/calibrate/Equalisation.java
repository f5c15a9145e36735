package io.quern.calibrate;

/**
 * How channels are rescaled between layers, and what becomes of RELU6, which does not commute with
 * scaling.
 */
public enum Equalisation {
  /** Not at all. */
  NONE,
  /**
   * As {@link #KEEP_RELU6}, but only in front of depthwise layers: with one scale per output
   * channel the weights on both sides have scales of their own, so that it costs nothing.
   */
  DEPTHWISE,
  /**
   * So that the function is kept on the calibration inputs: channels that reach RELU6's 6 are left
   * alone.
   */
  KEEP_RELU6,
  /**
   * All channels; RELU6 between layers becomes RELU, which changes the function wherever a channel
   * exceeded 6.
   */
  REPLACE_RELU6
}
