package io.quern.report;

/**
 * Error of one layer's output against the float network's, over some samples; in real numbers
 * unless it says otherwise.
 *
 * @param operator index in the graph
 * @param name of the operator
 * @param tensor name of its output
 * @param scale of its output; NaN when that is not quantized
 * @param local the layer's own error: its inputs are the float network's, quantized; null when the
 *     layer cannot run alone
 * @param accumulated the error that has built up: its inputs are those of the path
 * @param weights error of the weights; null when there are none, or none to compare with
 * @param saturated share of elements whose float value lies outside what the output can hold, by
 *     more than half a step
 * @param histogram of the float values; null when nothing is known
 * @param sensitivity what the layer alone does to the outputs; null when not measured
 */
public record LayerError(
    int operator,
    String name,
    String tensor,
    double scale,
    Figures local,
    Figures accumulated,
    Figures weights,
    double saturated,
    ActivationHistogram histogram,
    Sensitivity sensitivity) {
  LayerError with(Sensitivity measured) {
    return new LayerError(
        operator, name, tensor, scale, local, accumulated, weights, saturated, histogram, measured);
  }

  /** RMSE of ideal rounding, in steps of the scale: 1 / sqrt(12). */
  public static final double IDEAL_RMSE = 1 / Math.sqrt(12);

  /**
   * Figures of one comparison.
   *
   * @param sqnrDb signal to quantization noise ratio; infinite without error
   * @param rmseInScales root mean squared error in steps of the output's scale; {@link #IDEAL_RMSE}
   *     is ideal
   * @param maxInScales largest absolute error in such steps
   * @param meanInScales mean error, the bias, in such steps
   * @param cosine of the angle between both
   */
  public record Figures(
      double sqnrDb, double rmseInScales, double maxInScales, double meanInScales, double cosine) {
    /** No figures. */
    static final Figures NONE =
        new Figures(Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN);

    static Figures of(SignalError e, double scale) {
      return new Figures(
          e.sqnrDb(), e.rmse() / scale, e.max() / scale, e.mean() / scale, e.cosine());
    }
  }
}
