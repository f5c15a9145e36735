package io.quern.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Accuracy against latency. Across: the logarithm of the median. Up: the logarithm of the share of
 * errors, so that good paths are told apart beside bad ones. One mark per path, tier, number of
 * threads and machine; the label stands at a path's fastest.
 */
final class Scatter {
  private static final int LEFT = 52;
  private static final int RIGHT = 14;
  private static final int TOP = 14;
  private static final int BOTTOM = 40;
  private static final double CHARACTER = 6.4;
  private static final int LABEL = 26;
  private static final double[] TICKS = {
    1, 0.9999, 0.9998, 0.9995, 0.999, 0.998, 0.995, 0.99, 0.98, 0.95, 0.9, 0.8, 0.5, 0.2, 0
  };

  /** One mark. */
  private record Mark(PathResult path, Variant variant, double micros, double accuracy) {}

  private final List<Mark> marks = new ArrayList<>();
  private final List<String> tiers = new ArrayList<>();
  private final double leastError;
  private final int width;
  private final int height;
  private final double firstX;
  private final double lastX;
  private final double firstY;
  private final double lastY;

  Scatter(List<PathResult> paths, int width, int height) {
    this.width = width;
    this.height = height;
    this.leastError =
        paths.stream().mapToDouble(p -> 0.5 / Math.max(1, p.outcome().samples())).min().orElse(0.5);
    for (PathResult p : paths) {
      for (Variant v : p.variants()) {
        marks.add(new Mark(p, v, v.speed().medianMicros(), p.ranking().value()));
        if (!tiers.contains(v.label())) {
          tiers.add(v.label());
        }
      }
    }
    this.firstX = marks.stream().mapToDouble(m -> Math.log10(m.micros())).min().orElse(0) - 0.08;
    this.lastX = marks.stream().mapToDouble(m -> Math.log10(m.micros())).max().orElse(1) + 0.08;
    this.firstY = paths.stream().mapToDouble(p -> level(p.ranking().low())).min().orElse(0) - 0.04;
    this.lastY = paths.stream().mapToDouble(p -> level(p.ranking().high())).max().orElse(1) + 0.04;
  }

  private double level(double accuracy) {
    return -Math.log10(Math.max(leastError, 1 - accuracy));
  }

  private double x(double micros) {
    return LEFT + (Math.log10(micros) - firstX) / (lastX - firstX) * (width - LEFT - RIGHT);
  }

  private double y(double accuracy) {
    return TOP + (lastY - level(accuracy)) / (lastY - firstY) * (height - TOP - BOTTOM);
  }

  /** The drawing, and below it the legend of the tiers when there are several. */
  String draw(String cssClass) {
    Svg s =
        new Svg(
            cssClass,
            width,
            height,
            "Accuracy against latency of every path; the tables below have the figures");
    axes(s);
    front(s);
    for (Mark m : marks) {
      Estimate e = m.path().ranking();
      s.line("whisker", x(m.micros()), y(e.low()), x(m.micros()), y(e.high()));
    }
    List<Mark> labels = marks.stream().filter(this::isFastest).toList();
    Labels places = new Labels(LEFT + 2, 0, width, height - BOTTOM - 2);
    marks.forEach(m -> places.avoid(x(m.micros()), y(m.accuracy())));
    labels.forEach(m -> label(s, places, m));
    for (Mark m : marks) {
      int tier = tiers.indexOf(m.variant().label());
      s.marker("tier" + tier % 4, tier, x(m.micros()), y(m.accuracy()), 4, title(m));
    }
    return s + (tiers.size() > 1 ? legend(cssClass) : "");
  }

  private boolean isFastest(Mark m) {
    return marks.stream()
        .filter(o -> o.path() == m.path())
        .min(Comparator.comparingDouble(Mark::micros))
        .orElseThrow()
        .equals(m);
  }

  private static String title(Mark m) {
    return Svg.format(
        "%s, %s, %d threads: %.1f %%, %.1f us",
        m.path().name(),
        m.variant().label(),
        m.variant().threads(),
        100 * m.accuracy(),
        m.micros());
  }

  private void label(Svg s, Labels places, Mark m) {
    String text = Svg.cut(m.path().name(), LABEL);
    double px = x(m.micros());
    double py = y(m.accuracy());
    Labels.Place p = places.place(px, py, text.length() * CHARACTER);
    if (p == null) {
      return;
    }
    if (p.far()) {
      s.line("leader", px, py, p.x() > px ? p.x() - 1 : p.x() + p.width() + 1, p.y());
    }
    // The width is an estimate: a label to the left of its point ends, one to the right begins, at
    // it.
    boolean toRight = p.x() > px;
    s.text(
        "label", toRight ? p.x() : p.x() + p.width(), p.y() + 4, toRight ? "start" : "end", text);
  }

  private void axes(Svg s) {
    int bottom = height - BOTTOM;
    accuracies(s, bottom);
    times(s, bottom);
    s.line("axis", LEFT, bottom, width - RIGHT, bottom);
    s.line("axis", LEFT, TOP, LEFT, bottom);
    s.text("tick", width - RIGHT, height - 6, "end", "median time of a run, faster to the left");
  }

  private void accuracies(Svg s, int bottom) {
    double last = Double.NEGATIVE_INFINITY;
    for (double tick : TICKS) {
      double ty = y(tick);
      // What is closer to 100 % than one sample can tell stands where 100 % does.
      boolean told = tick == 1 || 1 - tick > leastError;
      if (told && ty >= TOP - 1 && ty <= bottom + 1 && ty > last + 16) {
        last = ty;
        s.line("grid", LEFT, ty, width - RIGHT, ty);
        s.text("tick", LEFT - 6, ty + 4, "end", trim(100 * tick) + " %");
      }
    }
  }

  private void times(Svg s, int bottom) {
    double last = Double.NEGATIVE_INFINITY;
    for (int power = -1; power < 9; power++) {
      for (int digit : new int[] {1, 2, 5}) {
        double micros = digit * Math.pow(10, power);
        double tx = x(micros);
        if (tx >= LEFT && tx <= width - RIGHT && tx > last + 48) {
          last = tx;
          s.line("grid", tx, TOP, tx, bottom);
          s.text("tick", Math.min(tx, width - 22), bottom + 15, "middle", time(micros));
        }
      }
    }
  }

  private static String time(double micros) {
    return micros < 1000 ? trim(micros) + " us" : trim(micros / 1000) + " ms";
  }

  private static String trim(double v) {
    return Svg.format("%.2f", v).replaceAll("\\.?0+$", "");
  }

  /** Joins the marks that no other one beats in both. */
  private void front(Svg s) {
    StringBuilder path = new StringBuilder();
    double best = Double.NEGATIVE_INFINITY;
    for (Mark m : marks.stream().sorted(Comparator.comparingDouble(Mark::micros)).toList()) {
      if (m.accuracy() > best) {
        double px = x(m.micros());
        // A staircase: between two marks one gets what the faster one gives.
        path.append(
            best == Double.NEGATIVE_INFINITY
                ? Svg.point('M', px, y(m.accuracy()))
                : Svg.point('H', px) + Svg.point('V', y(m.accuracy())));
        best = m.accuracy();
      }
    }
    path.append(Svg.point('H', width - RIGHT));
    s.path("front", path);
  }

  private String legend(String cssClass) {
    StringBuilder s = new StringBuilder("<p class='legend " + cssClass + "'>");
    for (int i = 0; i < tiers.size(); i++) {
      Svg mark = new Svg("key", 12, 12, tiers.get(i));
      mark.marker("tier" + i % 4, i, 6, 6, 4, tiers.get(i));
      s.append(mark).append(Svg.escape(tiers.get(i))).append(' ');
    }
    return s.append("</p>\n").toString();
  }
}
