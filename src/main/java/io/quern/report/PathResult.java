package io.quern.report;

import java.util.List;

/**
 * Everything that is known about one path.
 *
 * @param name of the path
 * @param tier the most demanding tier that took part
 * @param threads that a run used
 * @param outcome accuracy
 * @param speed latency and allocation
 * @param modelBytes size of the file
 * @param arenaBytes memory of a session's tensors
 * @param layers error per layer; empty when there is nothing to compare with
 */
public record PathResult(
    String name,
    String tier,
    int threads,
    OutputMetrics.Outcome outcome,
    Speed speed,
    long modelBytes,
    long arenaBytes,
    List<LayerError> layers) {
  /** Copies the list. */
  public PathResult {
    layers = List.copyOf(layers);
  }
}
