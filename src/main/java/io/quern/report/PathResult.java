package io.quern.report;

import java.util.List;

/**
 * Everything that is known about one path.
 *
 * @param name of the path
 * @param macs multiply-accumulates of one run
 * @param allInt8 whether all of them are of 8-bit operands
 * @param modelBytes size of the file
 * @param outcome accuracy
 * @param variants speed on each tier and number of threads, at least one; the accuracy is that of
 *     the first, and for int8 networks that of all
 * @param layers error per layer; empty when there is nothing to compare with
 */
public record PathResult(
    String name,
    long macs,
    boolean allInt8,
    long modelBytes,
    OutputMetrics.Outcome outcome,
    List<Variant> variants,
    List<LayerError> layers) {
  /** Copies the lists. */
  public PathResult {
    variants = List.copyOf(variants);
    layers = List.copyOf(layers);
  }

  /** The variant that the accuracy was measured on. */
  public Variant first() {
    return variants.get(0);
  }
}
