package io.quern.report;

import io.quern.calibrate.Progress;
import io.quern.data.DataException;
import io.quern.data.Dataset;
import io.quern.data.Sample;
import io.quern.model.Graph;
import io.quern.runtime.Plan;
import io.quern.runtime.PlanOptions;
import io.quern.runtime.Planner;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/**
 * Judges paths side by side on a data set. Every sample is read once and goes through the float
 * reference and every path, so that memory does not grow with the data. Accuracy and errors per
 * layer are measured by several threads at once, in an order that does not change a figure; speed
 * is measured alone, afterwards.
 */
public final class Evaluation {
  private static final int SPEED_SAMPLES = 8;

  /**
   * How much is done.
   *
   * @param variants tiers and threads of every path, at least one
   * @param layerSamples samples for errors per layer; 0 for none
   * @param sensitivitySamples samples for what each layer alone does; 0 for none
   * @param effort of the speed measurement
   * @param coldStart how it is measured
   * @param workers threads that measure accuracy and errors per layer
   */
  public record Settings(
      List<PlanOptions> variants,
      int layerSamples,
      int sensitivitySamples,
      Speed.Effort effort,
      ColdStart coldStart,
      int workers) {
    /** Copies the list. */
    public Settings {
      variants = List.copyOf(variants);
    }

    /** A short look at one variant on all processors. */
    public static Settings brief(PlanOptions variant, int layerSamples) {
      return new Settings(
          List.of(variant),
          layerSamples,
          0,
          Speed.Effort.SHORT,
          ColdStart.NONE,
          Runtime.getRuntime().availableProcessors());
    }
  }

  private final Graph floatGraph;
  private final List<Candidate> candidates;
  private final Dataset data;
  private final Settings settings;
  private final Progress progress;
  private final List<float[][]> kept = new ArrayList<>();

  private Evaluation(
      Graph floatGraph,
      List<Candidate> candidates,
      Dataset data,
      Settings settings,
      Progress progress) {
    this.floatGraph = floatGraph;
    this.candidates = candidates;
    this.data = data;
    this.settings = settings;
    this.progress = progress;
  }

  /**
   * Evaluates.
   *
   * @param floatGraph the yardstick, run by the reference tier
   * @param candidates what is judged; the float network itself may be among them
   * @return one result per candidate, in order
   * @throws DataException if a sample cannot be read or its label is not among the outputs
   */
  public static List<PathResult> run(
      Graph floatGraph,
      List<Candidate> candidates,
      Dataset data,
      Settings settings,
      Progress progress) {
    candidates.forEach(c -> requireSameOutputs(floatGraph, c));
    return new Evaluation(floatGraph, candidates, data, settings, progress).results();
  }

  /**
   * Checks that every label is one of the network's outputs, before any work.
   *
   * @throws DataException if one is not, naming the file and line where it stands
   */
  public static void requireLabels(Graph floatGraph, Dataset data) {
    data.requireLabelsBelow(Accuracy.classes(floatGraph));
  }

  private List<PathResult> results() {
    List<OutputMetrics> metrics;
    List<List<LayerError>> layers;
    try (Parallel workers = new Parallel(settings.workers())) {
      metrics =
          new Accuracy(floatGraph, candidates, settings.variants().get(0), settings.workers())
              .measure(data, this::keep, workers, progress);
      layers = layers(workers);
    }
    List<PathResult> results = new ArrayList<>();
    for (int i = 0; i < candidates.size(); i++) {
      Candidate c = candidates.get(i);
      results.add(
          new PathResult(
              c.name(),
              c.graph(),
              c.modelBytes(),
              metrics.get(i).outcome(),
              variants(c, i),
              layers.get(i)));
    }
    progress.report("measure speed", 1, 1);
    return results;
  }

  private static void requireSameOutputs(Graph floatGraph, Candidate c) {
    requireSame(c, "inputs", floatGraph, floatGraph.inputs(), c.graph().inputs());
    requireSame(c, "outputs", floatGraph, floatGraph.outputs(), c.graph().outputs());
  }

  private static void requireSame(
      Candidate c, String what, Graph floatGraph, List<Integer> expected, List<Integer> actual) {
    List<Integer> a = elements(floatGraph, expected);
    List<Integer> b = elements(c.graph(), actual);
    if (!a.equals(b)) {
      throw new IllegalArgumentException(
          c.name() + ": " + what + " of " + b + " elements, the float model's have " + a);
    }
  }

  private static List<Integer> elements(Graph g, List<Integer> tensors) {
    return tensors.stream().map(t -> g.tensor(t).shape().elements()).toList();
  }

  /** Keeps some samples, evenly spread, for the measurements that do not need all. */
  private void keep(Sample s, int index) {
    int most = Math.max(settings.layerSamples(), settings.sensitivitySamples());
    most = Math.max(most, SPEED_SAMPLES);
    if ((long) kept.size() * data.size() <= (long) index * most && kept.size() < most) {
      kept.add(s.inputs());
    }
  }

  /** Some of the kept samples, evenly spread. */
  private List<float[][]> some(int samples) {
    List<float[][]> r = new ArrayList<>();
    int n = Math.min(samples, kept.size());
    for (int i = 0; i < n; i++) {
      r.add(kept.get((int) ((long) i * kept.size() / n)));
    }
    return r;
  }

  // ---- layers ----

  private List<List<LayerError>> layers(Parallel workers) {
    long total = 0;
    for (Candidate c : candidates) {
      total += c.floatGraph() == null ? 0 : some(settings.layerSamples()).size();
      total += c.floatGraph() == null ? 0 : some(settings.sensitivitySamples()).size();
    }
    Count count = new Count("errors per layer", total);
    List<Callable<List<LayerError>>> pieces = new ArrayList<>();
    for (Candidate c : candidates) {
      pieces.add(() -> layers(c, count));
    }
    return workers.all(pieces);
  }

  /** Counts what several threads do, and tells. */
  private final class Count {
    private final String stage;
    private final long total;
    private long done;

    Count(String stage, long total) {
      this.stage = stage;
      this.total = total;
    }

    synchronized void one() {
      progress.report(stage, ++done, total);
    }
  }

  private List<LayerError> layers(Candidate c, Count count) {
    if (c.floatGraph() == null || settings.layerSamples() == 0) {
      return List.of();
    }
    List<LayerError> errors;
    try (LayerErrors e = new LayerErrors(c)) {
      for (float[][] sample : some(settings.layerSamples())) {
        e.add(sample);
        count.one();
      }
      errors = e.errors();
    }
    if (settings.sensitivitySamples() == 0) {
      return errors;
    }
    try (Sensitivities s = new Sensitivities(c, Accuracy.classes(floatGraph))) {
      for (float[][] sample : some(settings.sensitivitySamples())) {
        s.add(sample);
        count.one();
      }
      List<Sensitivity> results = s.results();
      return errors.stream().map(e -> e.with(results.get(e.operator()))).toList();
    }
  }

  // ---- speed ----

  /** Measures a candidate on every tier; asked for two that come to the same, only once. */
  private List<Variant> variants(Candidate c, int index) {
    List<Variant> measured = new ArrayList<>();
    int each = settings.variants().size();
    for (int i = 0; i < each; i++) {
      progress.report("measure speed", (long) index * each + i, (long) candidates.size() * each);
      PlanOptions o = settings.variants().get(i);
      String tier = Planner.plan(c.graph(), o).tier();
      if (measured.stream().noneMatch(v -> v.tier().equals(tier) && v.threads() == o.threads())) {
        measured.add(variant(c, o));
      }
    }
    return measured;
  }

  private Variant variant(Candidate c, PlanOptions o) {
    long start = System.nanoTime();
    Plan plan = Planner.plan(c.graph(), o);
    try (NetworkRunner runner = new NetworkRunner(plan)) {
      runner.set(kept.get(0));
      runner.invoke();
      double firstRunMillis = (System.nanoTime() - start) / 1e6;
      Speed speed = Speed.measure(runner, some(SPEED_SAMPLES), settings.effort());
      return new Variant(
          plan.tier(),
          o.threads(),
          speed,
          plan.arenaBytes(),
          firstRunMillis,
          settings.coldStart().millis(c.graph(), o),
          null);
    }
  }
}
