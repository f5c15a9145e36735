package io.quern.calibrate;

import io.quern.model.Activation;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Tensor;
import java.util.HashMap;
import java.util.Map;

/**
 * Mean, deviation and extremes of every output channel of a layer before its activation, over all
 * positions and inputs.
 *
 * <p>Batch normalisation would give mean and deviation as beta and gamma, but model files hold only
 * their products with the running statistics; so they are measured.
 *
 * @param mean per channel
 * @param deviation per channel, of the population
 * @param min per channel
 * @param max per channel
 */
record ChannelStatistics(double[] mean, double[] deviation, double[] min, double[] max) {

  /** As if these channels were always 0. */
  ChannelStatistics without(boolean[] channels) {
    double[][] r = {mean.clone(), deviation.clone(), min.clone(), max.clone()};
    for (int c = 0; c < channels.length; c++) {
      for (double[] values : r) {
        values[c] = channels[c] ? 0 : values[c];
      }
    }
    return new ChannelStatistics(r[0], r[1], r[2], r[3]);
  }

  /** Range of all channels after the layer's activation. */
  Range range(Activation a) {
    double lo = Double.POSITIVE_INFINITY;
    double hi = Double.NEGATIVE_INFINITY;
    for (int c = 0; c < min.length; c++) {
      lo = Math.min(lo, Math.max(a.min(), Math.min(a.max(), min[c])));
      hi = Math.max(hi, Math.max(a.min(), Math.min(a.max(), max[c])));
    }
    return new Range((float) lo, (float) hi);
  }

  /** Statistics of each layer's output, by operator. */
  static Map<Integer, ChannelStatistics> of(
      Graph g,
      Iterable<float[][]> inputs,
      CalibrationOptions options,
      Progress progress,
      String stage) {
    GraphEditor e = new GraphEditor(g);
    int count = g.operators().size();
    java.util.List<Operator> split = new java.util.ArrayList<>();
    Map<Integer, Integer> tensorOf = new HashMap<>();
    for (int i = 0; i < count; i++) {
      Operator op = g.operators().get(i);
      Layer layer = Layer.ofConstant(g, op);
      if (layer == null) {
        split.add(op);
        continue;
      }
      Tensor out = g.tensor(layer.output());
      Operator.Unary.Function f = Operators.functionOf(layer.activation());
      if (f == null) {
        split.add(op);
        tensorOf.put(i, layer.output());
      } else {
        int before =
            e.add(Tensor.activation(out.name() + "/before", out.type(), out.shape(), null));
        split.add(
            layer.with(layer.input(), layer.weights(), layer.bias(), before, Activation.NONE));
        split.add(new Operator.Unary(f, before, layer.output()));
        tensorOf.put(i, before);
      }
    }
    e.operators.clear();
    e.operators.addAll(split);
    Graph unfused =
        new Graph(g.name(), e.tensors, e.operators, g.inputs(), g.outputs(), g.metadata());
    Map<Integer, Accumulator> sums = new HashMap<>();
    tensorOf.forEach(
        (op, t) -> sums.put(op, new Accumulator(Layer.of(g.operators().get(op)).channels(g))));
    long total = inputs instanceof java.util.Collection<?> c ? c.size() : -1;
    long done = 0;
    progress.report(stage, 0, total);
    try (FloatRunner runner = new FloatRunner(unfused, options.threads())) {
      for (float[][] x : inputs) {
        FloatModelCheck.inputs(g, x, done);
        runner.run(x);
        for (Map.Entry<Integer, Integer> entry : tensorOf.entrySet()) {
          sums.get(entry.getKey()).add(runner.values(entry.getValue()));
        }
        progress.report(stage, ++done, total);
      }
    }
    if (done == 0) {
      throw new IllegalArgumentException("the calibration set is empty");
    }
    Map<Integer, ChannelStatistics> r = new HashMap<>();
    sums.forEach((op, s) -> r.put(op, s.finish()));
    return r;
  }

  private static final class Accumulator {
    private final long[] n;
    private final double[] mean;
    private final double[] squares;
    private final double[] min;
    private final double[] max;

    Accumulator(int channels) {
      n = new long[channels];
      mean = new double[channels];
      squares = new double[channels];
      min = new double[channels];
      max = new double[channels];
      java.util.Arrays.fill(min, Double.POSITIVE_INFINITY);
      java.util.Arrays.fill(max, Double.NEGATIVE_INFINITY);
    }

    void add(float[] values) {
      for (int i = 0; i < values.length; i++) {
        int c = i % n.length;
        double v = values[i];
        double d = v - mean[c];
        mean[c] += d / ++n[c];
        squares[c] += d * (v - mean[c]);
        min[c] = Math.min(min[c], v);
        max[c] = Math.max(max[c], v);
      }
    }

    ChannelStatistics finish() {
      double[] deviation = new double[n.length];
      for (int c = 0; c < n.length; c++) {
        deviation[c] = Math.sqrt(Math.max(0, squares[c] / n[c]));
      }
      return new ChannelStatistics(mean, deviation, min, max);
    }
  }
}
