package io.quern.report;

import java.util.Locale;

/**
 * Writes a drawing as SVG inside a page. Coordinates are in units of the drawing; y grows downward.
 * Colours come from the page's style, by class.
 */
final class Svg {
  private final StringBuilder s = new StringBuilder();

  /**
   * Begins a drawing.
   *
   * @param label what it shows, for those who do not see it
   */
  Svg(String cssClass, int width, int height, String label) {
    s.append(
        format(
            "<svg class='%s' viewBox='0 0 %d %d' style='max-width:%dpx' role='img' aria-label='%s'>",
            cssClass, width, height, width, escape(label)));
  }

  void line(String cssClass, double x1, double y1, double x2, double y2) {
    s.append(
        format(
            "<line class='%s' x1='%.1f' y1='%.1f' x2='%.1f' y2='%.1f'/>",
            cssClass, x1, y1, x2, y2));
  }

  /** A line, curve or area in SVG's own words, see {@link #point}. */
  void path(String cssClass, CharSequence d) {
    s.append(format("<path class='%s' d='%s'/>", cssClass, d));
  }

  /** One command of a path, such as M or L, with its coordinates. */
  static String point(char command, double... xy) {
    StringBuilder p = new StringBuilder().append(command);
    for (int i = 0; i < xy.length; i++) {
      p.append(i == 0 ? "" : " ").append(format("%.1f", xy[i]));
    }
    return p.toString();
  }

  void rect(String cssClass, double x, double y, double width, double height) {
    s.append(
        format(
            "<rect class='%s' x='%.1f' y='%.1f' width='%.1f' height='%.1f'/>",
            cssClass, x, y, width, height));
  }

  /**
   * Text.
   *
   * @param anchor which part of it is at x: start, middle or end
   */
  void text(String cssClass, double x, double y, String anchor, String text) {
    s.append(
        format(
            "<text class='%s' x='%.1f' y='%.1f' text-anchor='%s'>%s</text>",
            cssClass, x, y, anchor, escape(text)));
  }

  /** A shape that says more when pointed at. */
  void marker(String cssClass, int shape, double x, double y, double radius, String title) {
    String d =
        switch (shape % 4) {
          case 0 ->
              format(
                  "M%1$.1f %2$.1fa%3$.1f %3$.1f 0 1 0 %4$.1f 0a%3$.1f %3$.1f 0 1 0 -%4$.1f 0Z",
                  x - radius, y, radius, 2 * radius);
          case 1 -> format("M%.1f %.1fh%3$.1fv%3$.1fh-%3$.1fZ", x - radius, y - radius, 2 * radius);
          case 2 ->
              format(
                  "M%.1f %.1fl%.1f %.1fh-%.1fZ",
                  x, y - 1.2 * radius, 1.2 * radius, 2.2 * radius, 2.4 * radius);
          default ->
              format(
                  "M%1$.1f %2$.1fl%3$.1f %3$.1fl-%3$.1f %3$.1fl-%3$.1f -%3$.1fZ",
                  x, y - 1.3 * radius, 1.3 * radius);
        };
    s.append(
        format("<path class='%s' d='%s'><title>%s</title></path>", cssClass, d, escape(title)));
  }

  /** The drawing. */
  @Override
  public String toString() {
    return s + "</svg>\n";
  }

  static String format(String f, Object... values) {
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

  /** Text of at most some characters; what is cut shows as two dots. */
  static String cut(String text, int most) {
    String t = Printable.line(text);
    return t.length() <= most ? t : t.substring(0, most - 2) + "..";
  }
}
