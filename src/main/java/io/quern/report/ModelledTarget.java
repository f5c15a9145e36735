package io.quern.report;

import java.util.List;

/**
 * A board that nothing was measured on: rates of its kernels' inner loops, from a model.
 *
 * @param id of the board
 * @param name for people
 * @param rates one per tier that the board can run
 */
public record ModelledTarget(String id, String name, List<Rate> rates) {
  /** Copies the list. */
  public ModelledTarget {
    rates = List.copyOf(rates);
  }

  /**
   * How fast the best int8 inner loop of a tier is on one core.
   *
   * @param tier name of the tier
   * @param gmacs 10^9 multiply-accumulates per second
   * @param reason how the figure was derived
   */
  public record Rate(String tier, double gmacs, String reason) {
    /** Time of a path's multiply-accumulates; NaN when some of them are float. */
    double millis(PathResult p) {
      return p.allInt8() ? p.macs() / gmacs / 1e6 : Double.NaN;
    }
  }
}
