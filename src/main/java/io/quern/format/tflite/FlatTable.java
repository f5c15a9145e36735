package io.quern.format.tflite;

import io.quern.format.tflite.Schema.Field;
import io.quern.model.ModelFormatException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * One table of a FlatBuffers file. Every read checks that table, field, vector and string lie
 * within the file, and fails with a {@link ModelFormatException} that says where, which field and
 * which value. Source: FlatBuffers internals, section "Encoding".
 */
final class FlatTable {
  /**
   * A vector whose elements lie within the file.
   *
   * @param at position of the first element
   * @param length number of elements
   */
  record Vector(int at, int length) {}

  /** Where in the model a table belongs, put into words for messages only: a file has hundreds. */
  private static final class Place {
    /** What it is a part of, or null when {@link #kind} says enough. */
    private final Place outer;

    private final String kind;

    /** Which of its kind, or -1. */
    private final int index;

    Place(Place outer, String kind, int index) {
      this.outer = outer;
      this.kind = kind;
      this.index = index;
    }

    @Override
    public String toString() {
      return (outer == null ? "" : outer + ", ") + kind + (index < 0 ? "" : " " + index);
    }
  }

  private static final int VTABLE_HEADER = 4;

  private final FlatFile file;
  private final int at;
  private final int vtable;
  private final int vtableBytes;
  private final int tableBytes;
  private final Place place;

  private FlatTable(
      FlatFile file, int at, int vtable, int vtableBytes, int tableBytes, Place place) {
    this.file = file;
    this.at = at;
    this.vtable = vtable;
    this.vtableBytes = vtableBytes;
    this.tableBytes = tableBytes;
    this.place = place;
  }

  /** The table at a position that has not been checked, which messages call {@code kind}. */
  static FlatTable root(FlatFile file, long position, String kind) {
    return at(file, position, new Place(null, kind, -1));
  }

  private static FlatTable at(FlatFile file, long position, Place place) {
    if (!file.contains(position, 4)) {
      throw new ModelFormatException(
          place + ": table at byte " + position + " lies outside the " + file.size() + " bytes");
    }
    int at = (int) position;
    long vtable = (long) at - file.int32(at);
    if (!file.contains(vtable, VTABLE_HEADER)) {
      throw new ModelFormatException(
          place + ": vtable at byte " + vtable + " lies outside the " + file.size() + " bytes");
    }
    int vtableBytes = file.uint16((int) vtable);
    int tableBytes = file.uint16((int) vtable + 2);
    if (vtableBytes < VTABLE_HEADER
        || (vtableBytes & 1) != 0
        || !file.contains(vtable, vtableBytes)) {
      throw new ModelFormatException(
          place + ": vtable at byte " + vtable + " has a length of " + vtableBytes + " bytes");
    }
    if (tableBytes < 4 || !file.contains(at, tableBytes)) {
      throw new ModelFormatException(
          place + ": table at byte " + at + " has a length of " + tableBytes + " bytes");
    }
    file.charge(tableBytes, place);
    return new FlatTable(file, at, (int) vtable, vtableBytes, tableBytes, place);
  }

  /** A table without any field, in place of an absent one of this table. */
  FlatTable absent(String part) {
    return new FlatTable(file, 0, 0, VTABLE_HEADER, 0, new Place(place, part, -1));
  }

  /** Where in the model the table belongs, for messages. */
  String where() {
    return place.toString();
  }

  /** An error of this table's field. */
  ModelFormatException error(Field field, String problem) {
    return new ModelFormatException(place + ", field " + field.name() + ": " + problem);
  }

  /** Whether the field is present. */
  boolean has(Field field) {
    return position(field, 1) >= 0;
  }

  /** A signed byte, such as an enumeration. */
  int int8(Field field, int absent) {
    int p = position(field, 1);
    return p < 0 ? absent : file.int8(p);
  }

  /** An unsigned byte, such as the type of a union. */
  int uint8(Field field, int absent) {
    int p = position(field, 1);
    return p < 0 ? absent : file.int8(p) & 0xFF;
  }

  /** A Boolean; false when absent. */
  boolean bool(Field field) {
    return int8(field, 0) != 0;
  }

  /** A signed 32-bit number. */
  int int32(Field field, int absent) {
    int p = position(field, 4);
    return p < 0 ? absent : file.int32(p);
  }

  /** An unsigned 32-bit number; 0 when absent. */
  long uint32(Field field) {
    return int32(field, 0) & 0xFFFFFFFFL;
  }

  /** A 64-bit number; 0 when absent. */
  long int64(Field field) {
    int p = position(field, 8);
    return p < 0 ? 0 : file.int64(p);
  }

  /** A 32-bit floating-point number. */
  float float32(Field field, float absent) {
    int p = position(field, 4);
    return p < 0 ? absent : Float.intBitsToFloat(file.int32(p));
  }

  /** A table, which messages call this one's {@code part}, or null when absent. */
  FlatTable table(Field field, String part) {
    int p = position(field, 4);
    return p < 0 ? null : at(file, p + (file.int32(p) & 0xFFFFFFFFL), new Place(place, part, -1));
  }

  /** A vector; empty when absent. */
  Vector vector(Field field, int elementBytes) {
    int p = position(field, 4);
    if (p < 0) {
      return new Vector(0, 0);
    }
    long start = p + (file.int32(p) & 0xFFFFFFFFL);
    if (!file.contains(start, 4)) {
      throw error(field, "vector at byte " + start + " lies outside the " + file.size() + " bytes");
    }
    long length = file.int32((int) start) & 0xFFFFFFFFL;
    if (!file.contains(start + 4, length * elementBytes)) {
      throw error(
          field,
          "length "
              + length
              + " of the vector at byte "
              + start
              + " runs past the "
              + file.size()
              + " bytes");
    }
    return new Vector((int) start + 4, (int) length);
  }

  /** An element of a vector of tables, which messages call by its kind and index. */
  FlatTable element(Vector tables, int index, String kind) {
    return element(tables, index, new Place(null, kind, index));
  }

  /** The same of an element that this table refers to, which messages say too. */
  FlatTable referred(Vector tables, int index, String kind) {
    return element(tables, index, new Place(place, kind, index));
  }

  private FlatTable element(Vector tables, int index, Place elementPlace) {
    int p = tables.at() + 4 * index;
    return at(file, p + (file.int32(p) & 0xFFFFFFFFL), elementPlace);
  }

  /** A vector of 32-bit numbers; empty when absent. */
  int[] ints(Field field) {
    Vector v = charged(field, 4);
    int[] r = new int[v.length()];
    for (int i = 0; i < r.length; i++) {
      r[i] = file.int32(v.at() + 4 * i);
    }
    return r;
  }

  /** A vector of 64-bit numbers; empty when absent. */
  long[] longs(Field field) {
    Vector v = charged(field, 8);
    long[] r = new long[v.length()];
    file.view(v.at(), 8 * r.length).asLongBuffer().get(r);
    return r;
  }

  /** A vector of 32-bit floating-point numbers; empty when absent. */
  float[] floats(Field field) {
    Vector v = charged(field, 4);
    float[] r = new float[v.length()];
    file.view(v.at(), 4 * r.length).asFloatBuffer().get(r);
    return r;
  }

  /** A view of a vector of bytes; empty when absent. */
  ByteBuffer bytes(Field field) {
    Vector v = vector(field, 1);
    return file.view(v.at(), v.length());
  }

  /**
   * A string; empty when absent. Bytes that are not UTF-8 and control characters become question
   * marks, so that a name from a file cannot break a line of a message.
   */
  String string(Field field) {
    Vector v = charged(field, 1);
    byte[] b = new byte[v.length()];
    file.view(v.at(), v.length()).get(b);
    String s = new String(b, StandardCharsets.UTF_8);
    if (isPlain(b)) {
      return s;
    }
    StringBuilder clean = null;
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      if (Character.isISOControl(c) || c == '\uFFFD' || c == '\u2028' || c == '\u2029') {
        clean = clean == null ? new StringBuilder(s) : clean;
        clean.setCharAt(i, '?');
      }
    }
    return clean == null ? s : clean.toString();
  }

  private static boolean isPlain(byte[] text) {
    for (byte c : text) {
      if (c < ' ' || c > '~') {
        return false;
      }
    }
    return true;
  }

  private Vector charged(Field field, int elementBytes) {
    Vector v = vector(field, elementBytes);
    file.charge((long) v.length() * elementBytes, place);
    return v;
  }

  /** Position of a field's inline bytes, or -1 when the field is absent. */
  private int position(Field field, int width) {
    int entry = VTABLE_HEADER + 2 * field.slot();
    if (entry + 2 > vtableBytes) {
      return -1;
    }
    int offset = file.uint16(vtable + entry);
    if (offset == 0) {
      return -1;
    }
    if (offset < 4 || offset + width > tableBytes) {
      throw error(field, "offset " + offset + " lies outside the table of " + tableBytes);
    }
    return at + offset;
  }
}
