package io.quern.format.tflite;

import com.google.flatbuffers.FlatBufferBuilder;
import io.quern.format.tflite.Schema.Field;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Quantization;
import io.quern.model.Tensor;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Writes one graph. */
final class GraphWriter {
  private record Code(BuiltinOperator operator, int version) {}

  private final Graph graph;
  private final FlatBufferBuilder out = new FlatBufferBuilder(1 << 16);
  private final List<Tensor> tensors;
  private final List<ByteBuffer> buffers = new ArrayList<>();
  private final Map<ByteBuffer, Integer> bufferIndices = new HashMap<>();
  private final Map<Code, Integer> codes = new LinkedHashMap<>();

  GraphWriter(Graph graph) {
    this.graph = graph;
    this.tensors = new ArrayList<>(graph.tensors());
  }

  /** The finished file. */
  byte[] write() {
    buffers.add(ByteBuffer.allocate(0));
    int[] operators = new int[graph.operators().size()];
    for (int i = 0; i < operators.length; i++) {
      operators[i] = operator(i);
    }
    int[] tensorTables = new int[tensors.size()];
    for (int i = 0; i < tensorTables.length; i++) {
      tensorTables[i] = tensor(tensors.get(i));
    }
    int subgraph = subgraph(tensorTables, operators);
    int metadata = metadata();
    int[] codeTables = codes.keySet().stream().mapToInt(this::code).toArray();
    int[] bufferTables = buffers.stream().mapToInt(this::buffer).toArray();

    int codeVector = tables(codeTables);
    int subgraphVector = tables(subgraph);
    int description = out.createString("Quern");
    int bufferVector = tables(bufferTables);
    out.startTable(Schema.MODEL_FIELDS);
    out.addInt(Schema.MODEL_VERSION.slot(), Schema.VERSION, 0);
    offset(Schema.MODEL_OPERATOR_CODES, codeVector);
    offset(Schema.MODEL_SUBGRAPHS, subgraphVector);
    offset(Schema.MODEL_DESCRIPTION, description);
    offset(Schema.MODEL_BUFFERS, bufferVector);
    offset(Schema.MODEL_METADATA, metadata);
    out.finish(out.endTable(), Schema.IDENTIFIER);
    return out.sizedByteArray();
  }

  /** Adds a constant that the graph has as attribute. */
  int configuration(Tensor constant) {
    tensors.add(constant);
    return tensors.size() - 1;
  }

  private int operator(int index) {
    Operator op = graph.operators().get(index);
    BuiltinOperator kind = BuiltinOperator.valueOf(op.kind());
    OperatorWriter writer = new OperatorWriter(graph, op, this, out);
    Code code = new Code(kind, OperatorVersions.version(graph, op));
    codes.putIfAbsent(code, codes.size());
    int inputs = ints(writer.inputs());
    int outputs = ints(op.outputs().stream().mapToInt(Integer::intValue).toArray());
    int options = kind.optionsType == 0 ? 0 : writer.options();
    out.startTable(Schema.OPERATOR_FIELDS);
    out.addInt(Schema.OPERATOR_CODE_INDEX.slot(), codes.get(code), 0);
    offset(Schema.OPERATOR_INPUTS, inputs);
    offset(Schema.OPERATOR_OUTPUTS, outputs);
    out.addByte(Schema.OPERATOR_OPTIONS_TYPE.slot(), (byte) kind.optionsType, 0);
    offset(Schema.OPERATOR_OPTIONS, options);
    return out.endTable();
  }

  private int code(Code code) {
    out.startTable(Schema.CODE_FIELDS);
    out.addByte(Schema.CODE_DEPRECATED_BUILTIN.slot(), (byte) code.operator.code, 0);
    out.addInt(Schema.CODE_VERSION.slot(), code.version, 1);
    out.addInt(Schema.CODE_BUILTIN.slot(), code.operator.code, 0);
    return out.endTable();
  }

  private int tensor(Tensor t) {
    int name = out.createString(t.name());
    int shape = ints(t.shape().toArray());
    int quantization = t.quantization() == null ? 0 : quantization(t.quantization());
    out.startTable(Schema.TENSOR_FIELDS);
    offset(Schema.TENSOR_SHAPE, shape);
    out.addByte(Schema.TENSOR_TYPE.slot(), (byte) Schema.typeCode(t.type().name()), 0);
    out.addInt(Schema.TENSOR_BUFFER.slot(), t.isConstant() ? bufferIndex(t.data()) : 0, 0);
    offset(Schema.TENSOR_NAME, name);
    offset(Schema.TENSOR_QUANTIZATION, quantization);
    out.addBoolean(Schema.TENSOR_HAS_RANK.slot(), true, false);
    return out.endTable();
  }

  private int quantization(Quantization q) {
    int n = q.channels();
    out.startVector(8, n, 8);
    for (int c = n - 1; c >= 0; c--) {
      out.addLong(q.zeroPoint(c));
    }
    int zeroPoints = out.endVector();
    out.startVector(4, n, 4);
    for (int c = n - 1; c >= 0; c--) {
      out.addFloat(q.scale(c));
    }
    int scales = out.endVector();
    out.startTable(Schema.QUANTIZATION_FIELDS);
    offset(Schema.QUANTIZATION_SCALE, scales);
    offset(Schema.QUANTIZATION_ZERO_POINT, zeroPoints);
    out.addInt(Schema.QUANTIZATION_DIMENSION.slot(), q.axis(), 0);
    return out.endTable();
  }

  /** Equal bytes share a buffer; 0 is the buffer of those who have none. */
  private int bufferIndex(ByteBuffer data) {
    Integer known = bufferIndices.putIfAbsent(data, buffers.size());
    if (known != null) {
      return known;
    }
    buffers.add(data);
    return buffers.size() - 1;
  }

  private int buffer(ByteBuffer data) {
    int vector = 0;
    if (data.hasRemaining()) {
      out.createUnintializedVector(1, data.remaining(), Schema.BUFFER_ALIGNMENT)
          .put(data.duplicate());
      vector = out.endVector();
    }
    out.startTable(Schema.BUFFER_FIELDS);
    offset(Schema.BUFFER_DATA, vector);
    return out.endTable();
  }

  private int subgraph(int[] tensorTables, int[] operators) {
    int tensorVector = tables(tensorTables);
    int inputs = ints(graph.inputs().stream().mapToInt(Integer::intValue).toArray());
    int outputs = ints(graph.outputs().stream().mapToInt(Integer::intValue).toArray());
    int operatorVector = tables(operators);
    int name = out.createString(graph.name());
    out.startTable(Schema.SUBGRAPH_FIELDS);
    offset(Schema.SUBGRAPH_TENSORS, tensorVector);
    offset(Schema.SUBGRAPH_INPUTS, inputs);
    offset(Schema.SUBGRAPH_OUTPUTS, outputs);
    offset(Schema.SUBGRAPH_OPERATORS, operatorVector);
    offset(Schema.SUBGRAPH_NAME, name);
    return out.endTable();
  }

  private int metadata() {
    if (graph.metadata().isEmpty()) {
      return 0;
    }
    List<Integer> entries = new ArrayList<>();
    new TreeMap<>(graph.metadata())
        .forEach(
            (key, value) -> {
              int name = out.createString(key);
              ByteBuffer text = ByteBuffer.wrap(value.getBytes(StandardCharsets.UTF_8));
              out.startTable(Schema.METADATA_FIELDS);
              offset(Schema.METADATA_NAME, name);
              out.addInt(
                  Schema.METADATA_BUFFER.slot(), text.hasRemaining() ? bufferIndex(text) : 0, 0);
              entries.add(out.endTable());
            });
    return tables(entries.stream().mapToInt(Integer::intValue).toArray());
  }

  private int ints(int... values) {
    out.startVector(4, values.length, 4);
    for (int i = values.length - 1; i >= 0; i--) {
      out.addInt(values[i]);
    }
    return out.endVector();
  }

  private int tables(int... offsets) {
    return out.createVectorOfTables(offsets);
  }

  private void offset(Field field, int offset) {
    if (offset != 0) {
      out.addOffset(field.slot(), offset, 0);
    }
  }
}
