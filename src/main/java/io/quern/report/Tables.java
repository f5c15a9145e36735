package io.quern.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The tables of a {@link ReportDocument}, the same for terminals and pages. */
final class Tables {
  private Tables() {}

  /** One row per path: how right it is. */
  static Table accuracy(ReportDocument d) {
    Table t =
        new Table(
            "Accuracy",
            "95 % confidence intervals; KL divergence from float in nats",
            1,
            List.of("path", "top-1 %", "top-5 %", "agreement %", "KL", "SQNR dB", "model bytes"));
    for (PathResult p : d.paths()) {
      OutputMetrics.Outcome o = p.outcome();
      t.row(
          p.name(),
          interval(o.top1(), 100, 1),
          interval(o.top5(), 100, 1),
          interval(o.agreement(), 100, 1),
          interval(o.divergence(), 1, 4),
          decibel(o.sqnrDb()),
          grouped(p.modelBytes()));
    }
    return t;
  }

  /** One row per int8 path: a digest of what it answered; null without such paths. */
  static Table digests(ReportDocument d) {
    Table t =
        new Table(
            "SHA-256 of all output bytes",
            "int8: the same on every machine, JDK, tier and number of threads",
            2,
            List.of("path", "digest"));
    for (PathResult p : d.paths()) {
      if (p.allInt8()) {
        t.row(p.name(), p.outcome().outputSha256());
      }
    }
    return t.rows().isEmpty() ? null : t;
  }

  /** One row per path, tier and number of threads: how fast it is. */
  static Table speed(ReportDocument d) {
    boolean cold =
        d.paths().stream()
            .flatMap(p -> p.variants().stream())
            .anyMatch(v -> !Double.isNaN(v.coldStartMillis()));
    List<String> header =
        new ArrayList<>(
            List.of(
                "path",
                "tier",
                "threads",
                "median us",
                "p99 us",
                "GMAC/s",
                "bytes/run",
                "arena bytes",
                "plan + 1st run ms"));
    if (cold) {
      header.add("cold start ms");
    }
    String note = cold ? "cold start: a fresh JVM until its first result" : "";
    Table t = new Table("Speed", note, 2, header);
    for (PathResult p : d.paths()) {
      for (Variant v : p.variants()) {
        List<String> row =
            new ArrayList<>(
                List.of(
                    p.name(),
                    v.label(),
                    Integer.toString(v.threads()),
                    number(v.speed().medianMicros(), 1),
                    number(v.speed().p99Micros(), 1),
                    number(v.speed().macsPerSecond() / 1e9, 2),
                    v.speed().allocatedBytesPerRun() < 0
                        ? "-"
                        : Long.toString(v.speed().allocatedBytesPerRun()),
                    grouped(v.arenaBytes()),
                    number(v.firstRunMillis(), 1)));
        if (cold) {
          row.add(number(v.coldStartMillis(), 0));
        }
        t.row(row);
      }
    }
    return t;
  }

  /** One row per path, one column per tier of the board; null without a board. */
  static Table modelled(ReportDocument d) {
    if (d.target() == null) {
      return null;
    }
    List<String> header = new ArrayList<>(List.of("path"));
    d.target().rates().forEach(r -> header.add(r.tier() + " ms"));
    Table t =
        new Table(
            "MODELLED, not measured: " + d.target().name(),
            "one core; multiply-accumulates over the rate of the tier's inner loop: a run takes longer",
            1,
            header);
    for (PathResult p : d.paths()) {
      List<String> row = new ArrayList<>(List.of(p.name()));
      d.target().rates().forEach(r -> row.add(number(r.millis(p), 3)));
      t.row(row);
    }
    return t;
  }

  /** The p of every pair of paths, as a triangle; null without labels. */
  static Table tests(ReportDocument d) {
    List<PairedTest> tests = PairedTest.all(d.paths());
    if (tests.isEmpty()) {
      return null;
    }
    List<String> header = new ArrayList<>(List.of("path"));
    for (int i = 1; i < d.paths().size(); i++) {
      header.add("(" + i + ")");
    }
    Table t =
        new Table(
            "Paired tests",
            "McNemar's exact p of being equally right, uncorrected; columns are paths",
            1,
            header);
    for (int i = 0; i < d.paths().size(); i++) {
      String name = d.paths().get(i).name();
      List<String> row = new ArrayList<>(List.of("(" + (i + 1) + ") " + name));
      for (int j = 0; j < d.paths().size() - 1; j++) {
        row.add(j < i ? p(tests, d.paths().get(j).name(), name) : "");
      }
      t.row(row);
    }
    return t;
  }

  private static String p(List<PairedTest> tests, String first, String second) {
    for (PairedTest t : tests) {
      if (t.first().equals(first) && t.second().equals(second)) {
        return t.p() < 0.0001 ? "<.0001" : number(t.p(), 4);
      }
    }
    return "";
  }

  /** One row per layer of a path; the terminal's has fewer columns. */
  static Table layers(PathResult p, boolean full) {
    List<String> header =
        new ArrayList<>(List.of("layer", "dB local", "accum.", "RMSE local", "accum."));
    if (full) {
      header.addAll(
          List.of("max local", "accum.", "mean local", "accum.", "cosine local", "accum."));
    } else {
      header.addAll(List.of("max", "mean", "cosine"));
    }
    header.addAll(List.of("saturated", "weights dB", "RMSE"));
    if (full) {
      header.add("tensor");
    }
    Table t =
        new Table(
            p.name() + ": error per layer against float",
            "RMSE, max and mean in steps of the scale; RMSE of ideal rounding: "
                + number(LayerError.IDEAL_RMSE, 3),
            1,
            header);
    for (LayerError e : p.layers()) {
      t.row(layer(e, full));
    }
    return t;
  }

  private static List<String> layer(LayerError e, boolean full) {
    LayerError.Figures l = e.local() == null ? LayerError.Figures.NONE : e.local();
    LayerError.Figures a = e.accumulated();
    LayerError.Figures w = e.weights() == null ? LayerError.Figures.NONE : e.weights();
    List<String> row = new ArrayList<>(List.of(e.name(), decibel(l.sqnrDb()), decibel(a.sqnrDb())));
    row.addAll(List.of(number(l.rmseInScales(), 3), number(a.rmseInScales(), 3)));
    if (full) {
      row.add(number(l.maxInScales(), 1));
    }
    row.add(number(a.maxInScales(), 1));
    if (full) {
      row.add(number(l.meanInScales(), 3));
    }
    row.add(number(a.meanInScales(), 3));
    if (full) {
      row.add(number(l.cosine(), 5));
    }
    row.add(number(a.cosine(), 5));
    row.add(percent(e.saturated()));
    row.addAll(List.of(decibel(w.sqnrDb()), number(w.rmseInScales(), 3)));
    if (full) {
      row.add(e.tensor());
    }
    return row;
  }

  /** What each layer alone does; null when it was not measured. */
  static Table sensitivity(PathResult p) {
    Table t =
        new Table(
            p.name() + ": sensitivity",
            "on: this layer as in the path, all others float; off: this layer float, all others as in the path",
            1,
            List.of("layer", "on: dB", "agreement", "KL", "off: dB", "agreement", "KL"));
    for (LayerError e : p.layers()) {
      if (e.sensitivity() != null) {
        List<String> row = new ArrayList<>(List.of(e.name()));
        row.addAll(effect(e.sensitivity().on()));
        row.addAll(effect(e.sensitivity().off()));
        t.row(row);
      }
    }
    return t.rows().isEmpty() ? null : t;
  }

  private static List<String> effect(Sensitivity.Effect e) {
    return List.of(
        decibel(e.sqnrDb()), percent(e.agreement().value()), number(e.divergence().value(), 4));
  }

  /** A figure and its interval. */
  static String interval(Estimate e, double unit, int digits) {
    return Double.isNaN(e.value())
        ? "-"
        : number(unit * e.value(), digits)
            + " ["
            + number(unit * e.low(), digits)
            + ", "
            + number(unit * e.high(), digits)
            + "]";
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
