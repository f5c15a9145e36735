package io.quern.cli;

import io.quern.calibrate.BatchNormFolding;
import io.quern.calibrate.BinaryLayers;
import io.quern.calibrate.CalibrationOptions;
import io.quern.calibrate.CalibrationResult;
import io.quern.calibrate.Calibrator;
import io.quern.calibrate.Progress;
import io.quern.data.Dataset;
import io.quern.model.Graph;
import io.quern.report.Candidate;
import io.quern.report.Parallel;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;

/** Makes the networks that reports compare. */
final class Paths {
  private Paths() {}

  /** The float network itself. */
  static Candidate float32(Graph g, long modelBytes) {
    return Candidate.of("float32", g, modelBytes);
  }

  /** A calibrated network. */
  static Candidate calibrated(
      String name, Graph g, Dataset calibration, CalibrationOptions o, Progress progress) {
    Progress named = (stage, done, total) -> progress.report(name + ": " + stage, done, total);
    CalibrationResult r = Calibrator.run(g, Inputs.of(calibration), o, named);
    return new Candidate(
        name, r.graph(), ModelFiles.bytes(r.graph()), r.floatGraph(), r.tensorOf());
  }

  /**
   * The paths of a report that names none: one scale for all weights of a layer, which binary
   * weights cannot have, and one per channel.
   */
  static List<Candidate> int8(
      Graph g, Dataset calibration, CalibrationOptions.Builder options, Progress progress) {
    Map<String, CalibrationOptions> named = new LinkedHashMap<>();
    if (options.build().binaryLayers() == BinaryLayers.NONE) {
      named.put("int8-per-tensor", options.perTensorWeights(true).build());
    }
    named.put("int8-per-channel", options.perTensorWeights(false).build());
    return calibrated(g, calibration, named, progress);
  }

  /** Calibrates several networks, as many at once as there are processors and memory for. */
  static List<Candidate> calibrated(
      Graph g, Dataset calibration, Map<String, CalibrationOptions> options, Progress progress) {
    int workers =
        Math.min(
            Math.min(options.size(), Runtime.getRuntime().availableProcessors()),
            fitting(g, options.values()));
    List<Callable<Candidate>> pieces = new ArrayList<>();
    AtomicInteger done = new AtomicInteger();
    Progress all =
        workers == 1
            ? progress
            : (stage, n, total) -> progress.report("calibrate", done.get(), options.size());
    options.forEach(
        (name, o) ->
            pieces.add(
                () -> {
                  Candidate c = calibrated(name, g, calibration, o, all);
                  done.incrementAndGet();
                  return c;
                }));
    try (Parallel threads = new Parallel(workers)) {
      return threads.all(pieces);
    }
  }

  /** How many of the calibrations half of the heap holds at once. */
  private static int fitting(Graph g, Collection<CalibrationOptions> options) {
    long each = options.stream().mapToLong(o -> Calibrator.heapBytes(g, o)).max().orElse(0);
    long room = Runtime.getRuntime().maxMemory() / 2;
    return (int) Math.max(1, Math.min(64, room / Math.max(1, each)));
  }

  /**
   * A network from a file; its tensors are compared with those of the float graph that bear the
   * same names.
   */
  static Candidate given(String name, Graph graph, long modelBytes, Graph floatGraph) {
    Graph folded = BatchNormFolding.fold(floatGraph).graph();
    Map<String, Integer> byName = new HashMap<>();
    for (int t = 0; t < graph.tensors().size(); t++) {
      if (!graph.tensor(t).isConstant()) {
        byName.merge(graph.tensor(t).name(), t, (a, b) -> -1);
      }
    }
    List<Integer> tensorOf = new ArrayList<>();
    boolean any = false;
    for (int t = 0; t < folded.tensors().size(); t++) {
      int q = folded.tensor(t).isConstant() ? -1 : byName.getOrDefault(folded.tensor(t).name(), -1);
      tensorOf.add(q);
      any |= q >= 0;
    }
    return any
        ? new Candidate(name, graph, modelBytes, folded, tensorOf)
        : Candidate.of(name, graph, modelBytes);
  }
}
