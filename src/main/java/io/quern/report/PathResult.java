package io.quern.report;

import io.quern.model.Graph;
import io.quern.runtime.Costs;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Everything that is known about one path.
 *
 * @param name of the path
 * @param graph what ran
 * @param modelBytes size of the file
 * @param outcome accuracy
 * @param variants speed on each tier and number of threads, at least one; the accuracy is that of
 *     the first, and for int8 networks that of all
 * @param layers error per layer; empty when there is nothing to compare with
 */
public record PathResult(
    String name,
    Graph graph,
    long modelBytes,
    OutputMetrics.Outcome outcome,
    List<Variant> variants,
    List<LayerError> layers) {
  /** Copies the lists. */
  public PathResult {
    variants = List.copyOf(variants);
    layers = List.copyOf(layers);
  }

  /** The same with one variant more. */
  public PathResult with(Variant v) {
    List<Variant> all = new ArrayList<>(variants);
    all.add(v);
    return new PathResult(name, graph, modelBytes, outcome, all, layers);
  }

  /** The variant that the accuracy was measured on. */
  public Variant first() {
    return variants.get(0);
  }

  /** What paths are ranked by: right answers, or agreement where there are no labels. */
  Estimate ranking() {
    return outcome.labelled() > 0 ? outcome.top1() : outcome.agreement();
  }

  /** Median of the fastest variant. */
  double fastestMicros() {
    return variants.stream().mapToDouble(v -> v.speed().medianMicros()).min().orElseThrow();
  }

  /** Multiply-accumulates of one run. */
  public long macs() {
    return Costs.macs(graph);
  }

  /** Whether all multiply-accumulates are of 8-bit operands. */
  public boolean allInt8() {
    return IntStream.range(0, graph.operators().size())
        .filter(i -> Costs.macs(graph, i) > 0)
        .allMatch(i -> graph.tensor(graph.operators().get(i).firstOutput()).type().isQuantized8());
  }
}
