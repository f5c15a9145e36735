package io.quern.bench.peers;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Builds an ONNX model: nodes, initialisers, inputs and outputs, with the field numbers of
 * onnx.proto.
 */
final class OnnxGraph {
  static final int FLOAT = 1;
  static final int UINT8 = 2;
  static final int INT8 = 3;
  static final int INT32 = 6;
  static final int INT64 = 7;

  private static final int IR_VERSION = 8;
  private static final int OPSET = 13;
  private static final int ATTRIBUTE_FLOAT = 1;
  private static final int ATTRIBUTE_INT = 2;
  private static final int ATTRIBUTE_INTS = 7;

  private final ProtoMessage graph = new ProtoMessage();
  private final Set<String> initialisers = new HashSet<>();
  private int nodes;

  /** An attribute of a node. */
  static ProtoMessage attribute(String name, long value) {
    return new ProtoMessage().text(1, name).integer(3, value).integer(20, ATTRIBUTE_INT);
  }

  /** An attribute of a node. */
  static ProtoMessage attribute(String name, float value) {
    return new ProtoMessage().text(1, name).real(2, value).integer(20, ATTRIBUTE_FLOAT);
  }

  /** An attribute of a node. */
  static ProtoMessage attribute(String name, long... values) {
    ProtoMessage a = new ProtoMessage().text(1, name);
    for (long v : values) {
      a.integer(8, v);
    }
    return a.integer(20, ATTRIBUTE_INTS);
  }

  /** Adds a node; returns its output. */
  String node(String operator, List<String> inputs, String output, ProtoMessage... attributes) {
    ProtoMessage n = new ProtoMessage();
    for (String input : inputs) {
      n.text(1, input);
    }
    n.text(2, output).text(3, operator + "_" + nodes++).text(4, operator);
    for (ProtoMessage a : attributes) {
      n.message(5, a);
    }
    graph.message(1, n);
    return output;
  }

  /** Adds a constant once; returns its name. */
  String initialiser(String name, int type, byte[] raw, long... dims) {
    if (initialisers.add(name)) {
      ProtoMessage t = new ProtoMessage();
      for (long d : dims) {
        t.integer(1, d);
      }
      graph.message(5, t.integer(2, type).text(8, name).bytes(9, raw));
    }
    return name;
  }

  /** Adds a float constant once; returns its name. */
  String floats(String name, float[] values, long... dims) {
    ByteBuffer b = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    b.asFloatBuffer().put(values);
    return initialiser(name, FLOAT, b.array(), dims);
  }

  /** Adds a vector of int64 once; returns its name. */
  String longs(String name, long... values) {
    ByteBuffer b = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    b.asLongBuffer().put(values);
    return initialiser(name, INT64, b.array(), values.length);
  }

  void input(String name, int type, long... dims) {
    graph.message(11, valueInfo(name, type, dims));
  }

  void output(String name, int type, long... dims) {
    graph.message(12, valueInfo(name, type, dims));
  }

  private static ProtoMessage valueInfo(String name, int type, long... dims) {
    ProtoMessage shape = new ProtoMessage();
    for (long d : dims) {
      shape.message(1, new ProtoMessage().integer(1, d));
    }
    ProtoMessage tensor = new ProtoMessage().integer(1, type).message(2, shape);
    return new ProtoMessage().text(1, name).message(2, new ProtoMessage().message(1, tensor));
  }

  /** The whole file. */
  byte[] toBytes() {
    graph.text(2, "quern");
    ProtoMessage opset = new ProtoMessage().text(1, "").integer(2, OPSET);
    return new ProtoMessage()
        .integer(1, IR_VERSION)
        .text(2, "quern")
        .message(7, graph)
        .message(8, opset)
        .toBytes();
  }
}
