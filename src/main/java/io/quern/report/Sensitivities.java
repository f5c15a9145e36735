package io.quern.report;

import io.quern.data.Sample;
import io.quern.model.Graph;
import java.util.ArrayList;
import java.util.List;

/**
 * Measures what each layer alone does to the outputs, sample by sample: one layer on, all others
 * float; and one layer off, all others as in the path.
 *
 * <p>Operators are visited from the last to the first. What an operator reads then still holds the
 * values of the undisturbed run, and only the operators after it run again: half a network per
 * layer and sample.
 */
final class Sensitivities implements AutoCloseable {
  private final Graph graph;
  private final Graph floatGraph;
  private final Counterparts counterparts;
  private final KeptNetwork quantized;
  private final KeptNetwork reference;
  private final OutputMetrics[] on;
  private final OutputMetrics[] off;

  /**
   * @param classes last dimension of the first output
   */
  Sensitivities(Candidate c, int classes) {
    this.graph = c.graph();
    this.floatGraph = c.floatGraph();
    this.counterparts = new Counterparts(c);
    this.quantized = new KeptNetwork(graph);
    this.reference = new KeptNetwork(floatGraph);
    int n = graph.operators().size();
    this.on = new OutputMetrics[n];
    this.off = new OutputMetrics[n];
    for (int i = 0; i < n; i++) {
      if (measurable(i)) {
        on[i] = new OutputMetrics(classes);
        off[i] = new OutputMetrics(classes);
      }
    }
  }

  /** Whether an operator can be exchanged for its float counterpart and back. */
  private boolean measurable(int i) {
    int f = counterparts.floatOperator(i);
    return f >= 0
        && graph.operators().get(i).outputs().size() == 1
        && realInputs(graph, i).stream()
            .map(counterparts::floatTensor)
            .toList()
            .equals(realInputs(floatGraph, f));
  }

  private static List<Integer> realInputs(Graph g, int operator) {
    return g.operators().get(operator).presentInputs().stream()
        .filter(t -> !g.tensor(t).isConstant() && KeptNetwork.isReal(g.tensor(t)))
        .toList();
  }

  /** Runs the networks on one sample, once per layer and direction. */
  void add(float[][] inputs) {
    reference.run(inputs);
    float[][] expected = copy(reference.outputs());
    int n = on.length;
    for (int i = n - 1; i >= 0; i--) {
      if (on[i] != null) {
        int f = counterparts.floatOperator(i);
        exchange(reference, f, quantized, i);
        on[i].add(expected, reference.outputs(), new byte[0], Sample.NO_LABEL);
        restore(reference, f);
      }
    }
    reference.run(inputs);
    quantized.run(inputs);
    for (int i = n - 1; i >= 0; i--) {
      if (on[i] != null) {
        exchange(quantized, i, reference, counterparts.floatOperator(i));
        off[i].add(expected, quantized.outputs(), new byte[0], Sample.NO_LABEL);
        restore(quantized, i);
      }
    }
  }

  /**
   * Runs one operator of a network in the other network instead, and then the operators after it.
   */
  private static void exchange(
      KeptNetwork network, int operator, KeptNetwork other, int substitute) {
    List<Integer> from = realInputs(network.graph(), operator);
    List<Integer> to = realInputs(other.graph(), substitute);
    for (int k = 0; k < from.size(); k++) {
      other.set(to.get(k), network.get(from.get(k)));
    }
    other.runOperator(substitute);
    network.set(
        network.graph().operators().get(operator).firstOutput(),
        other.get(other.graph().operators().get(substitute).firstOutput()));
    for (int j = operator + 1; j < network.graph().operators().size(); j++) {
      network.runOperator(j);
    }
  }

  /** Gives an operator's output its own value again. */
  private static void restore(KeptNetwork network, int operator) {
    network.runOperator(operator);
  }

  private static float[][] copy(float[][] values) {
    float[][] r = new float[values.length][];
    for (int i = 0; i < r.length; i++) {
      r[i] = values[i].clone();
    }
    return r;
  }

  /** The figures so far: one per operator of the graph, null where there is none. */
  List<Sensitivity> results() {
    List<Sensitivity> r = new ArrayList<>();
    for (int i = 0; i < on.length; i++) {
      r.add(
          on[i] == null
              ? null
              : new Sensitivity(
                  Sensitivity.Effect.of(on[i].outcome()), Sensitivity.Effect.of(off[i].outcome())));
    }
    return r;
  }

  @Override
  public void close() {
    quantized.close();
    reference.close();
  }
}
