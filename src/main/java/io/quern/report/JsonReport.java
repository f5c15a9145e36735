package io.quern.report;

import io.quern.data.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A {@link ReportDocument} as one JSON document of schema 1. A figure that does not exist (accuracy
 * without labels, SQNR of equal signals) is {@code null}.
 */
public final class JsonReport {
  private JsonReport() {}

  /** The document. */
  public static Map<String, Object> document(ReportDocument d) {
    List<Object> paths = new ArrayList<>();
    for (PathResult p : d.paths()) {
      paths.add(path(p));
    }
    List<Object> tests = new ArrayList<>();
    for (PairedTest t : PairedTest.all(d.paths())) {
      tests.add(
          Json.object(
              "first", t.first(),
              "second", t.second(),
              "onlyFirst", t.onlyFirst(),
              "onlySecond", t.onlySecond(),
              "p", t.p()));
    }
    return Json.object(
        "schema",
        1,
        "model",
        d.model(),
        "paths",
        paths,
        "data",
        d.data(),
        "calibration",
        d.calibration(),
        "machine",
        d.machine(),
        "pairedTests",
        tests);
  }

  private static Map<String, Object> path(PathResult p) {
    OutputMetrics.Outcome o = p.outcome();
    List<Object> layers = new ArrayList<>();
    for (LayerError e : p.layers()) {
      layers.add(
          Json.object(
              "operator", e.operator(),
              "name", e.name(),
              "tensor", e.tensor(),
              "scale", e.scale(),
              "local", e.local() == null ? null : figures(e.local()),
              "accumulated", figures(e.accumulated()),
              "saturated", e.saturated()));
    }
    return Json.object(
        "name", p.name(),
        "tier", p.tier(),
        "top1", o.top1(),
        "agreement", o.agreement(),
        "sqnrDb", round(o.sqnrDb()),
        "medianMicros", round(p.speed().medianMicros()),
        "p99Micros", round(p.speed().p99Micros()),
        "allocatedBytesPerRun", p.speed().allocatedBytesPerRun(),
        "modelBytes", p.modelBytes(),
        "arenaBytes", p.arenaBytes(),
        "outputSha256", o.outputSha256(),
        "threads", p.threads(),
        "samples", o.samples(),
        "labelled", o.labelled(),
        "top1Low", round(o.top1Low()),
        "top1High", round(o.top1High()),
        "top5", o.top5(),
        "divergence", o.divergence(),
        "p10Micros", round(p.speed().p10Micros()),
        "macsPerSecond", round(p.speed().macsPerSecond()),
        "layers", layers);
  }

  private static Map<String, Object> figures(LayerError.Figures f) {
    return Json.object(
        "sqnrDb", round(f.sqnrDb()),
        "rmseInScales", round(f.rmseInScales()),
        "maxInScales", round(f.maxInScales()),
        "meanInScales", round(f.meanInScales()),
        "cosine", f.cosine());
  }

  /** To four decimals: more is noise. */
  static double round(double v) {
    return Double.isFinite(v) && Math.abs(v) < 1e11 ? Math.rint(v * 1e4) / 1e4 : v;
  }
}
