package io.quern.report;

import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A {@link ReportDocument} as one HTML page that needs nothing else: no network, no script. It is
 * light or dark as the reader's system is. Drawings come in two widths, of which the page shows the
 * one that fits. Every text is escaped, for names come from untrusted files.
 */
public final class HtmlReport {
  private static final int NARROW = 344;
  private static final int WIDE = 760;

  /** How much less right a path may be to count as about as good. */
  private static final double NEAR = 0.01;

  private static final String STYLE =
      """
      :root{color-scheme:light dark;--ink:#1f2328;--back:#fff;--panel:#f6f8fa;--dim:#59636e;--line:#d1d9e0;--mark:#0969da;
      --soft:#9ec5f0;--bad:#cf222e;--two:#8250df;--three:#1a7f37;--four:#9a6700}
      @media(prefers-color-scheme:dark){:root{--ink:#f0f6fc;--back:#0d1117;--panel:#151b23;--dim:#9198a1;--line:#3d444d;
      --mark:#58a6ff;--soft:#1f4f86;--bad:#ff7b72;--two:#bc8cff;--three:#56d364;--four:#e3b341}}
      *{box-sizing:border-box}
      body{margin:0 auto;max-width:66rem;padding:1rem 1rem 4rem;font:16px/1.5 system-ui,sans-serif;color:var(--ink);
      background:var(--back);overflow-wrap:anywhere;-webkit-text-size-adjust:100%}
      h1{font-size:1.6rem;line-height:1.2;margin:1rem 0 .5rem}h2{font-size:1.2rem;margin:2.5rem 0 .5rem}
      h3{font-size:1rem;margin:1.5rem 0 .5rem}p{color:var(--dim);margin:.5rem 0;font-size:.9rem}
      dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;margin:0;font-size:.9rem}dt{color:var(--dim)}dd{margin:0}
      .tiles{display:flex;flex-wrap:wrap;gap:.75rem;margin:1.5rem 0 0}
      .tile{flex:1 1 9rem;background:var(--panel);border:1px solid var(--line);border-radius:.5rem;padding:.75rem 1rem}
      .tile span{display:block;color:var(--dim);font-size:.85rem}.tile b{display:block;font-size:1.5rem;line-height:1.3;font-weight:600}
      .scroll{overflow-x:auto;border:1px solid var(--line);border-radius:.5rem}
      table{border-collapse:collapse;width:100%;font-size:.85rem;font-variant-numeric:tabular-nums;overflow-wrap:normal}
      th,td{padding:.35rem .6rem;text-align:right;white-space:nowrap}tr+tr>*{border-top:1px solid var(--line)}
      th{background:var(--panel);font-weight:600;white-space:normal;vertical-align:bottom;min-width:3.6rem}td small{display:block;color:var(--dim)}
      .l{text-align:left}
      tr>:first-child{position:sticky;left:0;background:var(--panel);max-width:min(13rem,45vw);overflow:hidden;
      text-overflow:ellipsis}
      tbody tr:hover td{background:var(--panel)}
      svg{display:block;width:100%;height:auto}svg text{fill:var(--ink);font:11px system-ui,sans-serif}
      svg .tick{fill:var(--dim)}svg .strong{font-weight:600}svg text.bad{fill:var(--bad)}
      path,line{fill:none;stroke:none}svg .label{paint-order:stroke;stroke:var(--back);stroke-width:3px;stroke-linejoin:round}
      .grid,.axis{stroke:var(--line)}.leader{stroke:var(--dim);stroke-width:.7}
      .whisker{stroke:var(--mark);opacity:.35;stroke-width:2}.front{stroke:var(--mark);stroke-width:1.5;stroke-dasharray:4 3}
      .edge{stroke:var(--dim);stroke-width:1.5}.bound{stroke:var(--bad);stroke-width:1.5;stroke-dasharray:3 2}
      .tier0,.node,.local{fill:var(--mark)}.tier1{fill:var(--two)}.tier2{fill:var(--three)}.tier3{fill:var(--four)}
      .tier0,.tier1,.tier2,.tier3,.node,path.bad{stroke:var(--back);stroke-width:1}
      .accumulated,.area{fill:var(--soft)}rect.bad,path.bad{fill:var(--bad)}
      .legend{text-align:center}.legend svg{display:inline-block;width:12px;vertical-align:-1px;margin:0 .3rem 0 .8rem}
      .narrow{display:none!important}.wide{margin:0 auto}
      @media(max-width:50rem){.wide{display:none!important}.narrow{display:block!important;margin:0 auto}}
      details{border:1px solid var(--line);border-radius:.5rem;margin:.6rem 0;padding:0 1rem}
      details[open]{padding-bottom:1rem}summary{cursor:pointer;padding:.7rem 0;font-weight:600}
      summary small{display:block;font-weight:400;color:var(--dim)}
      .small-ones{display:grid;grid-template-columns:repeat(auto-fill,minmax(13rem,1fr));gap:1rem}
      figure{margin:0}figcaption{font-size:.75rem;color:var(--dim)}figcaption b{color:var(--ink)}
      @media(max-width:30rem){details{padding-left:.5rem;padding-right:.5rem}.small-ones{grid-template-columns:1fr 1fr;gap:.6rem}}
      """;

  private final StringBuilder s = new StringBuilder();
  private final ReportDocument d;

  private HtmlReport(ReportDocument d) {
    this.d = d;
  }

  /** The page. */
  public static String write(ReportDocument d) {
    HtmlReport page = new HtmlReport(d);
    page.head();
    page.tiles();
    page.scatter();
    page.table(Tables.accuracy(d));
    page.table(Tables.speed(d));
    page.modelled();
    page.table(Tables.tests(d));
    page.table(Tables.digests(d));
    page.layers();
    return page.s.append("</main></body></html>\n").toString();
  }

  private void head() {
    String title = Svg.escape(d.model());
    s.append("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">")
        .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")
        .append("<meta http-equiv=\"Content-Security-Policy\"")
        .append(" content=\"default-src 'none'; style-src 'unsafe-inline'\">")
        .append("<title>Quern: ")
        .append(title)
        .append("</title><style>")
        .append(STYLE)
        .append("</style></head><body><main>\n<h1>")
        .append(title)
        .append("</h1>\n<dl>");
    term("evaluated on", d.data());
    if (d.calibration() != null) {
      term("calibrated on", d.calibration());
    }
    term("machine", d.machine());
    s.append("</dl>\n");
  }

  private void term(String name, String value) {
    s.append("<dt>").append(name).append("</dt><dd>").append(Svg.escape(value)).append("</dd>\n");
  }

  // ---- at a glance ----

  /** The paths that stand out among those that are not the float network. */
  private void tiles() {
    List<PathResult> others = d.paths().subList(1, d.paths().size());
    if (others.isEmpty()) {
      return;
    }
    PathResult base = d.paths().get(0);
    boolean labelled = base.outcome().labelled() > 0;
    PathResult best = Collections.max(others, Comparator.comparingDouble(p -> p.ranking().value()));
    List<PathResult> good =
        others.stream().filter(p -> p.ranking().value() >= best.ranking().value() - NEAR).toList();
    PathResult fast = Collections.min(good, Comparator.comparingDouble(PathResult::fastestMicros));
    PathResult small = Collections.min(good, Comparator.comparingLong(PathResult::modelBytes));
    s.append("<div class=\"tiles\">\n");
    tile(
        labelled ? "most right answers" : "most agreement with float",
        Tables.percent(best.ranking().value()),
        best.name() + (labelled ? "; float32: " + Tables.percent(base.ranking().value()) : ""));
    tile(
        "fastest within 1 point of it",
        Tables.number(fast.fastestMicros(), 0) + " us",
        fast.name()
            + Svg.format(
                "; float32 takes %.1f times as long", base.fastestMicros() / fast.fastestMicros()));
    tile(
        "smallest within 1 point of it",
        Tables.number(small.modelBytes() / 1024.0, 0) + " KiB",
        small.name()
            + Svg.format("; %.2f of float32", (double) small.modelBytes() / base.modelBytes()));
    s.append("</div>\n");
  }

  private void tile(String what, String figure, String who) {
    s.append("<div class=\"tile\"><span>")
        .append(what)
        .append("</span><b>")
        .append(figure)
        .append("</b><span>")
        .append(Svg.escape(who))
        .append("</span></div>\n");
  }

  private void scatter() {
    s.append("<h2>Accuracy against latency</h2>\n")
        .append(new Scatter(d.paths(), WIDE, 420).draw("wide"))
        .append(new Scatter(d.paths(), NARROW, 400).draw("narrow"))
        .append(
            "<p>Up: the share of right answers (of agreement with float where there are no labels), its scale the logarithm of the"
                + " share of errors; pale bars are 95 % intervals. The dashed line is the front of what no other path beats in"
                + " both.</p>\n");
  }

  private void modelled() {
    if (d.target() == null) {
      return;
    }
    table(Tables.modelled(d));
    s.append("<details><summary>Where the modelled rates come from</summary><dl>");
    d.target().rates().forEach(r -> term(r.tier(), r.gmacs() + " GMAC/s: " + r.reason()));
    s.append("</dl></details>\n");
  }

  // ---- layers ----

  private void layers() {
    List<PathResult> paths = d.paths().stream().filter(p -> !p.layers().isEmpty()).toList();
    if (paths.isEmpty()) {
      return;
    }
    s.append(
            "<h2>Layers</h2>\n<p>Local: the layer runs on the float network's values. Accumulated: on those of the path. ")
        .append("Red diamonds are the three layers with the lowest local SQNR.</p>\n");
    paths.forEach(this::layers);
  }

  private void layers(PathResult p) {
    s.append("<details><summary>")
        .append(Svg.escape(p.name()))
        .append("<small>worst: ")
        .append(
            LayerChart.worst(p).stream()
                .map(e -> Svg.escape(e.name()) + " " + Tables.decibel(e.local().sqnrDb()) + " dB")
                .collect(Collectors.joining(", ")))
        .append("</small></summary>\n")
        .append(new LayerChart(p, WIDE).draw("wide"))
        .append(new LayerChart(p, NARROW).draw("narrow"));
    table(Tables.layers(p, true), "h3");
    table(Tables.sensitivity(p), "h3");
    s.append(
        "<h3>Activations of the float network and the range of the path</h3>\n<div class=\"small-ones\">\n");
    for (LayerError e : p.layers()) {
      if (e.histogram() != null) {
        s.append(new HistogramChart(e).draw());
      }
    }
    s.append(
            "</div>\n<p>Height: logarithm of the count. Dashed: the least and the greatest number that the output can hold.</p>\n")
        .append("</details>\n");
  }

  // ---- tables ----

  private void table(Table t) {
    table(t, "h2");
  }

  private void table(Table t, String heading) {
    if (t == null) {
      return;
    }
    String title = Svg.escape(t.title());
    s.append(Svg.format("<%1$s>%2$s</%1$s>\n", heading, title))
        .append(t.note().isEmpty() ? "" : "<p>" + Svg.escape(t.note()) + "</p>\n")
        .append("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"")
        .append(title)
        .append("\"><table>\n<thead>");
    row(t, t.header().stream().map(HtmlReport::twoLines).toList(), "th scope=\"col\"", "th");
    s.append("</thead><tbody>\n");
    t.rows().forEach(r -> row(t, r, "td", "td"));
    s.append("</tbody></table></div>\n");
  }

  /** Text that breaks at the space nearest to its middle only. */
  static String twoLines(String text) {
    int middle = text.length() / 2;
    int before = text.lastIndexOf(' ', middle);
    int after = text.indexOf(' ', middle);
    int at = before < 0 || after >= 0 && after - middle < middle - before ? after : before;
    StringBuilder joined = new StringBuilder(text.replace(' ', '\u00a0'));
    if (at >= 0) {
      joined.setCharAt(at, ' ');
    }
    return joined.toString();
  }

  /** A figure with its interval below it: tables are narrower so. */
  private static String figure(String cell) {
    int at = cell.indexOf(" [");
    return at < 0
        ? Svg.escape(cell)
        : Svg.escape(cell.substring(0, at))
            + "<small> "
            + Svg.escape(cell.substring(at + 1))
            + "</small>";
  }

  private void row(Table t, List<String> cells, String open, String close) {
    s.append("<tr>");
    for (int i = 0; i < cells.size(); i++) {
      s.append('<')
          .append(open)
          .append(i < t.leftColumns() ? " class=\"l\">" : ">")
          .append(i < t.leftColumns() ? Svg.escape(cells.get(i)) : figure(cells.get(i)))
          .append("</")
          .append(close)
          .append('>');
    }
    s.append("</tr>\n");
  }
}
