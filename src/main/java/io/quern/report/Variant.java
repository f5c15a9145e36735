package io.quern.report;

/**
 * A path as one kernel tier runs it with some number of threads.
 *
 * @param tier the most demanding tier that took part
 * @param threads that a run used
 * @param speed latency and allocation
 * @param arenaBytes memory of a session's tensors
 * @param firstRunMillis planning, opening a session and its first run, in this JVM, whose kernels
 *     are compiled already; NaN when not measured
 * @param coldStartMillis from starting a fresh JVM until its first result; NaN when not measured
 * @param board what it was measured on; null for this machine
 */
public record Variant(
    String tier,
    int threads,
    Speed speed,
    long arenaBytes,
    double firstRunMillis,
    double coldStartMillis,
    String board) {

  /** The tier, and where it ran if not here. */
  String label() {
    return board == null ? tier : tier + " on " + board;
  }
}
