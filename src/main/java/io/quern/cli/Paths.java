package io.quern.cli;

import io.quern.calibrate.BatchNormFolding;
import io.quern.calibrate.CalibrationOptions;
import io.quern.calibrate.CalibrationResult;
import io.quern.calibrate.Calibrator;
import io.quern.calibrate.Preset;
import io.quern.calibrate.Progress;
import io.quern.data.Dataset;
import io.quern.model.Graph;
import io.quern.report.Candidate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

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

  /** The two paths that every report has: one scale per layer's weights, and one per channel. */
  static List<Candidate> int8(
      Graph g, Dataset calibration, CalibrationOptions.Builder options, Progress progress) {
    List<Candidate> r = new ArrayList<>();
    r.add(
        calibrated(
            "int8-per-tensor", g, calibration, options.perTensorWeights(true).build(), progress));
    r.add(
        calibrated(
            "int8-per-channel", g, calibration, options.perTensorWeights(false).build(), progress));
    return r;
  }

  /** One path per recipe. */
  static List<Candidate> recipes(
      Graph g, Dataset calibration, List<Preset> recipes, int threads, Progress progress) {
    List<Candidate> r = new ArrayList<>();
    for (Preset p : recipes) {
      r.add(calibrated(p.label(), g, calibration, p.builder().threads(threads).build(), progress));
    }
    return r;
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
