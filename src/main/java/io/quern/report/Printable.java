package io.quern.report;

import java.util.regex.Pattern;

/**
 * Makes text from untrusted files fit for a terminal: names and metadata must neither drive it
 * (escape sequences) nor deceive its reader (characters that reorder the line).
 */
public final class Printable {
  private static final Pattern PADDING = Pattern.compile("\\x{0}+$");
  private static final Pattern UNSAFE =
      Pattern.compile("[\\p{Cc}\\p{Cs}\\u2028-\\u202e\\u2066-\\u2069]");

  private Printable() {}

  /**
   * The text on one line: NULs at its end are cut, control characters become {@code \}{@code
   * uXXXX}.
   */
  public static String line(String text) {
    return UNSAFE
        .matcher(withoutPadding(text))
        .replaceAll(m -> String.format("\\\\u%04x", (int) m.group().charAt(0)));
  }

  /** The text without the NULs that pad fixed-size fields. */
  public static String withoutPadding(String text) {
    return PADDING.matcher(text).replaceFirst("");
  }
}
