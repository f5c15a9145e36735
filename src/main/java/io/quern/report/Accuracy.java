package io.quern.report;

import io.quern.calibrate.Progress;
import io.quern.data.Dataset;
import io.quern.data.Sample;
import io.quern.model.Graph;
import io.quern.model.Shape;
import io.quern.runtime.Plan;
import io.quern.runtime.PlanOptions;
import io.quern.runtime.Planner;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Runs the float reference and all paths over a data set. Several threads run samples, each on
 * sessions of its own; the answers are counted in the order of the data.
 */
final class Accuracy {
  private static final int BATCH_PER_WORKER = 4;

  /** What a path said of one sample. */
  private record Answer(float[][] outputs, byte[] raw) {}

  /** What all said of one sample. */
  private record Answers(Sample sample, List<Answer> paths) {
    float[][] reference() {
      return paths.get(0).outputs();
    }
  }

  /** Told of every sample before it runs. */
  @FunctionalInterface
  interface Listener {
    void sample(Sample s, int index);
  }

  private final List<Plan> plans = new ArrayList<>();
  private final List<OutputMetrics> metrics = new ArrayList<>();
  private final int classes;
  private final int workers;

  /**
   * @param options tier of the candidates
   * @param workers number of threads
   */
  Accuracy(Graph floatGraph, List<Candidate> candidates, PlanOptions options, int workers) {
    this.classes = classes(floatGraph);
    this.workers = workers;
    plans.add(Planner.plan(floatGraph, new PlanOptions("reference", 1, false, true)));
    for (Candidate c : candidates) {
      plans.add(Planner.plan(c.graph(), options.withThreads(1)));
      metrics.add(new OutputMetrics(classes));
    }
  }

  /** Last dimension of the first output. */
  static int classes(Graph g) {
    Shape s = g.tensor(g.outputs().get(0)).shape();
    return s.rank() == 0 ? 1 : Math.max(1, s.dim(-1));
  }

  /** Runs all samples; returns the metrics of each candidate. */
  List<OutputMetrics> measure(
      Dataset data, Listener listener, Parallel threads, Progress progress) {
    List<Lane> lanes = new ArrayList<>();
    try {
      for (int i = 0; i < workers; i++) {
        lanes.add(new Lane(plans));
      }
      data.requireLabelsBelow(classes);
      int done = 0;
      progress.report("evaluate", 0, data.size());
      List<Sample> batch = new ArrayList<>();
      for (Sample s : data) {
        listener.sample(s, done + batch.size());
        batch.add(s);
        if (batch.size() == BATCH_PER_WORKER * workers || done + batch.size() == data.size()) {
          run(threads, lanes, batch);
          done += batch.size();
          batch.clear();
          progress.report("evaluate", done, data.size());
        }
      }
      return metrics;
    } finally {
      lanes.forEach(Lane::close);
    }
  }

  private void run(Parallel threads, List<Lane> lanes, List<Sample> batch) {
    AtomicInteger next = new AtomicInteger();
    Answers[] answers = new Answers[batch.size()];
    List<Callable<Void>> pieces = new ArrayList<>();
    for (Lane lane : lanes) {
      pieces.add(
          () -> {
            for (int i = next.getAndIncrement(); i < answers.length; i = next.getAndIncrement()) {
              answers[i] = lane.answers(batch.get(i));
            }
            return null;
          });
    }
    threads.all(pieces);
    for (Answers a : answers) {
      for (int i = 0; i < metrics.size(); i++) {
        Answer p = a.paths().get(i + 1);
        metrics.get(i).add(a.reference(), p.outputs(), p.raw(), a.sample().label());
      }
    }
  }

  /** Sessions of the float reference and all paths, for one thread. */
  private static final class Lane implements AutoCloseable {
    private final List<NetworkRunner> runners = new ArrayList<>();

    Lane(List<Plan> plans) {
      plans.forEach(p -> runners.add(new NetworkRunner(p)));
    }

    Answers answers(Sample s) {
      List<Answer> all = new ArrayList<>();
      for (NetworkRunner r : runners) {
        r.set(s.inputs());
        r.invoke();
        r.fetch();
        float[][] outputs = r.outputs().clone();
        for (int i = 0; i < outputs.length; i++) {
          outputs[i] = outputs[i].clone();
        }
        all.add(new Answer(outputs, r.rawOutputs()));
      }
      return new Answers(s, all);
    }

    @Override
    public void close() {
      runners.forEach(NetworkRunner::close);
    }
  }
}
