package io.quern.format.tflite;

import io.quern.format.tflite.Schema.Field;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Where everything is in a well-formed model file: scalars, offsets, lengths of vectors, elements,
 * vtables. Tests change a file at these places.
 */
final class FlatMap {
  /** What stands at a place. */
  enum Kind {
    INT8,
    INT32,
    INT64,
    FLOAT32,
    OFFSET,
    LENGTH,
    VTABLE_OFFSET,
    VTABLE_ENTRY,
    DATA;

    /** Whether it is a number of the model, rather than of the encoding. */
    boolean isValue() {
      return this == INT8 || this == INT32 || this == INT64 || this == FLOAT32 || this == DATA;
    }
  }

  /**
   * A place in the file.
   *
   * @param path such as {@code subgraphs[0].operators[2].inputs[1]}
   * @param at its first byte
   * @param kind what stands there
   */
  record Place(String path, int at, Kind kind) {}

  /** Constants of at most this many bytes are mapped as numbers: they configure operators. */
  private static final int SMALL_DATA = 64;

  private record Member(Field field, char type, String table) {}

  /**
   * Members of each table. Types: b byte, i int, f float, S string, I F L B vectors of int, float,
   * long, byte, t table, T vector of tables.
   */
  private static final Map<String, List<Member>> TABLES =
      Map.of(
          "Model",
          List.of(
              m(Schema.MODEL_VERSION, 'i'),
              m(Schema.MODEL_OPERATOR_CODES, 'T', "Code"),
              m(Schema.MODEL_SUBGRAPHS, 'T', "SubGraph"),
              m(Schema.MODEL_BUFFERS, 'T', "Buffer"),
              m(Schema.MODEL_METADATA, 'T', "Metadata")),
          "Code",
          List.of(
              m(Schema.CODE_DEPRECATED_BUILTIN, 'b'),
              m(Schema.CODE_CUSTOM, 'S'),
              m(Schema.CODE_VERSION, 'i'),
              m(Schema.CODE_BUILTIN, 'i')),
          "SubGraph",
          List.of(
              m(Schema.SUBGRAPH_TENSORS, 'T', "Tensor"),
              m(Schema.SUBGRAPH_INPUTS, 'I'),
              m(Schema.SUBGRAPH_OUTPUTS, 'I'),
              m(Schema.SUBGRAPH_OPERATORS, 'T', "Operator"),
              m(Schema.SUBGRAPH_NAME, 'S')),
          "Tensor",
          List.of(
              m(Schema.TENSOR_SHAPE, 'I'),
              m(Schema.TENSOR_TYPE, 'b'),
              m(Schema.TENSOR_BUFFER, 'i'),
              m(Schema.TENSOR_NAME, 'S'),
              m(Schema.TENSOR_QUANTIZATION, 't', "Quantization"),
              m(Schema.TENSOR_IS_VARIABLE, 'b')),
          "Quantization",
          List.of(
              m(Schema.QUANTIZATION_SCALE, 'F'),
              m(Schema.QUANTIZATION_ZERO_POINT, 'L'),
              m(Schema.QUANTIZATION_DETAILS_TYPE, 'b'),
              m(Schema.QUANTIZATION_DIMENSION, 'i')),
          "Buffer",
          List.of(m(Schema.BUFFER_DATA, 'B')),
          "Metadata",
          List.of(m(Schema.METADATA_NAME, 'S'), m(Schema.METADATA_BUFFER, 'i')),
          "Operator",
          List.of(
              m(Schema.OPERATOR_CODE_INDEX, 'i'),
              m(Schema.OPERATOR_INPUTS, 'I'),
              m(Schema.OPERATOR_OUTPUTS, 'I'),
              m(Schema.OPERATOR_OPTIONS_TYPE, 'b'),
              m(Schema.OPERATOR_OPTIONS, 't', "Options")),
          "Options",
          List.of());

  private final ByteBuffer bytes;
  private final List<Place> places = new ArrayList<>();
  private final Set<Integer> seenVtables = new HashSet<>();

  private FlatMap(byte[] file) {
    bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The places of a well-formed file. */
  static List<Place> of(byte[] file) {
    FlatMap map = new FlatMap(file);
    map.add("root", 0, Kind.OFFSET);
    map.table("", map.bytes.getInt(0), "Model");
    return map.places;
  }

  /** The place with this path. */
  static Place find(byte[] file, String path) {
    return of(file).stream()
        .filter(p -> p.path().equals(path))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no place " + path));
  }

  private static Member m(Field field, char type) {
    return new Member(field, type, null);
  }

  private static Member m(Field field, char type, String table) {
    return new Member(field, type, table);
  }

  private void add(String path, int at, Kind kind) {
    places.add(new Place(path, at, kind));
  }

  private void table(String path, int at, String type) {
    int vtable = at - bytes.getInt(at);
    add(path + "@vtable", at, Kind.VTABLE_OFFSET);
    int entries = (bytes.getShort(vtable) - 4) / 2;
    if (seenVtables.add(vtable)) {
      for (int e = 0; e < entries + 2; e++) {
        add(path + "@vtable[" + e + "]", vtable + 2 * e, Kind.VTABLE_ENTRY);
      }
    }
    if (type.equals("Options")) {
      options(path, at, vtable, entries);
      return;
    }
    for (Member m : TABLES.get(type)) {
      int slot = m.field().slot();
      int offset = slot < entries ? bytes.getShort(vtable + 4 + 2 * slot) : 0;
      if (offset != 0) {
        member(path + (path.isEmpty() ? "" : ".") + m.field().name(), at + offset, m);
      }
    }
  }

  /** Options have only bytes and 32-bit numbers, as wide as the gap to the next member says. */
  private void options(String path, int at, int vtable, int entries) {
    for (int e = 0; e < entries; e++) {
      int offset = bytes.getShort(vtable + 4 + 2 * e);
      if (offset != 0) {
        boolean wide = offset % 4 == 0 && at + offset + 4 <= bytes.capacity();
        add(path + "." + e, at + offset, wide ? Kind.INT32 : Kind.INT8);
      }
    }
  }

  private void member(String path, int at, Member m) {
    switch (m.type()) {
      case 'b' -> add(path, at, Kind.INT8);
      case 'i' -> add(path, at, Kind.INT32);
      case 'f' -> add(path, at, Kind.FLOAT32);
      case 't' -> {
        add(path, at, Kind.OFFSET);
        table(path, at + bytes.getInt(at), m.table());
      }
      default -> vector(path, at, m);
    }
  }

  private void vector(String path, int at, Member m) {
    add(path, at, Kind.OFFSET);
    int v = at + bytes.getInt(at);
    int length = bytes.getInt(v);
    add(path + "@length", v, Kind.LENGTH);
    for (int i = 0; i < length; i++) {
      String element = path + "[" + i + "]";
      switch (m.type()) {
        case 'I' -> add(element, v + 4 + 4 * i, Kind.INT32);
        case 'F' -> add(element, v + 4 + 4 * i, Kind.FLOAT32);
        case 'L' -> add(element, v + 4 + 8 * i, Kind.INT64);
        case 'T' -> {
          add(element, v + 4 + 4 * i, Kind.OFFSET);
          table(element, v + 4 + 4 * i + bytes.getInt(v + 4 + 4 * i), m.table());
        }
        case 'B' -> {
          if (length <= SMALL_DATA && i % 4 == 0 && i + 4 <= length) {
            add(element, v + 4 + i, Kind.DATA);
          }
        }
        default -> {
          // Characters of a string.
        }
      }
    }
  }
}
