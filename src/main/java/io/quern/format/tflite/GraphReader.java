package io.quern.format.tflite;

import io.quern.format.tflite.FlatTable.Vector;
import io.quern.format.tflite.Schema.Field;
import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.ModelFormatException;
import io.quern.model.Operator;
import io.quern.model.Quantization;
import io.quern.model.Shape;
import io.quern.model.Tensor;
import io.quern.model.UnsupportedModelException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Reads one file into a graph.
 *
 * <p>Operators are read twice. The first time finds the tensors that remain once configuration has
 * become attributes; the second time refers to them by their new indices. Tensors are decoded when
 * something first refers to them, so one of an unsupported type does no harm while nobody uses it.
 */
final class GraphReader {
  private static final DataType[] DATA_TYPES = DataType.values();

  private final FlatFile file;
  private FlatTable model;
  private FlatTable subgraph;
  private Vector bufferTables;
  private Vector tensorTables;
  private Vector codeTables;
  private Tensor[] tensors;
  private final BitSet used = new BitSet();
  private int[] newIndices;

  /** Tensors of the file that follow from shapes, such as a new shape with the batch in it. */
  private final Map<Integer, int[]> computed = new HashMap<>();

  GraphReader(FlatFile file) {
    this.file = file;
  }

  /** The graph of the file's only subgraph. */
  Graph read() {
    model = file.root("model");
    long version = model.uint32(Schema.MODEL_VERSION);
    if (version != Schema.VERSION) {
      throw new UnsupportedModelException(
          "schema version " + version + " is not supported, only " + Schema.VERSION);
    }
    Vector subgraphs = model.vector(Schema.MODEL_SUBGRAPHS, 4);
    if (subgraphs.length() == 0) {
      throw model.error(Schema.MODEL_SUBGRAPHS, "the model has no subgraph");
    }
    if (subgraphs.length() > 1) {
      throw new UnsupportedModelException(
          subgraphs.length() + " subgraphs (control flow) are not supported, only one");
    }
    bufferTables = model.vector(Schema.MODEL_BUFFERS, 4);
    codeTables = model.vector(Schema.MODEL_OPERATOR_CODES, 4);
    subgraph = model.element(subgraphs, 0, "subgraph");
    tensorTables = subgraph.vector(Schema.SUBGRAPH_TENSORS, 4);
    tensors = new Tensor[tensorTables.length()];

    readOperators();
    indices(Schema.SUBGRAPH_INPUTS);
    indices(Schema.SUBGRAPH_OUTPUTS);
    List<Tensor> kept = new ArrayList<>();
    newIndices = new int[tensors.length];
    for (int i = used.nextSetBit(0); i >= 0; i = used.nextSetBit(i + 1)) {
      newIndices[i] = kept.size();
      kept.add(tensor(i));
    }
    return new Graph(
        subgraph.string(Schema.SUBGRAPH_NAME),
        kept,
        readOperators(),
        indices(Schema.SUBGRAPH_INPUTS),
        indices(Schema.SUBGRAPH_OUTPUTS),
        metadata());
  }

  /** Notes that the graph refers to a tensor, and gives the index by which it does. */
  int use(int index) {
    used.set(index);
    return newIndices == null ? index : newIndices[index];
  }

  /** Number of tensors in the file. */
  int tensorCount() {
    return tensors.length;
  }

  /** A tensor by its index in the file, which is in range. */
  Tensor tensor(int index) {
    if (tensors[index] == null) {
      tensors[index] = readTensor(index);
    }
    return tensors[index];
  }

  /** The numbers of a tensor that follows from shapes, or null. */
  int[] computed(int index) {
    return computed.get(index);
  }

  /** Notes the numbers of a tensor that follows from shapes. */
  void computed(int index, int[] numbers) {
    computed.put(index, numbers);
  }

  private List<Operator> readOperators() {
    Vector tables = subgraph.vector(Schema.SUBGRAPH_OPERATORS, 4);
    List<Operator> operators = new ArrayList<>();
    for (int i = 0; i < tables.length(); i++) {
      FlatTable table = subgraph.element(tables, i, "operator");
      Operator operator = new OperatorReader(this, table, i).read();
      if (operator != null) {
        operators.add(operator);
      }
    }
    return operators;
  }

  private List<Integer> indices(Field field) {
    List<Integer> r = new ArrayList<>();
    for (int t : subgraph.ints(field)) {
      if (t < 0 || t >= tensors.length) {
        throw subgraph.error(field, "tensor " + t + " of " + tensors.length);
      }
      if (computed.containsKey(t)) {
        throw new UnsupportedModelException(
            "tensor " + t + ": a shape as input or output of the network is not supported");
      }
      r.add(use(t));
    }
    return r;
  }

  /** The operator's number in the schema and, for a custom operator, its name. */
  Map.Entry<Integer, String> operatorCode(FlatTable operator) {
    long index = operator.uint32(Schema.OPERATOR_CODE_INDEX);
    if (index >= codeTables.length()) {
      throw operator.error(
          Schema.OPERATOR_CODE_INDEX, index + " of " + codeTables.length() + " operator codes");
    }
    FlatTable code = operator.referred(codeTables, (int) index, "operator code");
    int builtin =
        Math.max(code.int8(Schema.CODE_DEPRECATED_BUILTIN, 0), code.int32(Schema.CODE_BUILTIN, 0));
    return Map.entry(
        builtin, builtin == BuiltinOperator.CUSTOM ? code.string(Schema.CODE_CUSTOM) : "");
  }

  private Tensor readTensor(int index) {
    FlatTable t = subgraph.element(tensorTables, index, "tensor");
    String name = t.string(Schema.TENSOR_NAME);
    if (t.bool(Schema.TENSOR_IS_VARIABLE)) {
      throw new UnsupportedModelException(
          called(t, name) + " is a variable, which is not supported");
    }
    if (t.has(Schema.TENSOR_SPARSITY)) {
      throw new UnsupportedModelException(called(t, name) + " is sparse, which is not supported");
    }
    DataType type = type(t, name);
    ByteBuffer data = buffer(t.uint32(Schema.TENSOR_BUFFER), t, Schema.TENSOR_BUFFER);
    int[] dims = t.ints(Schema.TENSOR_SHAPE);
    Quantization quantization = quantization(t, type);
    try {
      Shape shape = Shape.of(dims);
      return data.hasRemaining()
          ? Tensor.constant(name, type, shape, quantization, data)
          : Tensor.activation(name, type, shape, quantization);
    } catch (IllegalArgumentException e) {
      throw new ModelFormatException(t.where() + ": " + e.getMessage(), e);
    }
  }

  private static String called(FlatTable t, String name) {
    return t.where() + " " + name;
  }

  private static DataType type(FlatTable t, String name) {
    int code = t.int8(Schema.TENSOR_TYPE, 0);
    String typeName = Schema.typeName(code);
    for (DataType type : DATA_TYPES) {
      if (type.name().equals(typeName)) {
        return type;
      }
    }
    throw new UnsupportedModelException(
        called(t, name)
            + ": type "
            + typeName
            + " is not supported"
            + (typeName.contains("FLOAT16")
                ? "; convert the model with float32 weights (no float16 optimisation)"
                : ""));
  }

  private static Quantization quantization(FlatTable t, DataType type) {
    if (type == DataType.FLOAT32 || type == DataType.INT64 || type == DataType.BOOL) {
      return null;
    }
    FlatTable q = t.table(Schema.TENSOR_QUANTIZATION, "quantization");
    if (q == null) {
      return null;
    }
    if (q.uint8(Schema.QUANTIZATION_DETAILS_TYPE, 0) != 0) {
      throw new UnsupportedModelException(
          t.where() + ": quantization other than by scale and zero point is not supported");
    }
    float[] scales = q.floats(Schema.QUANTIZATION_SCALE);
    if (scales.length == 0 || type == DataType.INT32 && !usable(scales)) {
      return null;
    }
    long[] longs = q.longs(Schema.QUANTIZATION_ZERO_POINT);
    int[] zeroPoints = new int[scales.length];
    if (longs.length != 0 && longs.length != scales.length) {
      throw q.error(
          Schema.QUANTIZATION_ZERO_POINT,
          longs.length + " zero points for " + scales.length + " scales");
    }
    for (int i = 0; i < longs.length; i++) {
      zeroPoints[i] = (int) longs[i];
      if (zeroPoints[i] != longs[i]) {
        throw q.error(Schema.QUANTIZATION_ZERO_POINT, "zero point " + longs[i]);
      }
    }
    try {
      return scales.length == 1
          ? Quantization.perTensor(scales[0], zeroPoints[0])
          : Quantization.perChannel(scales, zeroPoints, q.int32(Schema.QUANTIZATION_DIMENSION, 0));
    } catch (IllegalArgumentException e) {
      throw new ModelFormatException(q.where() + ": " + e.getMessage(), e);
    }
  }

  /** Whether scales are legal. Integer tensors that are no biases may carry zeros for scales. */
  private static boolean usable(float[] scales) {
    for (float s : scales) {
      if (!(s >= Float.MIN_NORMAL) || s == Float.POSITIVE_INFINITY) {
        return false;
      }
    }
    return true;
  }

  /** The bytes of a buffer, in the table or elsewhere in the file; empty for an activation. */
  private ByteBuffer buffer(long index, FlatTable user, Field field) {
    if (index >= bufferTables.length()) {
      throw user.error(field, "buffer " + index + " of " + bufferTables.length());
    }
    FlatTable b = model.element(bufferTables, (int) index, "buffer");
    long offset = b.int64(Schema.BUFFER_OFFSET);
    if (b.has(Schema.BUFFER_DATA) || offset == 0 || offset == 1) {
      return b.bytes(Schema.BUFFER_DATA);
    }
    long size = b.int64(Schema.BUFFER_SIZE);
    if (!file.contains(offset, size)) {
      throw b.error(
          Schema.BUFFER_OFFSET,
          size + " bytes from byte " + offset + " run past the " + file.size() + " bytes");
    }
    return file.view((int) offset, (int) size);
  }

  private Map<String, String> metadata() {
    Map<String, String> r = new TreeMap<>();
    Vector entries = model.vector(Schema.MODEL_METADATA, 4);
    for (int i = 0; i < entries.length(); i++) {
      FlatTable m = model.element(entries, i, "metadata");
      ByteBuffer data = buffer(m.uint32(Schema.METADATA_BUFFER), m, Schema.METADATA_BUFFER);
      file.charge(data.remaining(), m.where());
      try {
        r.putIfAbsent(
            m.string(Schema.METADATA_NAME),
            StandardCharsets.UTF_8.newDecoder().decode(data).toString());
      } catch (CharacterCodingException e) {
        // Binary metadata is not kept, as the class comment of TfliteReader says.
        continue;
      }
    }
    return r;
  }
}
