package io.quern.report;

import java.util.Locale;

/** A {@link ReportDocument} as plain text for a terminal. */
public final class TextReport {
  private TextReport() {}

  /** The whole report: one table of paths, one of layers for each path that has them. */
  public static String write(ReportDocument d) {
    StringBuilder s = new StringBuilder();
    s.append("model        ").append(d.model()).append('\n');
    s.append("data         ").append(d.data()).append('\n');
    if (d.calibration() != null) {
      s.append("calibration  ").append(d.calibration()).append('\n');
    }
    s.append("machine      ").append(d.machine()).append("\n\n");
    s.append(paths(d));
    for (PathResult p : d.paths()) {
      if (!p.layers().isEmpty()) {
        s.append('\n').append(layers(p));
      }
    }
    return s.toString();
  }

  private static String paths(ReportDocument d) {
    TextTable t =
        new TextTable(
            2,
            "path",
            "tier",
            "top-1",
            "95 % interval",
            "agreement",
            "SQNR dB",
            "median us",
            "p99 us",
            "bytes/run",
            "model bytes",
            "arena bytes");
    for (PathResult p : d.paths()) {
      OutputMetrics.Outcome o = p.outcome();
      t.row(
          p.name(),
          p.tier() + (p.threads() > 1 ? " x" + p.threads() : ""),
          percent(o.top1()),
          Double.isNaN(o.top1()) ? "-" : percent(o.top1Low()) + " .. " + percent(o.top1High()),
          percent(o.agreement()),
          decibel(o.sqnrDb()),
          number(p.speed().medianMicros(), 1),
          number(p.speed().p99Micros(), 1),
          Long.toString(p.speed().allocatedBytesPerRun()),
          grouped(p.modelBytes()),
          grouped(p.arenaBytes()));
    }
    return t.toString();
  }

  private static String layers(PathResult p) {
    TextTable t =
        new TextTable(
            1,
            "layer",
            "SQNR local",
            "accumulated",
            "RMSE/scale local",
            "accumulated",
            "max",
            "mean",
            "cosine",
            "saturated");
    for (LayerError e : p.layers()) {
      LayerError.Figures l = e.local();
      LayerError.Figures a = e.accumulated();
      t.row(
          e.name(),
          l == null ? "-" : decibel(l.sqnrDb()),
          decibel(a.sqnrDb()),
          l == null ? "-" : number(l.rmseInScales(), 3),
          number(a.rmseInScales(), 3),
          number(a.maxInScales(), 1),
          number(a.meanInScales(), 3),
          number(a.cosine(), 5),
          percent(e.saturated()));
    }
    return p.name()
        + ": error per layer against float (RMSE of ideal rounding: "
        + number(LayerError.IDEAL_RMSE, 3)
        + " of a scale; max and mean are accumulated, in scales)\n"
        + t;
  }

  static String percent(double share) {
    return Double.isNaN(share) ? "-" : number(100 * share, 1) + " %";
  }

  static String decibel(double db) {
    return Double.isNaN(db)
        ? "-"
        : Double.isInfinite(db) ? (db > 0 ? "exact" : "-inf") : number(db, 1);
  }

  static String number(double v, int digits) {
    return Double.isNaN(v) ? "-" : String.format(Locale.ROOT, "%." + digits + "f", v);
  }

  static String grouped(long n) {
    return String.format(Locale.ROOT, "%,d", n);
  }
}
