package io.quern.calibrate;

import io.quern.data.EvenSpread;
import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

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
    if (options.lowRank() != LowRankCriterion.NONE) {
      PassResult r = LowRank.apply(g, options.lowRank(), options.lowRankValue());
      reports.add(r.report());
      g = r.graph();
    }
    Map<Integer, ChannelStatistics> statistics = null;
    if (options.silenceIdle()) {
      statistics = ChannelStatistics.of(g, inputs, options, progress, ChannelSplitting.SILENCE);
      PassResult r =
          ChannelSplitting.silence(g, statistics, ranges(g, statistics, inputs, options, progress));
      reports.add(r.report());
      g = r.graph();
    }
    if (options.equalisation() != Equalisation.NONE) {
      if (statistics == null) {
        statistics =
            ChannelStatistics.of(g, inputs, options, progress, CrossLayerEqualisation.NAME);
      }
      PassResult r =
          CrossLayerEqualisation.apply(
              g, statistics, options.perTensorWeights(), options.equalisation());
      reports.add(r.report());
      g = r.graph();
    }
    if (options.absorbHighBias()) {
      PassResult r =
          HighBiasAbsorption.apply(
              g, ChannelStatistics.of(g, inputs, options, progress, HighBiasAbsorption.NAME));
      reports.add(r.report());
      g = r.graph();
    }
    if (options.splitChannels()) {
      statistics = ChannelStatistics.of(g, inputs, options, progress, ChannelSplitting.NAME);
      PassResult r =
          ChannelSplitting.apply(
              g,
              statistics,
              ranges(g, statistics, inputs, options, progress),
              options.splitBudget() > 0
                  ? new OutputError(g, some(inputs, options.sensitivityInputs()), options.threads())
                  : null,
              options.splitBudget(),
              progress);
      reports.add(r.report());
      g = r.graph();
    }
    Recipe recipe = refine(g, inputs, options, progress, reports);
    Quantizer.Quantized q = Quantizer.quantize(recipe);
    return new CalibrationResult(
        q.graph(), g, reports, Arrays.stream(q.tensorOf()).boxed().toList());
  }

  /** Ranges of the layers' outputs, by the observer of the options. */
  private static Range[] ranges(
      Graph g,
      Map<Integer, ChannelStatistics> statistics,
      Iterable<float[][]> inputs,
      CalibrationOptions o,
      Progress progress) {
    if (o.observer() != ObserverKind.MIN_MAX && o.observer() != ObserverKind.AUTO) {
      return observe(g, inputs, o, progress).get(o.observer());
    }
    Range[] r = new Range[g.tensors().size()];
    statistics.forEach(
        (op, s) -> {
          Layer l = Layer.of(g.operators().get(op));
          r[l.output()] = s.range(l.activation());
        });
    return r;
  }

  /** Chooses ranges, weights and biases. */
  private static Recipe refine(
      Graph g,
      Iterable<float[][]> inputs,
      CalibrationOptions o,
      Progress progress,
      List<PassReport> reports) {
    Map<ObserverKind, Range[]> proposals = observe(g, inputs, o, progress);
    boolean auto = o.observer() == ObserverKind.AUTO;
    Recipe recipe =
        new Recipe(g, proposals.get(auto ? ObserverKind.MIN_MAX : o.observer()).clone());
    recipe.floatInputOutput = o.floatInputOutput();
    recipe.quantizeWeights(o);
    boolean greedy = o.binaryLayers() == BinaryLayers.GREEDY;
    boolean measured = auto || o.floatLayers() > 0 || greedy;
    // A budget of two in a hundred answers is not measured on 32.
    int count =
        greedy ? Math.max(o.sensitivityInputs(), o.refinementInputs()) : o.sensitivityInputs();
    OutputError error = measured ? new OutputError(g, some(inputs, count), o.threads()) : null;
    if (auto) {
      reports.add(AutoRanges.apply(recipe, proposals, error, progress));
    }
    List<float[][]> refinement = some(inputs, o.refinementInputs());
    if (o.binaryLayers() != BinaryLayers.NONE) {
      reports.add(Binarisation.apply(recipe, o, refinement, error, progress));
    }
    if (o.learnedRounding()) {
      reports.add(LearnedRounding.apply(recipe, refinement, o.threads(), progress));
    }
    if (o.biasCorrection() == BiasCorrectionMethod.EMPIRICAL) {
      reports.add(BiasCorrection.empirical(recipe, refinement, o.threads(), progress));
    } else if (o.biasCorrection() == BiasCorrectionMethod.ANALYTIC) {
      reports.add(
          BiasCorrection.analytic(
              recipe, ChannelStatistics.of(g, inputs, o, progress, BiasCorrection.NAME)));
    }
    if (o.floatLayers() > 0) {
      reports.add(MixedPrecision.apply(recipe, error, o.floatLayers(), progress));
    }
    if (o.fitLogits()) {
      reports.add(LogitRange.apply(recipe, refinement, o.threads(), progress));
    }
    return recipe;
  }

  /**
   * Upper estimate of the heap that one calibration takes, beside what the JVM itself does: the
   * inputs that passes refine on, and the values of the network that are kept for them.
   *
   * @return bytes
   */
  public static long heapBytes(Graph g, CalibrationOptions o) {
    long input = g.inputs().stream().mapToLong(t -> g.tensor(t).bytes()).sum();
    long largest = 0;
    for (Tensor t : g.tensors()) {
      largest = t.isConstant() ? largest : Math.max(largest, t.bytes());
    }
    // Float and int8 values, on both sides of the widest operator.
    long widest = largest * 5 / 2;
    return input * 5 / 4 * o.refinementInputs()
        + Math.min(widest * o.refinementInputs(), LayerWalk.keptBytes());
  }

  /**
   * At most {@code count} inputs, evenly spread over the calibration set, which often is sorted by
   * class; the first ones of a set that does not tell its size.
   */
  static List<float[][]> some(Iterable<float[][]> inputs, int count) {
    List<float[][]> r = new ArrayList<>();
    long size = inputs instanceof Collection<?> c ? c.size() : 0;
    long i = 0;
    for (float[][] x : inputs) {
      if (r.size() == count) {
        break;
      }
      if (size <= count || EvenSpread.takes(i, size, count)) {
        r.add(x);
      }
      i++;
    }
    return r;
  }

  /**
   * The range of every float activation of a graph over a calibration set, as each observer in
   * question proposes it.
   *
   * @return per observer one range per tensor, null for constants and tensors that are not float
   * @throws IllegalArgumentException as for {@link #calibrate}
   */
  static Map<ObserverKind, Range[]> observe(
      Graph g, Iterable<float[][]> inputs, CalibrationOptions options, Progress progress) {
    int tensors = g.tensors().size();
    Map<ObserverKind, Observer[]> observers = new EnumMap<>(ObserverKind.class);
    for (ObserverKind kind : ObserverKind.values()) {
      if (kind != ObserverKind.AUTO
          && (options.observer() == ObserverKind.AUTO || options.observer() == kind)) {
        observers.put(kind, new Observer[tensors]);
      }
    }
    for (int t = 0; t < tensors; t++) {
      Tensor tensor = g.tensor(t);
      if (tensor.type() == DataType.FLOAT32 && !tensor.isConstant()) {
        for (Map.Entry<ObserverKind, Observer[]> e : observers.entrySet()) {
          ObserverKind kind = g.inputs().contains(t) ? ObserverKind.MIN_MAX : e.getKey();
          e.getValue()[t] = kind.create(options.percentile());
        }
      }
    }
    long total = inputs instanceof Collection<?> c ? c.size() : -1;
    long done = 0;
    progress.report("observe", 0, total);
    try (FloatRunner runner = new FloatRunner(g, options.threads())) {
      for (float[][] input : inputs) {
        FloatModelCheck.inputs(g, input, done);
        runner.run(input);
        for (int t = 0; t < tensors; t++) {
          if (g.tensor(t).type() == DataType.FLOAT32 && !g.tensor(t).isConstant()) {
            float[] values = runner.values(t);
            FloatModelCheck.finite(
                values, "activation " + g.tensor(t).name() + " on calibration input " + done);
            for (Observer[] o : observers.values()) {
              o[t].observe(values);
            }
          }
        }
        progress.report("observe", ++done, total);
      }
    }
    if (done == 0) {
      throw new IllegalArgumentException("the calibration set is empty");
    }
    Map<ObserverKind, Range[]> ranges = new EnumMap<>(ObserverKind.class);
    observers.forEach(
        (kind, o) ->
            ranges.put(
                kind,
                Arrays.stream(o).map(x -> x == null ? null : x.range()).toArray(Range[]::new)));
    return ranges;
  }
}
