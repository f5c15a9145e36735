package io.quern.report;

import io.quern.model.Graph;
import java.util.List;

/**
 * A network to be judged against the float one.
 *
 * @param name of the path, such as {@code int8-per-channel}
 * @param graph what runs
 * @param modelBytes size of its file
 * @param floatGraph the float graph that it approximates tensor by tensor, or null when it is not
 *     known
 * @param tensorOf for each tensor of {@code floatGraph} the one of {@code graph} that stands for
 *     it, or -1; empty when not known
 */
public record Candidate(
    String name, Graph graph, long modelBytes, Graph floatGraph, List<Integer> tensorOf) {
  /** Copies the list. */
  public Candidate {
    tensorOf = List.copyOf(tensorOf);
  }

  /** A network whose tensors are not compared one by one. */
  public static Candidate of(String name, Graph graph, long modelBytes) {
    return new Candidate(name, graph, modelBytes, null, List.of());
  }
}
