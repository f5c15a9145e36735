package io.quern.bench.peers;

/**
 * What was measured of one entrant on one network.
 *
 * @param network name of the network
 * @param macs multiply-accumulates of one run
 * @param entrant who
 * @param micros median of the medians of all rounds
 * @param largestDifference from the output of TensorFlow Lite's reference kernels, in units of the
 *     output's scale, or in real numbers when it is float
 * @param peak multiply-accumulates per second that the machine's threads can do at most, 0 when not
 *     known
 */
record Result(
    String network,
    long macs,
    Entrant entrant,
    double micros,
    double largestDifference,
    double peak) {

  double macsPerSecond() {
    return macs / (micros / 1e6);
  }
}
