package io.quern.report;

import io.quern.calibrate.Progress;
import io.quern.data.DataException;
import io.quern.data.Dataset;
import io.quern.data.Sample;
import io.quern.model.Graph;
import io.quern.model.Shape;
import io.quern.runtime.Plan;
import io.quern.runtime.PlanOptions;
import io.quern.runtime.Planner;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs paths side by side over a data set: every sample is read once and goes through the float
 * reference and every path, so that memory does not grow with the data.
 */
public final class Evaluation {
  private static final int SPEED_SAMPLES = 8;

  /**
   * How much is done.
   *
   * @param plan tier and threads of every path
   * @param layerSamples samples for errors per layer; 0 for none
   * @param effort of the speed measurement
   */
  public record Settings(PlanOptions plan, int layerSamples, Speed.Effort effort) {}

  private Evaluation() {}

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
    List<NetworkRunner> runners = new ArrayList<>();
    NetworkRunner yardstick = null;
    try {
      yardstick =
          new NetworkRunner(Planner.plan(floatGraph, new PlanOptions("reference", 1, false, true)));
      List<OutputMetrics> metrics = new ArrayList<>();
      int classes = lastDimension(floatGraph);
      for (Candidate c : candidates) {
        requireSameOutputs(floatGraph, c);
        Plan plan = Planner.plan(c.graph(), settings.plan());
        runners.add(new NetworkRunner(plan));
        metrics.add(new OutputMetrics(classes));
      }
      List<float[][]> kept =
          accuracy(yardstick, runners, metrics, data, classes, settings, progress);
      List<PathResult> results = new ArrayList<>();
      List<float[][]> few = kept.subList(0, Math.min(SPEED_SAMPLES, kept.size()));
      for (int i = 0; i < candidates.size(); i++) {
        Candidate c = candidates.get(i);
        progress.report("measure speed", i, candidates.size());
        Speed speed = Speed.measure(runners.get(i), few, settings.effort());
        Plan plan = runners.get(i).session().plan();
        results.add(
            new PathResult(
                c.name(),
                plan.tier(),
                settings.plan().threads(),
                metrics.get(i).outcome(),
                speed,
                c.modelBytes(),
                plan.arenaBytes(),
                layers(
                    c, kept.subList(0, Math.min(settings.layerSamples(), kept.size())), progress)));
        progress.report("measure speed", i + 1, candidates.size());
      }
      return results;
    } finally {
      runners.forEach(NetworkRunner::close);
      if (yardstick != null) {
        yardstick.close();
      }
    }
  }

  private static int lastDimension(Graph g) {
    Shape s = g.tensor(g.outputs().get(0)).shape();
    return s.rank() == 0 ? 1 : Math.max(1, s.dim(-1));
  }

  private static void requireSameOutputs(Graph floatGraph, Candidate c) {
    List<Integer> a = elements(floatGraph, floatGraph.inputs());
    List<Integer> b = elements(c.graph(), c.graph().inputs());
    if (!a.equals(b)) {
      throw new IllegalArgumentException(
          c.name() + ": inputs of " + b + " elements, the float model's have " + a);
    }
    a = elements(floatGraph, floatGraph.outputs());
    b = elements(c.graph(), c.graph().outputs());
    if (!a.equals(b)) {
      throw new IllegalArgumentException(
          c.name() + ": outputs of " + b + " elements, the float model's have " + a);
    }
  }

  private static List<Integer> elements(Graph g, List<Integer> tensors) {
    return tensors.stream().map(t -> g.tensor(t).shape().elements()).toList();
  }

  private static List<float[][]> accuracy(
      NetworkRunner yardstick,
      List<NetworkRunner> runners,
      List<OutputMetrics> metrics,
      Dataset data,
      int classes,
      Settings settings,
      Progress progress) {
    List<float[][]> kept = new ArrayList<>();
    int keep = Math.max(SPEED_SAMPLES, settings.layerSamples());
    int done = 0;
    progress.report("evaluate", 0, data.size());
    for (Sample s : data) {
      if (s.label() >= classes) {
        throw new DataException(
            s.source() + ": label " + s.label() + ", but the model has " + classes + " outputs");
      }
      if ((long) kept.size() * data.size() <= (long) done * keep && kept.size() < keep) {
        kept.add(s.inputs());
      }
      run(yardstick, s.inputs());
      float[][] reference = yardstick.outputs();
      for (int i = 0; i < runners.size(); i++) {
        NetworkRunner r = runners.get(i);
        run(r, s.inputs());
        metrics.get(i).add(reference, r.outputs(), r.rawOutputs(), s.label());
      }
      progress.report("evaluate", ++done, data.size());
    }
    return kept;
  }

  private static void run(NetworkRunner r, float[][] inputs) {
    r.set(inputs);
    r.invoke();
    r.fetch();
  }

  private static List<LayerError> layers(Candidate c, List<float[][]> samples, Progress progress) {
    if (c.floatGraph() == null || samples.isEmpty()) {
      return List.of();
    }
    try (LayerErrors e = new LayerErrors(c)) {
      for (int i = 0; i < samples.size(); i++) {
        e.add(samples.get(i));
        progress.report("errors per layer of " + c.name(), i + 1, samples.size());
      }
      return e.errors();
    }
  }
}
