package io.quern.report;

/**
 * Makes text from untrusted files fit for a terminal: names and metadata must neither drive it
 * (escape sequences) nor deceive its reader (characters that reorder the line).
 */
public final class Printable {
  private Printable() {}

  /**
   * The text on one line: NULs at its end are cut, control characters become {@code \}{@code
   * uXXXX}.
   */
  public static String line(String text) {
    String cut = withoutPadding(text);
    StringBuilder s = null;
    for (int i = 0; i < cut.length(); i++) {
      char c = cut.charAt(i);
      if (isUnsafe(cut, i)) {
        s = s == null ? new StringBuilder(cut.substring(0, i)) : s;
        String hex = Integer.toHexString(c);
        s.append("\\u").append("0000", hex.length(), 4).append(hex);
      } else if (s != null) {
        s.append(c);
      }
    }
    return s == null ? cut : s.toString();
  }

  /** Control characters, halves of a pair that are alone, and what ends or reorders a line. */
  private static boolean isUnsafe(String text, int i) {
    char c = text.charAt(i);
    if (Character.isSurrogate(c)) {
      boolean paired =
          Character.isHighSurrogate(c)
              ? i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))
              : i > 0 && Character.isHighSurrogate(text.charAt(i - 1));
      return !paired;
    }
    return Character.isISOControl(c)
        || c >= '\u2028' && c <= '\u202e'
        || c >= '\u2066' && c <= '\u2069';
  }

  /** The text without the NULs that pad fixed-size fields. */
  public static String withoutPadding(String text) {
    int end = text.length();
    while (end > 0 && text.charAt(end - 1) == 0) {
      end--;
    }
    return text.substring(0, end);
  }
}
