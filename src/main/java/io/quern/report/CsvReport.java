package io.quern.report;

/**
 * A {@link ReportDocument} as comma-separated values (RFC 4180): one record {@code path} per path,
 * then one {@code layer} per path and layer. A figure that does not exist is empty. Text that a
 * spreadsheet would take for a formula begins with an apostrophe.
 */
public final class CsvReport {
  private static final String HEADER =
      "record,path,tier,threads,top1,top1Low,top1High,top5,agreement,sqnrDb,divergence,medianMicros,"
          + "p99Micros,macsPerSecond,allocatedBytesPerRun,modelBytes,arenaBytes,layer,tensor,"
          + "localSqnrDb,accumulatedSqnrDb,localRmseInScales,accumulatedRmseInScales,maxInScales,"
          + "meanInScales,cosine,saturated";
  private static final int PATH_COLUMNS = 17;
  private static final int LAYER_COLUMNS = 10;

  private CsvReport() {}

  /** The whole file. */
  public static String write(ReportDocument d) {
    StringBuilder s = new StringBuilder(HEADER).append("\r\n");
    for (PathResult p : d.paths()) {
      OutputMetrics.Outcome o = p.outcome();
      Speed v = p.speed();
      row(
          s,
          "path",
          p.name(),
          p.tier(),
          p.threads(),
          o.top1(),
          o.top1Low(),
          o.top1High(),
          o.top5(),
          o.agreement(),
          o.sqnrDb(),
          o.divergence(),
          v.medianMicros(),
          v.p99Micros(),
          v.macsPerSecond(),
          v.allocatedBytesPerRun(),
          p.modelBytes(),
          p.arenaBytes());
      s.append(",".repeat(LAYER_COLUMNS)).append("\r\n");
    }
    for (PathResult p : d.paths()) {
      for (LayerError e : p.layers()) {
        row(s, "layer", p.name());
        s.append(",".repeat(PATH_COLUMNS - 1));
        LayerError.Figures a = e.accumulated();
        LayerError.Figures l = e.local();
        row(
            s,
            e.name(),
            e.tensor(),
            l == null ? "" : l.sqnrDb(),
            a.sqnrDb(),
            l == null ? "" : l.rmseInScales(),
            a.rmseInScales(),
            a.maxInScales(),
            a.meanInScales(),
            a.cosine(),
            e.saturated());
        s.append("\r\n");
      }
    }
    return s.toString();
  }

  private static void row(StringBuilder s, Object... cells) {
    for (int i = 0; i < cells.length; i++) {
      s.append(i == 0 ? "" : ",").append(cell(cells[i]));
    }
  }

  private static String cell(Object v) {
    if (v instanceof Double d) {
      return Double.isFinite(d) ? Double.toString(JsonReport.round(d)) : "";
    }
    String t = Printable.line(String.valueOf(v));
    if (!(v instanceof String) || t.isEmpty()) {
      return t;
    }
    t = "=+-@".indexOf(t.charAt(0)) >= 0 ? "'" + t : t;
    return t.matches("[^,\"]*") ? t : '"' + t.replace("\"", "\"\"") + '"';
  }
}
