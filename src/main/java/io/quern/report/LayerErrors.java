package io.quern.report;

import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Compares a quantized network with the float graph that it approximates, operator by operator,
 * sample by sample.
 *
 * <p>Accumulated: both networks run from the same input. Local: every operator runs alone on the
 * float network's values, quantized to its own input parameters.
 */
public final class LayerErrors implements AutoCloseable {
  private final Graph graph;
  private final Graph floatGraph;
  private final Counterparts counterparts;
  private final KeptNetwork quantized;
  private final KeptNetwork reference;
  private final SignalError[] local;
  private final SignalError[] accumulated;
  private final Distribution[] distributions;
  private final long[] outside;

  /**
   * @throws IllegalArgumentException if the candidate does not say what it approximates
   */
  public LayerErrors(Candidate c) {
    if (c.floatGraph() == null) {
      throw new IllegalArgumentException(c.name() + ": no float graph to compare with");
    }
    this.graph = c.graph();
    this.floatGraph = c.floatGraph();
    this.counterparts = new Counterparts(c);
    int n = graph.operators().size();
    this.local = new SignalError[n];
    this.accumulated = new SignalError[n];
    this.distributions = new Distribution[n];
    this.outside = new long[n];
    for (int i = 0; i < n; i++) {
      local[i] = new SignalError();
      accumulated[i] = new SignalError();
      distributions[i] = new Distribution();
    }
    this.quantized = new KeptNetwork(graph);
    this.reference = new KeptNetwork(floatGraph);
  }

  /** Runs both networks on one sample and adds what is seen. */
  public void add(float[][] inputs) {
    reference.run(inputs);
    quantized.run(inputs);
    for (int i = 0; i < accumulated.length; i++) {
      int t = counterparts.floatOutput(i);
      if (t >= 0) {
        int out = graph.operators().get(i).firstOutput();
        float[] expected = reference.get(t);
        accumulated[i].add(expected, quantized.get(out));
        outside[i] += countOutside(graph.tensor(out), expected);
        distributions[i].add(expected);
      }
    }
    for (int i = 0; i < local.length; i++) {
      int t = counterparts.floatOutput(i);
      if (t >= 0 && counterparts.hasFloatInputs(i)) {
        Operator op = graph.operators().get(i);
        setInputs(op);
        quantized.runOperator(i);
        local[i].add(reference.get(t), quantized.get(op.firstOutput()));
      }
    }
  }

  private void setInputs(Operator op) {
    for (int t : op.presentInputs()) {
      if (!graph.tensor(t).isConstant()) {
        quantized.set(t, reference.get(counterparts.floatTensor(t)));
      }
    }
  }

  private static long countOutside(Tensor t, float[] values) {
    if (t.quantization() == null) {
      return 0;
    }
    double scale = t.quantization().scale();
    double low = (t.type().min() - t.quantization().zeroPoint() - 0.5) * scale;
    double high = (t.type().max() - t.quantization().zeroPoint() + 0.5) * scale;
    long n = 0;
    for (float v : values) {
      n += v < low || v > high ? 1 : 0;
    }
    return n;
  }

  /** Figures so far, one per operator whose output has a float counterpart. */
  public List<LayerError> errors() {
    List<LayerError> r = new ArrayList<>();
    for (int i = 0; i < accumulated.length; i++) {
      if (accumulated[i].count() > 0) {
        r.add(error(i));
      }
    }
    return r;
  }

  private LayerError error(int i) {
    Operator op = graph.operators().get(i);
    Tensor t = graph.tensor(op.firstOutput());
    boolean isFloat = t.quantization() == null || t.type() == DataType.FLOAT32;
    double scale = isFloat ? Double.NaN : t.quantization().scale();
    int f = counterparts.floatOperator(i);
    return new LayerError(
        i,
        graph.operatorName(i),
        t.name(),
        scale,
        local[i].count() == 0 ? null : LayerError.Figures.of(local[i], scale),
        LayerError.Figures.of(accumulated[i], scale),
        f < 0 ? null : WeightError.of(floatGraph, floatGraph.operators().get(f), graph, op),
        (double) outside[i] / accumulated[i].count(),
        distributions[i].histogram(isFloat ? null : t),
        null);
  }

  @Override
  public void close() {
    quantized.close();
    reference.close();
  }
}
