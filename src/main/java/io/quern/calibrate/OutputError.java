package io.quern.calibrate;

import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Tensor;
import io.quern.runtime.PlanOptions;
import io.quern.runtime.Planner;
import io.quern.runtime.Session;
import java.util.ArrayList;
import java.util.List;

/**
 * How far a recipe's int8 graph is from the float graph at the outputs, on given inputs. Where an
 * output is a SOFTMAX, what it reads is compared: fixed scales hide differences there.
 */
final class OutputError {
  private final Graph graph;
  private final List<float[][]> inputs;
  private final int threads;
  private final List<Integer> measured = new ArrayList<>();
  private final float[][][] wanted;
  private double signal;

  OutputError(Graph graph, List<float[][]> inputs, int threads) {
    this.graph = graph;
    this.inputs = inputs;
    this.threads = threads;
    for (int t : graph.outputs()) {
      int m = t;
      for (Operator op : graph.operators()) {
        if (op instanceof Operator.Softmax s && s.output() == t) {
          m = s.input();
        }
      }
      if (graph.tensor(m).type() == DataType.FLOAT32) {
        measured.add(m);
      }
    }
    wanted = new float[inputs.size()][measured.size()][];
    try (FloatRunner runner = new FloatRunner(graph, threads)) {
      for (int n = 0; n < wanted.length; n++) {
        runner.run(inputs.get(n));
        for (int i = 0; i < measured.size(); i++) {
          wanted[n][i] = runner.values(measured.get(i)).clone();
          for (float v : wanted[n][i]) {
            signal += (double) v * v;
          }
        }
      }
    }
  }

  /**
   * The result of a comparison.
   *
   * @param noiseToSignal sum of squared errors over sum of squared float values
   * @param agreement fraction of inputs on which the largest element of the first output is the
   *     same
   */
  record Result(double noiseToSignal, double agreement) {}

  /**
   * Sum of squared differences over sum of squared values for another float graph, whose tensors
   * have the numbers that they have in the first.
   */
  double noiseToSignal(Graph other) {
    double noise = 0;
    try (FloatRunner runner = new FloatRunner(other, threads)) {
      for (int n = 0; n < wanted.length; n++) {
        runner.run(inputs.get(n));
        for (int i = 0; i < measured.size(); i++) {
          float[] got = runner.values(measured.get(i));
          for (int k = 0; k < got.length; k++) {
            double d = got[k] - wanted[n][i][k];
            noise += d * d;
          }
        }
      }
    }
    return signal == 0 ? noise : noise / signal;
  }

  Result of(Recipe recipe) {
    Quantizer.Quantized q = Quantizer.quantize(recipe);
    double noise = 0;
    int agree = 0;
    PlanOptions options =
        PlanOptions.defaults().withThreads(threads).withKeepIntermediates(true).withFuse(false);
    try (Session s = Planner.plan(q.graph(), options).newSession()) {
      for (int n = 0; n < wanted.length; n++) {
        for (int i = 0; i < graph.inputs().size(); i++) {
          Tensor in = q.graph().tensor(q.graph().inputs().get(i));
          float[] x = inputs.get(n)[i];
          if (in.type() == DataType.FLOAT32) {
            s.setInput(i, x);
          } else {
            s.setInput(i, LayerWalk.quantize(x, in.quantization()));
          }
        }
        s.invoke();
        for (int i = 0; i < measured.size(); i++) {
          int t = q.tensorOf()[measured.get(i)];
          float[] got = values(s, q.graph(), t);
          for (int k = 0; k < got.length; k++) {
            double d = got[k] - wanted[n][i][k];
            noise += d * d;
          }
          if (i == 0 && largest(got) == largest(wanted[n][0])) {
            agree++;
          }
        }
      }
    }
    return new Result(signal == 0 ? noise : noise / signal, (double) agree / wanted.length);
  }

  private static float[] values(Session s, Graph g, int t) {
    int n = g.tensor(t).shape().elements();
    if (g.tensor(t).type() == DataType.FLOAT32) {
      float[] r = new float[n];
      s.getTensor(t, r);
      return r;
    }
    byte[] b = new byte[n];
    s.getTensor(t, b);
    return LayerWalk.dequantize(b, g.tensor(t).quantization());
  }

  private static int largest(float[] v) {
    int best = 0;
    for (int i = 1; i < v.length; i++) {
      if (v[i] > v[best]) {
        best = i;
      }
    }
    return best;
  }
}
