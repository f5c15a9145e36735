package io.quern.report;

import io.quern.data.TensorCodec;
import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Tensor;
import io.quern.runtime.Plan;
import io.quern.runtime.PlanOptions;
import io.quern.runtime.PlanStep;
import io.quern.runtime.Planner;
import io.quern.runtime.Session;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Compares a quantized network with the float graph that it approximates, operator by operator,
 * sample by sample.
 *
 * <p>Accumulated: both networks run from the same input. Local: every operator runs alone on the
 * float network's values, quantized to its own input parameters.
 */
public final class LayerErrors implements AutoCloseable {
  private static final PlanOptions KEEP = new PlanOptions("reference", 1, true, false);

  private final Graph graph;
  private final Graph floatGraph;
  private final int[] floatOf;
  private final int[] stepOf;
  private final NetworkRunner quantized;
  private final NetworkRunner reference;
  private final SignalError[] local;
  private final SignalError[] accumulated;
  private final long[] outside;
  private final float[][] floatValues;

  /**
   * @throws IllegalArgumentException if the candidate does not say what it approximates
   */
  public LayerErrors(Candidate c) {
    if (c.floatGraph() == null) {
      throw new IllegalArgumentException(c.name() + ": no float graph to compare with");
    }
    this.graph = c.graph();
    this.floatGraph = c.floatGraph();
    this.floatOf = new int[graph.tensors().size()];
    Arrays.fill(floatOf, -1);
    for (int t = 0; t < c.tensorOf().size(); t++) {
      int q = c.tensorOf().get(t);
      if (q >= 0
          && !graph.tensor(q).isConstant()
          && comparable(floatGraph.tensor(t), graph.tensor(q))) {
        floatOf[q] = t;
      }
    }
    Plan plan = Planner.plan(graph, KEEP);
    int n = graph.operators().size();
    this.stepOf = new int[n];
    Arrays.fill(stepOf, -1);
    for (int s = 0; s < plan.steps().size(); s++) {
      PlanStep step = plan.steps().get(s);
      if (step.operators().size() == 1) {
        stepOf[step.operators().get(0)] = s;
      }
    }
    this.local = new SignalError[n];
    this.accumulated = new SignalError[n];
    this.outside = new long[n];
    for (int i = 0; i < n; i++) {
      local[i] = new SignalError();
      accumulated[i] = new SignalError();
    }
    this.floatValues = new float[floatGraph.tensors().size()][];
    this.quantized = new NetworkRunner(plan);
    this.reference = new NetworkRunner(Planner.plan(floatGraph, KEEP));
  }

  private static boolean comparable(Tensor f, Tensor q) {
    return f.type() == DataType.FLOAT32
        && f.shape().elements() == q.shape().elements()
        && (q.type() == DataType.FLOAT32 || (q.type().isQuantized8() && q.quantization() != null));
  }

  /** Runs both networks on one sample and adds what is seen. */
  public void add(float[][] inputs) {
    reference.set(inputs);
    reference.invoke();
    for (int t : floatOf) {
      if (t >= 0) {
        if (floatValues[t] == null) {
          floatValues[t] = new float[floatGraph.tensor(t).shape().elements()];
        }
        reference.session().getTensor(t, floatValues[t]);
      }
    }
    Session s = quantized.session();
    quantized.set(inputs);
    quantized.invoke();
    for (int i = 0; i < local.length; i++) {
      int out = graph.operators().get(i).firstOutput();
      if (floatOf[out] >= 0) {
        float[] expected = floatValues[floatOf[out]];
        accumulated[i].add(expected, read(s, out));
        outside[i] += countOutside(graph.tensor(out), expected);
      }
    }
    for (int i = 0; i < local.length; i++) {
      Operator op = graph.operators().get(i);
      int out = op.firstOutput();
      if (floatOf[out] >= 0 && stepOf[i] >= 0 && setInputs(s, op)) {
        s.invokeStep(stepOf[i]);
        local[i].add(floatValues[floatOf[out]], read(s, out));
      }
    }
  }

  private boolean setInputs(Session s, Operator op) {
    for (int t : op.presentInputs()) {
      Tensor tensor = graph.tensor(t);
      if (tensor.isConstant()) {
        continue;
      }
      if (floatOf[t] < 0) {
        return false;
      }
      float[] v = floatValues[floatOf[t]];
      if (tensor.type() == DataType.FLOAT32) {
        s.setTensor(t, v);
      } else {
        byte[] q = new byte[v.length];
        TensorCodec.quantize(tensor, v, q);
        s.setTensor(t, q);
      }
    }
    return true;
  }

  private float[] read(Session s, int tensor) {
    Tensor t = graph.tensor(tensor);
    float[] v = new float[t.shape().elements()];
    if (t.type() == DataType.FLOAT32) {
      s.getTensor(tensor, v);
    } else {
      byte[] q = new byte[v.length];
      s.getTensor(tensor, q);
      TensorCodec.dequantize(t, q, v);
    }
    return v;
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
    for (int i = 0; i < local.length; i++) {
      if (accumulated[i].count() > 0) {
        Tensor t = graph.tensor(graph.operators().get(i).firstOutput());
        double scale =
            t.quantization() == null || t.type() == DataType.FLOAT32
                ? Double.NaN
                : t.quantization().scale();
        r.add(
            new LayerError(
                i,
                graph.operatorName(i),
                t.name(),
                scale,
                local[i].count() == 0 ? null : LayerError.Figures.of(local[i], scale),
                LayerError.Figures.of(accumulated[i], scale),
                (double) outside[i] / accumulated[i].count()));
      }
    }
    return r;
  }

  @Override
  public void close() {
    quantized.close();
    reference.close();
  }
}
