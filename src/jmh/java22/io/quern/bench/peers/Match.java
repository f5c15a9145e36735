package io.quern.bench.peers;

import io.quern.format.tflite.TfliteReader;
import io.quern.kernels.asm.MultiplyPeak;
import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Tensor;
import io.quern.oracle.TfliteKernels;
import io.quern.oracle.TfliteModel;
import io.quern.runtime.Costs;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * All entrants on one network. Each has a process of its own; they take turns, round after round,
 * so that a disturbance hits all alike. Before anything is timed, outputs are compared with those
 * of TensorFlow Lite's reference kernels.
 */
final class Match {
  private static final int INPUTS = 2;

  /** Lets the threads of the one before go to sleep. */
  private static final int PAUSE_MILLIS = 30;

  private static final int PEAK_RUNS = 50;

  /** Steps of the output by which a peer may be off before it is said; XNNPACK is by up to 32. */
  private static final int TOLERANCE = 40;

  /**
   * How much is measured.
   *
   * @param rounds turns of every entrant
   * @param warmUpMillis before its first round
   * @param millis of a round
   */
  record Effort(int rounds, int warmUpMillis, int millis) {}

  private final Path model;
  private final Path log;
  private final Effort effort;
  private final PrintStream progress;
  private final List<MultiplyPeak> peaks = MultiplyPeak.here();
  private double peak;

  /** Processes of one thread, as many as the entrant has threads. */
  private final Map<Entrant, List<RunnerProcess>> copies = new LinkedHashMap<>();

  private final Map<Entrant, double[]> atOnce = new LinkedHashMap<>();

  Match(Path model, Path log, Effort effort, PrintStream progress) {
    this.model = model;
    this.log = log;
    this.effort = effort;
    this.progress = progress;
  }

  /**
   * Plays it. An entrant that cannot run the network is left out, and said so.
   *
   * @throws IllegalStateException if an exact entrant's output is wrong
   */
  List<Result> play(List<Entrant> entrants) throws IOException, InterruptedException {
    Graph graph = TfliteReader.read(model);
    String name = model.getFileName().toString().replaceFirst("\\.tflite$", "");
    Map<Entrant, RunnerProcess> runners = new LinkedHashMap<>();
    try {
      Map<Entrant, Double> differences = start(graph, entrants, runners);
      Map<Entrant, double[]> nanos = rounds(name, runners);
      List<Result> results = new ArrayList<>();
      for (Entrant e : runners.keySet()) {
        results.add(
            new Result(
                name,
                Costs.macs(graph),
                e,
                nanos.get(e),
                atOnce.get(e),
                differences.get(e),
                peak * e.threads()));
      }
      return results;
    } finally {
      runners.values().forEach(RunnerProcess::close);
      copies.values().forEach(all -> all.forEach(RunnerProcess::close));
    }
  }

  private Map<Entrant, Double> start(
      Graph graph, List<Entrant> entrants, Map<Entrant, RunnerProcess> runners) throws IOException {
    Tensor out = graph.tensor(graph.outputs().get(0));
    List<byte[]> inputs = inputs(graph.tensor(graph.inputs().get(0)));
    List<byte[]> expected = expected(inputs);
    Map<Entrant, Double> differences = new LinkedHashMap<>();
    for (Entrant e : entrants) {
      RunnerProcess runner;
      try {
        runner = new RunnerProcess(e.command(), model, log);
      } catch (IOException failure) {
        progress.println(e.name() + " does not run " + model + ": " + failure.getMessage());
        continue;
      }
      runners.put(e, runner);
      if (e.oneThread() != null) {
        List<RunnerProcess> all = new ArrayList<>();
        copies.put(e, all);
        for (int i = 0; i < e.threads(); i++) {
          all.add(new RunnerProcess(e.oneThread(), model, log));
          all.get(i).output(inputs.get(0));
        }
        atOnce.put(e, new double[effort.rounds()]);
      }
      double largest = 0;
      for (int i = 0; i < INPUTS; i++) {
        largest = Math.max(largest, difference(out, expected.get(i), runner.output(inputs.get(i))));
      }
      if (e.exact() && out.type() != DataType.FLOAT32 && largest > 0) {
        throw new IllegalStateException(
            e.name() + " on " + model + ": an output is off by " + largest);
      }
      if (largest > TOLERANCE) {
        progress.println(e.name() + " does not agree on " + model + ": it is off by " + largest);
      }
      differences.put(e, largest);
    }
    return differences;
  }

  private Map<Entrant, double[]> rounds(String name, Map<Entrant, RunnerProcess> runners)
      throws IOException, InterruptedException {
    Map<Entrant, double[]> nanos = new LinkedHashMap<>();
    for (Map.Entry<Entrant, RunnerProcess> r : runners.entrySet()) {
      progress.println(
          name + ": warming up " + r.getKey().name() + ", threads " + r.getKey().threads());
      r.getValue().round(effort.warmUpMillis());
      nanos.put(r.getKey(), new double[effort.rounds()]);
      if (copies.containsKey(r.getKey())) {
        roundAtOnce(r.getKey(), effort.warmUpMillis());
      }
    }
    for (int round = 0; round < effort.rounds(); round++) {
      progress.println(name + ": round " + (round + 1) + " of " + effort.rounds());
      for (Map.Entry<Entrant, RunnerProcess> r : runners.entrySet()) {
        Thread.sleep(PAUSE_MILLIS);
        nanos.get(r.getKey())[round] = r.getValue().round(effort.millis());
        if (copies.containsKey(r.getKey())) {
          Thread.sleep(PAUSE_MILLIS);
          atOnce.get(r.getKey())[round] = roundAtOnce(r.getKey(), effort.millis());
        }
      }
      measurePeak();
    }
    return nanos;
  }

  /** Nanoseconds for each run of any of the copies. */
  private double roundAtOnce(Entrant entrant, int millis) throws IOException {
    for (RunnerProcess copy : copies.get(entrant)) {
      copy.begin(millis);
    }
    double runsPerNano = 0;
    for (RunnerProcess copy : copies.get(entrant)) {
      runsPerNano += 1.0 / copy.end();
    }
    return 1 / runsPerNano;
  }

  /** Keeps the best of all rounds and instructions. */
  private void measurePeak() {
    for (MultiplyPeak p : peaks) {
      for (int i = 0; i < PEAK_RUNS; i++) {
        long begin = System.nanoTime();
        p.run();
        peak = Math.max(peak, p.macs() / ((System.nanoTime() - begin) / 1e9));
      }
    }
  }

  private List<byte[]> expected(List<byte[]> inputs) throws IOException {
    List<byte[]> outputs = new ArrayList<>();
    byte[] file = Files.readAllBytes(model);
    try (TfliteModel reference = new TfliteModel(file, TfliteKernels.REFERENCE, 1, false)) {
      for (byte[] input : inputs) {
        reference.setInput(0, input);
        reference.invoke();
        outputs.add(reference.output(0));
      }
    }
    return outputs;
  }

  private static List<byte[]> inputs(Tensor t) {
    SplittableRandom random = new SplittableRandom(20261124);
    List<byte[]> inputs = new ArrayList<>();
    for (int n = 0; n < INPUTS; n++) {
      ByteBuffer b = ByteBuffer.allocate((int) t.bytes()).order(ByteOrder.LITTLE_ENDIAN);
      while (b.hasRemaining()) {
        if (t.type() == DataType.FLOAT32) {
          b.putFloat((float) random.nextDouble(-1, 1));
        } else {
          b.put((byte) random.nextInt(256));
        }
      }
      inputs.add(b.array());
    }
    return inputs;
  }

  private static double difference(Tensor t, byte[] expected, byte[] actual) {
    double[] e = values(t, expected);
    double[] a = values(t, actual);
    double largest = 0;
    for (int i = 0; i < e.length; i++) {
      largest = Math.max(largest, Math.abs(e[i] - a[i]));
    }
    return largest;
  }

  private static double[] values(Tensor t, byte[] raw) {
    double[] v = new double[t.shape().elements()];
    ByteBuffer b = ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN);
    Arrays.setAll(
        v,
        i ->
            switch (t.type()) {
              case FLOAT32 -> b.getFloat(4 * i);
              case UINT8 -> raw[i] & 0xff;
              default -> raw[i];
            });
    return v;
  }
}
