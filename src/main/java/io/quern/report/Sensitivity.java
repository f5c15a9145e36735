package io.quern.report;

/**
 * What one layer alone does to the network's outputs.
 *
 * @param on all layers but this one float: the outputs against the float network's
 * @param off all layers but this one as in the path, this one float with its output rounded as the
 *     path rounds it: the outputs against the float network's
 */
public record Sensitivity(Effect on, Effect off) {
  /**
   * Outputs against the float network's.
   *
   * @param sqnrDb signal to quantization noise ratio; infinite without error
   * @param agreement share of equal answers
   * @param divergence mean Kullback-Leibler divergence in nats; NaN when the outputs are not
   *     distributions
   */
  public record Effect(double sqnrDb, Estimate agreement, Estimate divergence) {
    static Effect of(OutputMetrics.Outcome o) {
      return new Effect(o.sqnrDb(), o.agreement(), o.divergence());
    }
  }
}
