package io.quern.report;

import io.quern.model.Graph;
import io.quern.runtime.PlanOptions;

/** Measures how long a fresh JVM takes until it has run a network once. */
@FunctionalInterface
public interface ColdStart {
  /** Measures nothing. */
  ColdStart NONE = (graph, options) -> Double.NaN;

  /**
   * Milliseconds from starting the JVM until the first result, the median of several starts.
   *
   * @param graph the network, which the JVM loads from a file
   * @param options tier and threads
   */
  double millis(Graph graph, PlanOptions options);
}
