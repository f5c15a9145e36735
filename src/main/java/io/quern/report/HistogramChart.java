package io.quern.report;

import java.util.Arrays;

/**
 * The distribution of a layer's float outputs, its height the logarithm of the count, with the
 * range that was chosen: what lies outside is clipped.
 */
final class HistogramChart {
  private static final int WIDTH = 220;
  private static final int HEIGHT = 92;
  private static final int BOTTOM = 76;
  private static final int TOP = 6;
  private static final int SIDE = 6;

  private final LayerError layer;
  private final ActivationHistogram h;

  HistogramChart(LayerError layer) {
    this.layer = layer;
    this.h = layer.histogram();
  }

  private double x(double value) {
    double span = h.high() > h.low() ? h.high() - h.low() : 1;
    return SIDE + (value - h.low()) / span * (WIDTH - 2 * SIDE);
  }

  /** The drawing with a caption. */
  String draw() {
    String name = Svg.cut(layer.name(), 30);
    Svg s = new Svg("small", WIDTH, HEIGHT, "Distribution of the outputs of " + name);
    s.path("area", area());
    s.line("axis", SIDE, BOTTOM, WIDTH - SIDE, BOTTOM);
    if (!Double.isNaN(h.rangeLow())) {
      bound(s, h.rangeLow());
      bound(s, h.rangeHigh());
    }
    s.text("tick", SIDE, HEIGHT - 3, "start", value(h.low()));
    s.text("tick", WIDTH - SIDE, HEIGHT - 3, "end", value(h.high()));
    return "<figure><figcaption>" + caption(name) + "</figcaption>" + s + "</figure>\n";
  }

  private String caption(String name) {
    String range =
        Double.isNaN(h.rangeLow())
            ? "float"
            : "[" + value(h.rangeLow()) + ", " + value(h.rangeHigh()) + "]";
    return "<b>"
        + Svg.escape(name)
        + "</b> "
        + range
        + Svg.format(
            ", zeros %s, clipped %s",
            Tables.percent((double) h.zeros() / h.total()), Tables.percent(layer.saturated()));
  }

  private void bound(Svg s, double value) {
    s.line("bound", x(value), TOP - 4, x(value), BOTTOM);
  }

  private StringBuilder area() {
    long[] counts = h.counts();
    double most = Math.log1p(Arrays.stream(counts).max().orElse(1));
    double bin = (WIDTH - 2.0 * SIDE) / counts.length;
    StringBuilder d = new StringBuilder(Svg.point('M', SIDE, BOTTOM));
    for (int i = 0; i < counts.length; i++) {
      double top = BOTTOM - (most == 0 ? 0 : Math.log1p(counts[i]) / most) * (BOTTOM - TOP);
      d.append(Svg.point('V', top)).append(Svg.point('H', SIDE + (i + 1) * bin));
    }
    return d.append(Svg.point('V', BOTTOM)).append('Z');
  }

  private static String value(double v) {
    return Svg.format("%.3g", v)
        .replaceAll("(\\.\\d*?)0+(e|$)", "$1$2")
        .replaceAll("\\.(e|$)", "$1");
  }
}
