package io.quern.calibrate;

/** How the rank of a factorised layer is chosen. */
public enum LowRankCriterion {
  /** No layer is factorised. */
  NONE,
  /** The smallest rank that keeps this fraction of the sum of squared weights. */
  ENERGY,
  /** The smallest rank whose relative error, in the Frobenius norm, is at most this. */
  ERROR,
  /** The largest rank whose two layers have at most this fraction of the layer's weights. */
  PARAMETERS
}
