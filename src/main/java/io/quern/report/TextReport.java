package io.quern.report;

/** A {@link ReportDocument} as plain text for a terminal. */
public final class TextReport {
  private TextReport() {}

  /** The whole report: tables of paths, then those of layers for each path that has them. */
  public static String write(ReportDocument d) {
    StringBuilder s = new StringBuilder();
    s.append("model        ").append(Printable.line(d.model())).append('\n');
    s.append("data         ").append(Printable.line(d.data())).append('\n');
    if (d.calibration() != null) {
      s.append("calibration  ").append(Printable.line(d.calibration())).append('\n');
    }
    s.append("machine      ").append(d.machine()).append('\n');
    append(s, Tables.accuracy(d));
    append(s, Tables.digests(d));
    append(s, Tables.speed(d));
    append(s, Tables.modelled(d));
    append(s, Tables.tests(d));
    for (PathResult p : d.paths()) {
      if (!p.layers().isEmpty()) {
        append(s, Tables.layers(p, false));
        append(s, Tables.sensitivity(p));
      }
    }
    return s.toString();
  }

  private static void append(StringBuilder s, Table t) {
    if (t != null) {
      s.append('\n').append(t);
    }
  }
}
