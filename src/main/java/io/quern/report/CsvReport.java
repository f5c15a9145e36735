package io.quern.report;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A {@link ReportDocument} as comma-separated values (RFC 4180). The first column says what a
 * record is: {@code path} (accuracy), {@code variant} (speed of a path on a tier with some
 * threads), {@code modelled} (a board), {@code pair} (McNemar's test of two paths), {@code layer}.
 * A figure that does not exist, or not for such a record, is empty. Text that a spreadsheet would
 * take for a formula begins with an apostrophe.
 */
public final class CsvReport {
  private static final List<String> COLUMNS =
      List.of(
          ("record,path,samples,labelled,top1,top1Low,top1High,top5,top5Low,top5High,agreement,agreementLow,"
                  + "agreementHigh,divergence,divergenceLow,divergenceHigh,sqnrDb,macs,modelBytes,tier,threads,"
                  + "medianMicros,p10Micros,p99Micros,macsPerSecond,allocatedBytesPerRun,arenaBytes,firstRunMillis,"
                  + "coldStartMillis,board,modelledMillis,otherPath,onlyFirst,onlySecond,p,layer,tensor,scale,"
                  + "localSqnrDb,localRmseInScales,localMaxInScales,localMeanInScales,localCosine,accumulatedSqnrDb,"
                  + "accumulatedRmseInScales,accumulatedMaxInScales,accumulatedMeanInScales,accumulatedCosine,"
                  + "weightsSqnrDb,weightsRmseInScales,weightsMaxInScales,weightsMeanInScales,weightsCosine,"
                  + "saturated,onSqnrDb,onAgreement,onDivergence,offSqnrDb,offAgreement,offDivergence")
              .split(","));

  private final StringBuilder s = new StringBuilder();

  private CsvReport() {}

  /** The whole file. */
  public static String write(ReportDocument d) {
    CsvReport r = new CsvReport();
    r.s.append(String.join(",", COLUMNS)).append("\r\n");
    d.paths().forEach(r::path);
    for (PathResult p : d.paths()) {
      p.variants().forEach(v -> r.variant(p, v));
    }
    if (d.target() != null) {
      for (PathResult p : d.paths()) {
        d.target().rates().forEach(rate -> r.modelled(d.target(), rate, p));
      }
    }
    PairedTest.all(d.paths()).forEach(r::pair);
    for (PathResult p : d.paths()) {
      p.layers().forEach(e -> r.layer(p, e));
    }
    return r.s.toString();
  }

  private void path(PathResult p) {
    OutputMetrics.Outcome o = p.outcome();
    Map<String, Object> row = row("path", p);
    row.put("samples", o.samples());
    row.put("labelled", o.labelled());
    JsonReport.estimate(row, "top1", o.top1());
    JsonReport.estimate(row, "top5", o.top5());
    JsonReport.estimate(row, "agreement", o.agreement());
    JsonReport.estimate(row, "divergence", o.divergence());
    row.put("sqnrDb", o.sqnrDb());
    row.put("macs", p.macs());
    row.put("modelBytes", p.modelBytes());
    write(row);
  }

  private void variant(PathResult p, Variant v) {
    Map<String, Object> row = row("variant", p);
    row.putAll(JsonReport.variant(v));
    write(row);
  }

  private void modelled(ModelledTarget board, ModelledTarget.Rate rate, PathResult p) {
    Map<String, Object> row = row("modelled", p);
    row.put("board", board.id());
    row.put("tier", rate.tier());
    row.put("modelledMillis", rate.millis(p));
    write(row);
  }

  private void pair(PairedTest t) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("record", "pair");
    row.put("path", t.first());
    row.put("otherPath", t.second());
    row.put("onlyFirst", t.onlyFirst());
    row.put("onlySecond", t.onlySecond());
    row.put("p", t.p());
    write(row);
  }

  private void layer(PathResult p, LayerError e) {
    Map<String, Object> row = row("layer", p);
    row.put("layer", e.name());
    row.put("tensor", e.tensor());
    row.put("scale", e.scale());
    figures(row, "local", e.local());
    figures(row, "accumulated", e.accumulated());
    figures(row, "weights", e.weights());
    row.put("saturated", e.saturated());
    if (e.sensitivity() != null) {
      effect(row, "on", e.sensitivity().on());
      effect(row, "off", e.sensitivity().off());
    }
    write(row);
  }

  private static void figures(Map<String, Object> row, String prefix, LayerError.Figures f) {
    if (f != null) {
      prefixed(row, prefix, JsonReport.figures(f));
    }
  }

  private static void effect(Map<String, Object> row, String prefix, Sensitivity.Effect e) {
    row.put(prefix + "SqnrDb", e.sqnrDb());
    row.put(prefix + "Agreement", e.agreement().value());
    row.put(prefix + "Divergence", e.divergence().value());
  }

  private static void prefixed(Map<String, Object> row, String prefix, Map<String, Object> values) {
    values.forEach(
        (k, v) -> row.put(prefix + Character.toUpperCase(k.charAt(0)) + k.substring(1), v));
  }

  private static Map<String, Object> row(String record, PathResult p) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("record", record);
    row.put("path", p.name());
    return row;
  }

  private void write(Map<String, Object> row) {
    if (!COLUMNS.containsAll(row.keySet())) {
      throw new IllegalStateException("no column for one of " + row.keySet());
    }
    for (int i = 0; i < COLUMNS.size(); i++) {
      s.append(i == 0 ? "" : ",").append(cell(row.getOrDefault(COLUMNS.get(i), "")));
    }
    s.append("\r\n");
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
