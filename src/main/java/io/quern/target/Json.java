package io.quern.target;

import java.util.Iterator;
import java.util.Locale;
import java.util.Map;

/** Writes maps, lists, strings, numbers, booleans and null as JSON, indented by two. */
final class Json {
  private Json() {}

  static String write(Object value) {
    StringBuilder out = new StringBuilder();
    write(out, value, "\n");
    return out.append('\n').toString();
  }

  private static void write(StringBuilder out, Object value, String newLine) {
    if (value instanceof Map<?, ?> map) {
      out.append('{');
      String separator = newLine + "  ";
      for (Map.Entry<?, ?> e : map.entrySet()) {
        out.append(separator);
        string(out, e.getKey().toString());
        out.append(": ");
        write(out, e.getValue(), newLine + "  ");
        separator = "," + newLine + "  ";
      }
      out.append(map.isEmpty() ? "}" : newLine + "}");
    } else if (value instanceof Iterable<?> list) {
      out.append('[');
      for (Iterator<?> i = list.iterator(); i.hasNext(); ) {
        write(out, i.next(), newLine);
        out.append(i.hasNext() ? ", " : "");
      }
      out.append(']');
    } else if (value instanceof Double d) {
      out.append(d.isNaN() || d.isInfinite() ? "null" : String.format(Locale.ROOT, "%s", d));
    } else if (value == null || value instanceof Number || value instanceof Boolean) {
      out.append(value);
    } else {
      string(out, value.toString());
    }
  }

  private static void string(StringBuilder out, String s) {
    out.append('"');
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        default -> {
          if (c < 32 || c > 126) {
            out.append(String.format("\\u%04x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }
}
