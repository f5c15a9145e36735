package io.quern.bench.peers;

import java.util.Arrays;

/**
 * What was measured of one entrant on one network.
 *
 * @param network name of the network
 * @param macs multiply-accumulates of one run
 * @param entrant who
 * @param rounds median nanoseconds of a run, per round
 * @param atOnce of as many processes with one thread at once as the entrant has threads:
 *     nanoseconds for each run of any of them, per round; null for one thread and for peers
 * @param largestDifference from the output of TensorFlow Lite's reference kernels, in units of the
 *     output's scale, or in real numbers when it is float
 * @param peak multiply-accumulates per second that the machine's threads can do at most, 0 when not
 *     known
 */
record Result(
    String network,
    long macs,
    Entrant entrant,
    double[] rounds,
    double[] atOnce,
    double largestDifference,
    double peak) {

  /** Median of all rounds. */
  double micros() {
    return median(rounds) / 1e3;
  }

  double macsPerSecond() {
    return macs / (micros() / 1e6);
  }

  /**
   * Median of the ratios of each round: the machine is the same for both within a round, not over
   * all of them.
   */
  static double ratio(double[] of, double[] to) {
    double[] ratios = new double[of.length];
    Arrays.setAll(ratios, i -> of[i] / to[i]);
    return median(ratios);
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
  }
}
