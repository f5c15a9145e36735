package io.quern.calibrate;

import java.util.Locale;

/** A named starting point for {@link CalibrationOptions}. */
public enum Preset {
  /** Batch normalisation folded, min/max ranges, one maximum-based scale per output channel. */
  PLAIN,
  /** As {@link #PLAIN} with one scale for all weights of a layer: for comparison. */
  PER_TENSOR,
  /**
   * The most exact 8-bit recipe that costs nothing when the network runs, one scale per output
   * channel. Learned rounding fits the biases too, so that no bias correction is left to do.
   */
  BEST,
  /**
   * As {@link #BEST} with more inputs to refine on and with channels computed more than once for up
   * to 2.3 times the multiply-accumulates: where agreement with float counts more than time.
   */
  FINEST,
  /** The most exact 8-bit recipe with one scale for all weights of a layer. */
  BEST_PER_TENSOR,
  /** As {@link #BEST} with the four most sensitive layers left float. */
  MIXED,
  /** Weights of all layers but the first and the last are {-1, +1} times a scale per channel. */
  BINARY,
  /** As {@link #BINARY} with weights that are sums of two binary terms. */
  BINARY_2,
  /** As {@link #BINARY} with weights that are sums of three binary terms. */
  BINARY_3,
  /**
   * Fully connected and pointwise layers factorised to half their weights, then as {@link #BEST}.
   */
  LOW_RANK;

  /** The name as a user types it, such as {@code best-per-tensor}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** A builder set to these options. */
  public CalibrationOptions.Builder builder() {
    CalibrationOptions.Builder b = CalibrationOptions.builder();
    return switch (this) {
      case PLAIN -> b;
      case PER_TENSOR -> b.perTensorWeights(true);
      case BEST -> best(b);
      case FINEST -> best(b).splitBudget(1.3).refinementInputs(512);
      case BEST_PER_TENSOR -> best(b).perTensorWeights(true).equalisation(Equalisation.KEEP_RELU6);
      case MIXED -> best(b).floatLayers(4);
      case BINARY -> binary(b, 1);
      case BINARY_2 -> binary(b, 2);
      case BINARY_3 -> binary(b, 3);
      case LOW_RANK -> best(b).lowRank(LowRankCriterion.PARAMETERS).lowRankValue(0.5);
    };
  }

  private static CalibrationOptions.Builder best(CalibrationOptions.Builder b) {
    return b.silenceIdle(true)
        .equalisation(Equalisation.DEPTHWISE)
        .splitChannels(true)
        .learnedRounding(true)
        .fitLogits(true)
        .refinementInputs(256);
  }

  private static CalibrationOptions.Builder binary(CalibrationOptions.Builder b, int terms) {
    return b.binaryLayers(BinaryLayers.INNER)
        .binaryTerms(terms)
        .biasCorrection(BiasCorrectionMethod.EMPIRICAL);
  }
}
