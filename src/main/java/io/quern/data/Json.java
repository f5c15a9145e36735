package io.quern.data;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * JSON text to plain values and back: objects are {@code Map<String, Object>} in order, arrays are
 * {@code List<Object>}, numbers are {@code Long} when they are integers that fit and {@code Double}
 * otherwise. Source: RFC 8259.
 *
 * <p>The reader takes untrusted text: nesting is bounded, duplicate names are refused. The writer
 * writes numbers in their shortest form that reads back as the same value; JSON has no infinity and
 * no NaN, so both become {@code null}.
 */
public final class Json {
  private static final int MAX_DEPTH = 64;

  private final String text;
  private int at;

  private Json(String text) {
    this.text = text;
  }

  /**
   * The value that {@code text} says.
   *
   * @throws IllegalArgumentException if it is not JSON, with the position
   */
  public static Object parse(String text) {
    Json j = new Json(text);
    Object value = j.value(0);
    j.space();
    if (j.at != text.length()) {
      throw j.bad("text after the value");
    }
    return value;
  }

  /** An object of the given names and values, in this order; names alternate with values. */
  public static Map<String, Object> object(Object... namesAndValues) {
    Map<String, Object> m = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      m.put((String) namesAndValues[i], namesAndValues[i + 1]);
    }
    return m;
  }

  /** An array of the given floats. */
  public static List<Object> array(float[] values) {
    List<Object> l = new ArrayList<>(values.length);
    for (float v : values) {
      l.add(v);
    }
    return l;
  }

  /** An array of the given ints. */
  public static List<Object> array(int[] values) {
    List<Object> l = new ArrayList<>(values.length);
    for (int v : values) {
      l.add(v);
    }
    return l;
  }

  /** {@code value} on one line. */
  public static String write(Object value) {
    StringBuilder s = new StringBuilder();
    write(value, s, -1);
    return s.toString();
  }

  /**
   * {@code value} over several lines, indented by two spaces; arrays and objects without inner ones
   * stay on one line.
   */
  public static String writePretty(Object value) {
    StringBuilder s = new StringBuilder();
    write(value, s, 0);
    return s.toString();
  }

  private static void write(Object value, StringBuilder s, int indent) {
    if (value == null || value instanceof Boolean) {
      s.append(value);
    } else if (value instanceof String t) {
      quote(t, s);
    } else if (value instanceof Float f) {
      number(
          f.isNaN() || f.isInfinite(),
          Float.toString(f),
          f == Math.rint(f) && Math.abs(f) < 1e7,
          f.longValue(),
          s);
    } else if (value instanceof Double d) {
      number(
          d.isNaN() || d.isInfinite(),
          Double.toString(d),
          d == Math.rint(d) && Math.abs(d) < 1e15,
          d.longValue(),
          s);
    } else if (value instanceof Number n) {
      s.append(n);
    } else if (value instanceof Map<?, ?> m) {
      int inner = flat(m.values()) ? -1 : indent < 0 ? -1 : indent + 1;
      s.append('{');
      boolean first = true;
      for (Map.Entry<?, ?> e : m.entrySet()) {
        separate(s, first, inner);
        first = false;
        quote((String) e.getKey(), s);
        s.append(indent < 0 ? ":" : ": ");
        write(e.getValue(), s, inner >= 0 ? inner : indent < 0 ? -1 : indent);
      }
      close(s, first, inner, '}');
    } else if (value instanceof List<?> l) {
      int inner = flat(l) ? -1 : indent < 0 ? -1 : indent + 1;
      s.append('[');
      boolean first = true;
      for (Object o : l) {
        separate(s, first, inner);
        first = false;
        write(o, s, inner >= 0 ? inner : indent < 0 ? -1 : indent);
      }
      close(s, first, inner, ']');
    } else {
      throw new IllegalArgumentException("no JSON for " + value.getClass().getName());
    }
  }

  private static boolean flat(Iterable<?> values) {
    for (Object v : values) {
      if (v instanceof Map || v instanceof List) {
        return false;
      }
    }
    return true;
  }

  private static void separate(StringBuilder s, boolean first, int indent) {
    if (indent >= 0) {
      s.append(first ? "\n" : ",\n").append("  ".repeat(indent));
    } else if (!first) {
      s.append(',');
    }
  }

  private static void close(StringBuilder s, boolean empty, int indent, char bracket) {
    if (indent >= 0 && !empty) {
      s.append('\n').append("  ".repeat(indent - 1));
    }
    s.append(bracket);
  }

  private static void number(
      boolean notFinite, String text, boolean integer, long asLong, StringBuilder s) {
    s.append(notFinite ? "null" : integer ? Long.toString(asLong) : text);
  }

  private static void quote(String t, StringBuilder s) {
    s.append('"');
    for (int i = 0; i < t.length(); i++) {
      char c = t.charAt(i);
      switch (c) {
        case '"' -> s.append("\\\"");
        case '\\' -> s.append("\\\\");
        case '\n' -> s.append("\\n");
        case '\r' -> s.append("\\r");
        case '\t' -> s.append("\\t");
        default -> {
          if (c < 0x20 || c == 0x2028 || c == 0x2029 || Character.isSurrogate(c)) {
            s.append(String.format("\\u%04x", (int) c));
          } else {
            s.append(c);
          }
        }
      }
    }
    s.append('"');
  }

  private IllegalArgumentException bad(String what) {
    return new IllegalArgumentException("JSON: " + what + " at character " + at);
  }

  private void space() {
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
  }

  private char peek() {
    space();
    if (at == text.length()) {
      throw bad("ends too soon");
    }
    return text.charAt(at);
  }

  private void expect(char c) {
    if (peek() != c) {
      throw bad("expected '" + c + "', found '" + text.charAt(at) + "'");
    }
    at++;
  }

  private Object value(int depth) {
    if (depth > MAX_DEPTH) {
      throw bad("nested deeper than " + MAX_DEPTH);
    }
    return switch (peek()) {
      case '{' -> objectValue(depth);
      case '[' -> arrayValue(depth);
      case '"' -> string();
      case 't' -> word("true", Boolean.TRUE);
      case 'f' -> word("false", Boolean.FALSE);
      case 'n' -> word("null", null);
      default -> numberValue();
    };
  }

  private Object objectValue(int depth) {
    Map<String, Object> m = new LinkedHashMap<>();
    expect('{');
    if (peek() == '}') {
      at++;
      return m;
    }
    while (true) {
      if (peek() != '"') {
        throw bad("expected a name");
      }
      String name = string();
      expect(':');
      if (m.containsKey(name)) {
        throw bad("name \"" + name + "\" twice");
      }
      m.put(name, value(depth + 1));
      if (peek() == ',') {
        at++;
      } else {
        expect('}');
        return m;
      }
    }
  }

  private Object arrayValue(int depth) {
    List<Object> l = new ArrayList<>();
    expect('[');
    if (peek() == ']') {
      at++;
      return l;
    }
    while (true) {
      l.add(value(depth + 1));
      if (peek() == ',') {
        at++;
      } else {
        expect(']');
        return l;
      }
    }
  }

  private Object word(String word, Object value) {
    if (!text.startsWith(word, at)) {
      throw bad("unknown word");
    }
    at += word.length();
    return value;
  }

  private String string() {
    StringBuilder s = new StringBuilder();
    at++;
    while (true) {
      if (at >= text.length()) {
        throw bad("string without end");
      }
      char c = text.charAt(at++);
      if (c == '"') {
        return s.toString();
      }
      if (c < 0x20) {
        throw bad("control character in a string");
      }
      s.append(c == '\\' ? escape() : c);
    }
  }

  private char escape() {
    if (at >= text.length()) {
      throw bad("string without end");
    }
    char c = text.charAt(at++);
    switch (c) {
      case '"', '\\', '/':
        return c;
      case 'b':
        return '\b';
      case 'f':
        return '\f';
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      case 'u':
        int code = 0;
        for (int i = 0; i < 4; i++) {
          int digit = at < text.length() ? Character.digit(text.charAt(at++), 16) : -1;
          if (digit < 0) {
            throw bad("bad \\u escape");
          }
          code = code * 16 + digit;
        }
        return (char) code;
      default:
        throw bad("unknown escape");
    }
  }

  private Object numberValue() {
    int start = at;
    while (at < text.length() && "+-.0123456789eE".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
    String t = text.substring(start, at);
    if (!t.matches("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?")) {
      at = start;
      throw bad("not a value");
    }
    if (t.length() < 19 && t.matches("-?[0-9]+")) {
      return Long.valueOf(t);
    }
    return Double.valueOf(t);
  }
}
