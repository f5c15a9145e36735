package io.quern.calibrate;

import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/**
 * Post-training quantization: a float graph and inputs like those it will see, to an int8 graph.
 *
 * <p>Deterministic: the same graph, inputs and options give the same int8 graph on every machine.
 * Threads: any number of calibrations may run at once, each on the calling thread.
 */
public final class Calibrator {
  private Calibrator() {}

  /**
   * Calibrates.
   *
   * @param graph a float graph
   * @param inputs the calibration set: one array per input of the graph; iterated over once or
   *     more, in the same order
   * @param options what to do
   * @param progress told how far it is
   * @return the int8 graph
   * @throws io.quern.model.UnsupportedModelException if the graph is quantized already or has an
   *     operator without int8 form
   * @throws IllegalArgumentException if the calibration set is empty, an input does not fit the
   *     graph, or a weight, an input or an activation is NaN or infinite, naming the tensor and the
   *     index
   */
  public static Graph calibrate(
      Graph graph, Iterable<float[][]> inputs, CalibrationOptions options, Progress progress) {
    return run(graph, inputs, options, progress).graph();
  }

  /** As {@link #calibrate}, with what the passes did and the float graph that was quantized. */
  public static CalibrationResult run(
      Graph graph, Iterable<float[][]> inputs, CalibrationOptions options, Progress progress) {
    FloatModelCheck.model(graph);
    List<PassReport> reports = new ArrayList<>();
    Graph g = graph;
    if (options.foldBatchNorm()) {
      PassResult r = BatchNormFolding.fold(g);
      reports.add(r.report());
      g = r.graph();
    }
    Recipe recipe = new Recipe(g, observe(g, inputs, options, progress));
    recipe.floatInputOutput = options.floatInputOutput();
    recipe.quantizeWeights(options);
    Quantizer.Quantized q = Quantizer.quantize(recipe);
    return new CalibrationResult(
        q.graph(), g, reports, Arrays.stream(q.tensorOf()).boxed().toList());
  }

  /**
   * The range of every float activation of a graph over a calibration set.
   *
   * @return one per tensor, null for constants and tensors that are not float
   * @throws IllegalArgumentException as for {@link #calibrate}
   */
  static Range[] observe(
      Graph g, Iterable<float[][]> inputs, CalibrationOptions options, Progress progress) {
    Observer[] observers = new Observer[g.tensors().size()];
    for (int t = 0; t < observers.length; t++) {
      Tensor tensor = g.tensor(t);
      if (tensor.type() == DataType.FLOAT32 && !tensor.isConstant()) {
        ObserverKind kind = g.inputs().contains(t) ? ObserverKind.MIN_MAX : options.observer();
        observers[t] = kind.create(options.percentile());
      }
    }
    long total = inputs instanceof Collection<?> c ? c.size() : -1;
    long done = 0;
    progress.report("observe", 0, total);
    try (FloatRunner runner = new FloatRunner(g, options.threads())) {
      for (float[][] input : inputs) {
        FloatModelCheck.inputs(g, input, done);
        runner.run(input);
        for (int t = 0; t < observers.length; t++) {
          if (observers[t] != null) {
            float[] values = runner.values(t);
            FloatModelCheck.finite(
                values, "activation " + g.tensor(t).name() + " on calibration input " + done);
            observers[t].observe(values);
          }
        }
        progress.report("observe", ++done, total);
      }
    }
    if (done == 0) {
      throw new IllegalArgumentException("the calibration set is empty");
    }
    Range[] ranges = new Range[observers.length];
    for (int t = 0; t < ranges.length; t++) {
      ranges[t] = observers[t] == null ? null : observers[t].range();
    }
    return ranges;
  }
}
