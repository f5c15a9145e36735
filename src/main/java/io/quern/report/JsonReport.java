package io.quern.report;

import io.quern.data.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * A {@link ReportDocument} as one JSON document of schema 1. A figure that does not exist (accuracy
 * without labels, SQNR of equal signals) is {@code null}. {@code quern report --help} lists the
 * fields.
 */
public final class JsonReport {
  private JsonReport() {}

  /** The document. */
  public static Map<String, Object> document(ReportDocument d) {
    return Json.object(
        "schema", 1,
        "model", d.model(),
        "paths", list(d.paths(), JsonReport::path),
        "data", d.data(),
        "calibration", d.calibration(),
        "machine", d.machine(),
        "pairedTests", list(PairedTest.all(d.paths()), JsonReport::test),
        "modelled", d.target() == null ? null : modelled(d));
  }

  private static <T> List<Object> list(List<T> items, Function<T, Object> f) {
    return new ArrayList<>(items.stream().map(f).toList());
  }

  private static Map<String, Object> path(PathResult p) {
    OutputMetrics.Outcome o = p.outcome();
    Speed speed = p.first().speed();
    Map<String, Object> m =
        Json.object(
            "name", p.name(),
            "tier", p.first().tier(),
            "top1", o.top1().value(),
            "agreement", o.agreement().value(),
            "sqnrDb", round(o.sqnrDb()),
            "medianMicros", round(speed.medianMicros()),
            "p99Micros", round(speed.p99Micros()),
            "allocatedBytesPerRun", speed.allocatedBytesPerRun(),
            "modelBytes", p.modelBytes(),
            "arenaBytes", p.first().arenaBytes(),
            "outputSha256", o.outputSha256());
    m.putAll(variant(p.first()));
    estimate(m, "top1", o.top1());
    estimate(m, "top5", o.top5());
    estimate(m, "agreement", o.agreement());
    estimate(m, "divergence", o.divergence());
    m.put("samples", o.samples());
    m.put("labelled", o.labelled());
    m.put("macs", p.macs());
    m.put("variants", list(p.variants(), JsonReport::variant));
    m.put("layers", list(p.layers(), JsonReport::layer));
    return m;
  }

  /** A figure and the ends of its interval, under three names. */
  static void estimate(Map<String, Object> m, String name, Estimate e) {
    m.put(name, e.value());
    m.put(name + "Low", round(e.low()));
    m.put(name + "High", round(e.high()));
  }

  static Map<String, Object> variant(Variant v) {
    long allocated = v.speed().allocatedBytesPerRun();
    Map<String, Object> m =
        Json.object(
            "tier", v.tier(),
            "threads", v.threads(),
            "medianMicros", round(v.speed().medianMicros()),
            "p10Micros", round(v.speed().p10Micros()),
            "p99Micros", round(v.speed().p99Micros()),
            "macsPerSecond", round(v.speed().macsPerSecond()),
            "allocatedBytesPerRun", allocated < 0 ? null : allocated,
            "arenaBytes", v.arenaBytes(),
            "firstRunMillis", round(v.firstRunMillis()),
            "coldStartMillis", round(v.coldStartMillis()));
    if (v.board() != null) {
      m.put("board", v.board());
    }
    return m;
  }

  private static Map<String, Object> layer(LayerError e) {
    return Json.object(
        "operator", e.operator(),
        "name", e.name(),
        "tensor", e.tensor(),
        "scale", e.scale(),
        "local", e.local() == null ? null : figures(e.local()),
        "accumulated", figures(e.accumulated()),
        "weights", e.weights() == null ? null : figures(e.weights()),
        "saturated", e.saturated(),
        "histogram", e.histogram() == null ? null : histogram(e.histogram()),
        "sensitivity", e.sensitivity() == null ? null : sensitivity(e.sensitivity()));
  }

  static Map<String, Object> figures(LayerError.Figures f) {
    return Json.object(
        "sqnrDb", round(f.sqnrDb()),
        "rmseInScales", round(f.rmseInScales()),
        "maxInScales", round(f.maxInScales()),
        "meanInScales", round(f.meanInScales()),
        "cosine", f.cosine());
  }

  private static Map<String, Object> histogram(ActivationHistogram h) {
    List<Object> counts = new ArrayList<>();
    for (long n : h.counts()) {
      counts.add(n);
    }
    return Json.object(
        "low", h.low(),
        "high", h.high(),
        "counts", counts,
        "zeros", h.zeros(),
        "rangeLow", h.rangeLow(),
        "rangeHigh", h.rangeHigh());
  }

  private static Map<String, Object> sensitivity(Sensitivity s) {
    return Json.object("on", effect(s.on()), "off", effect(s.off()));
  }

  private static Map<String, Object> effect(Sensitivity.Effect e) {
    Map<String, Object> m = Json.object("sqnrDb", round(e.sqnrDb()));
    estimate(m, "agreement", e.agreement());
    estimate(m, "divergence", e.divergence());
    return m;
  }

  private static Map<String, Object> test(PairedTest t) {
    return Json.object(
        "first", t.first(),
        "second", t.second(),
        "onlyFirst", t.onlyFirst(),
        "onlySecond", t.onlySecond(),
        "p", t.p());
  }

  private static Map<String, Object> modelled(ReportDocument d) {
    return Json.object(
        "board", d.target().id(),
        "name", d.target().name(),
        "rates", list(d.target().rates(), r -> rate(r, d.paths())));
  }

  private static Map<String, Object> rate(ModelledTarget.Rate r, List<PathResult> paths) {
    return Json.object(
        "tier", r.tier(),
        "gmacs", r.gmacs(),
        "reason", r.reason(),
        "paths", list(paths, p -> Json.object("name", p.name(), "millis", round(r.millis(p)))));
  }

  /** To four decimals: more is noise. */
  static double round(double v) {
    return Double.isFinite(v) && Math.abs(v) < 1e11 ? Math.rint(v * 1e4) / 1e4 : v;
  }
}
