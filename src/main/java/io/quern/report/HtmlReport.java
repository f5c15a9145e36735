package io.quern.report;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * A {@link ReportDocument} as one HTML page that needs nothing else: no network, no script. Every
 * text is escaped, for names come from untrusted files.
 */
public final class HtmlReport {
  private static final int WIDTH = 340;
  private static final int HEIGHT = 240;
  private static final int MARGIN = 44;
  private static final String STYLE =
      """
      :root{color-scheme:light dark;--ink:#1b1f24;--back:#fff;--dim:#57606a;--line:#d0d7de;--mark:#0550ae;--bad:#b3261e}
      @media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--back:#0d1117;--dim:#9aa5b1;--line:#30363d;--mark:#79c0ff;--bad:#ff938a}}
      *{box-sizing:border-box}body{margin:0 auto;max-width:60rem;padding:1rem;font:16px/1.5 system-ui,sans-serif;color:var(--ink);
      background:var(--back);overflow-wrap:anywhere}h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}p{color:var(--dim)}
      .wide{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums;overflow-wrap:normal}
      th,td{padding:.25rem .6rem;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
      th:first-child,td:first-child{text-align:left}svg{display:block;width:100%;max-width:44rem;height:auto}
      svg text{fill:var(--ink);font-size:10px}svg line,svg polyline{stroke:var(--line);fill:none}svg .front{stroke:var(--mark)}
      circle,rect{fill:var(--mark)}rect.worst{fill:var(--bad)}summary{cursor:pointer;padding:.4rem 0;font-weight:600}
      """;

  private HtmlReport() {}

  /** The page. */
  public static String write(ReportDocument d) {
    StringBuilder s = new StringBuilder();
    s.append("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">")
        .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")
        .append("<meta http-equiv=\"Content-Security-Policy\"")
        .append(" content=\"default-src 'none'; style-src 'unsafe-inline'\">")
        .append("<title>")
        .append(escape(d.model()))
        .append("</title><style>")
        .append(STYLE)
        .append("</style></head><body>\n<h1>")
        .append(escape(d.model()))
        .append("</h1>\n<p>")
        .append("Evaluated on ")
        .append(escape(d.data()));
    if (d.calibration() != null) {
      s.append("<br>Calibrated on ").append(escape(d.calibration()));
    }
    s.append("<br>").append(escape(d.machine())).append("</p>\n");
    scatter(s, d.paths());
    table(s, Tables.accuracy(d));
    table(s, Tables.digests(d));
    table(s, Tables.speed(d));
    table(s, Tables.modelled(d));
    table(s, Tables.tests(d));
    for (PathResult p : d.paths()) {
      if (!p.layers().isEmpty()) {
        layers(s, p);
      }
    }
    return s.append("</body></html>\n").toString();
  }

  /** The figure that paths are ranked by: right answers, or agreement where there are no labels. */
  private static double accuracy(PathResult p) {
    return p.outcome().labelled() > 0
        ? p.outcome().top1().value()
        : p.outcome().agreement().value();
  }

  private static void scatter(StringBuilder s, List<PathResult> paths) {
    List<PathResult> byTime =
        paths.stream()
            .sorted(Comparator.comparingDouble(p -> p.first().speed().medianMicros()))
            .toList();
    double first = Math.log10(byTime.get(0).first().speed().medianMicros()) - 0.1;
    double last = Math.log10(byTime.get(byTime.size() - 1).first().speed().medianMicros()) + 0.1;
    double low = paths.stream().mapToDouble(HtmlReport::accuracy).min().orElse(0) - 0.02;
    double high = paths.stream().mapToDouble(HtmlReport::accuracy).max().orElse(1) + 0.02;
    s.append("<h2>Accuracy against latency</h2>\n<svg viewBox=\"0 0 ")
        .append(WIDTH)
        .append(' ')
        .append(HEIGHT)
        .append("\" role=\"img\" aria-label=\"Accuracy against latency; ")
        .append("the table below has the figures\">");
    int bottom = HEIGHT - MARGIN;
    s.append(format("<line x1='%d' y1='10' x2='%d' y2='%d'/>", MARGIN, MARGIN, bottom))
        .append(format("<line x1='%d' y1='%d' x2='%d' y2='%d'/>", MARGIN, bottom, WIDTH, bottom))
        .append(format("<text x='2' y='18'>%.1f %%</text>", 100 * high))
        .append(format("<text x='2' y='%d'>%.1f %%</text>", bottom, 100 * low))
        .append(
            format("<text x='%d' y='%d'>%.0f us</text>", MARGIN, bottom + 14, Math.pow(10, first)))
        .append(
            format(
                "<text x='%d' y='%d' text-anchor='end'>%.0f us (log)</text>",
                WIDTH - 2, bottom + 14, Math.pow(10, last)));
    StringBuilder front = new StringBuilder();
    double best = Double.NEGATIVE_INFINITY;
    for (PathResult p : byTime) {
      double t = (Math.log10(p.first().speed().medianMicros()) - first) / (last - first);
      double x = MARGIN + t * (WIDTH - MARGIN - 8);
      double y = 10 + (high - accuracy(p)) / (high - low) * (bottom - 10);
      if (accuracy(p) > best) {
        best = accuracy(p);
        front.append(format("%.1f,%.1f ", x, y));
      }
      s.append(
          format(
              "<circle cx='%.1f' cy='%.1f' r='4'><title>%s: %.1f %%, %.1f us</title></circle>",
              x, y, escape(p.name()), 100 * accuracy(p), p.first().speed().medianMicros()));
      s.append(
          format(
              "<text x='%.1f' y='%.1f' text-anchor='%s'>%s</text>",
              t > 0.6 ? x - 7 : x + 7, y + 3, t > 0.6 ? "end" : "start", escape(p.name())));
    }
    s.append("<polyline class=\"front\" points=\"")
        .append(front.toString().strip())
        .append("\"/></svg>\n<p>The line joins the paths that no other one beats in both.</p>\n");
  }

  private static void table(StringBuilder s, Table t) {
    if (t == null) {
      return;
    }
    header(s, t.title(), t.header().toArray(String[]::new));
    t.rows().forEach(r -> row(s, r.toArray(String[]::new)));
    s.append("</table></div>\n");
  }

  private static void layers(StringBuilder s, PathResult p) {
    double worst = p.layers().stream().mapToDouble(e -> e.accumulated().sqnrDb()).min().orElse(0);
    double most =
        p.layers().stream()
            .mapToDouble(e -> e.accumulated().sqnrDb())
            .filter(Double::isFinite)
            .map(v -> Math.max(v, 1))
            .max()
            .orElse(1);
    int height = 18 * p.layers().size() + 4;
    s.append("<details><summary>")
        .append(escape(p.name()))
        .append(": error per layer</summary>\n")
        .append(
            format(
                "<svg viewBox='0 0 %d %d' role='img' aria-label='Accumulated SQNR per layer;"
                    + " the table below has the figures'>",
                WIDTH, height));
    for (int i = 0; i < p.layers().size(); i++) {
      LayerError e = p.layers().get(i);
      double db = e.accumulated().sqnrDb();
      boolean isWorst = db == worst;
      double length = Math.max(1, Math.min(1, db / most) * (WIDTH - 190));
      s.append(
              format(
                  "<text x='0' y='%d'>%s%s</text>",
                  18 * i + 13, escape(e.name()), isWorst ? " (worst)" : ""))
          .append(
              format(
                  "<rect %s x='145' y='%d' width='%.1f' height='12'/>",
                  isWorst ? "class='worst'" : "", 18 * i + 4, length))
          .append(
              format(
                  "<text x='%.1f' y='%d'>%s</text>",
                  150 + length, 18 * i + 13, Tables.decibel(db)));
    }
    s.append("</svg>\n");
    table(s, Tables.layers(p, true));
    table(s, Tables.sensitivity(p));
    s.append("</details>\n");
  }

  private static void header(StringBuilder s, String title, String... cells) {
    s.append(title.isEmpty() ? "" : "<h2>" + escape(title) + "</h2>\n")
        .append("<div class=\"wide\" tabindex=\"0\"><table><tr>");
    for (String c : cells) {
      s.append("<th scope=\"col\">").append(escape(c)).append("</th>");
    }
    s.append("</tr>\n");
  }

  private static void row(StringBuilder s, String... cells) {
    s.append("<tr>");
    for (String c : cells) {
      s.append("<td>").append(escape(c)).append("</td>");
    }
    s.append("</tr>\n");
  }

  private static String format(String f, Object... values) {
    return String.format(Locale.ROOT, f, values);
  }

  /** Text for element content and quoted attributes. */
  static String escape(String text) {
    return Printable.line(text)
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }
}
