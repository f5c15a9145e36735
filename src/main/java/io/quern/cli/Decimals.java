package io.quern.cli;

import java.util.Locale;

/** Numbers as text, mostly without {@link String#format}, which takes a cold start 10 ms. */
final class Decimals {
  private Decimals() {}

  /** What {@code String.format(Locale.ROOT, "%.Nf", value)} gives, N being {@code places}. */
  static String fixed(double value, int places) {
    String digits = Double.toString(Math.abs(value));
    int point = digits.indexOf('.');
    if (places < 1 || point < 0 || digits.indexOf('E') >= 0) {
      return String.format(Locale.ROOT, "%." + places + "f", value);
    }
    StringBuilder s = new StringBuilder(digits);
    int end = point + 1 + places;
    boolean up = s.length() > end && s.charAt(end) >= '5'; // half up, of the shortest decimal
    s.setLength(Math.min(s.length(), end));
    while (s.length() < end) {
      s.append('0');
    }
    for (int i = end - 1; up && i >= 0; i--) {
      if (i != point) {
        up = s.charAt(i) == '9';
        s.setCharAt(i, up ? '0' : (char) (s.charAt(i) + 1));
      }
    }
    if (up) {
      s.insert(0, '1');
    }
    if (Double.compare(value, 0) < 0) {
      s.insert(0, '-');
    }
    return s.toString();
  }
}
