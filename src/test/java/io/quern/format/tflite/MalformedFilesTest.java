package io.quern.format.tflite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.quern.model.Graph;
import io.quern.model.ModelFormatException;
import io.quern.model.Operator;
import io.quern.model.Shape;
import io.quern.model.UnsupportedModelException;
import io.quern.testing.SmallModels;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Messages of files with one thing wrong: where, which field, which value. */
class MalformedFilesTest {
  private static final Map<String, byte[]> MODELS = SmallModels.all();

  private byte[] file = MODELS.get("conv_float.tflite").clone();

  @Test
  void version() {
    int32("version", 4);
    unsupported("f: schema version 4 is not supported, only 3");
  }

  @Test
  void rootOffset() {
    int32("root", -1);
    malformed("f: model: table at byte 4294967295 lies outside the " + file.length + " bytes");
  }

  @Test
  void unknownOperator() {
    int8("operator_codes[0].deprecated_builtin_code", 5);
    int32("operator_codes[0].builtin_code", 5);
    unsupported("f: operator 0: DEPTH_TO_SPACE is not supported");
    int8("operator_codes[0].deprecated_builtin_code", 127);
    int32("operator_codes[0].builtin_code", 150);
    unsupported("f: operator 0: GELU is not supported");
    int32("operator_codes[0].builtin_code", 4321);
    unsupported("f: operator 0: operator number 4321 is not supported");
  }

  @Test
  void customOperator() {
    int8("operator_codes[0].deprecated_builtin_code", 32);
    int32("operator_codes[0].builtin_code", 32);
    unsupported("f: operator 0: CUSTOM \"\" is not supported");
  }

  @Test
  void operatorCodeIndex() {
    file = MODELS.get("add_float.tflite").clone();
    int32("subgraphs[0].operators[1].opcode_index", 2);
    malformed("f: operator 1, field opcode_index: 2 of 2 operator codes");
  }

  @Test
  void tensorIndex() {
    int32("subgraphs[0].operators[0].inputs[1]", 99);
    malformed("f: operator 0, field inputs: tensor 99 of 4");
    int32("subgraphs[0].operators[0].inputs[1]", -2);
    malformed("f: operator 0, field inputs: tensor -2 of 4");
    int32("subgraphs[0].operators[0].inputs[1]", -1);
    malformed("f: operator 0, field inputs: CONV_2D needs a tensor that is absent (-1)");
  }

  @Test
  void graphOutput() {
    int32("subgraphs[0].outputs[0]", 4);
    malformed("f: subgraph 0, field outputs: tensor 4 of 4");
  }

  @Test
  void arity() {
    int32("subgraphs[0].operators[0].inputs@length", 1);
    malformed("f: operator 0, field inputs: CONV_2D takes 2 or more tensors, the file has 1");
  }

  @Test
  void vectorLength() {
    FlatMap.Place place = FlatMap.find(file, "subgraphs[0].operators[0].inputs@length");
    int32("subgraphs[0].operators[0].inputs@length", -1);
    malformed(
        "f: operator 0, field inputs: length 4294967295 of the vector at byte "
            + place.at()
            + " runs past the "
            + file.length
            + " bytes");
  }

  @Test
  void bufferIndex() {
    int32("subgraphs[0].tensors[1].buffer", 1000);
    malformed("f: tensor 1, field buffer: buffer 1000 of 7");
  }

  @Test
  void tensorType() {
    file = MODELS.get("relu_int8.tflite").clone();
    int8("subgraphs[0].tensors[0].type", 1);
    unsupported(
        "f: relu_0: tensor 0 features: type FLOAT16 is not supported; convert the model with float32"
            + " weights (no float16 optimisation)");
  }

  @Test
  void negativeDimension() {
    int32("subgraphs[0].tensors[0].shape[1]", -8);
    malformed("f: tensor 0: negative dimension in [1, -8, 8, 4]");
  }

  @Test
  void hugeShape() {
    int32("subgraphs[0].tensors[0].shape[1]", 1 << 30);
    malformed("f: tensor 0: more than 2^31 - 1 elements in [1, 1073741824, 8, 4]");
  }

  @Test
  void dataLength() {
    int32("subgraphs[0].tensors[1].shape[0]", 7);
    malformed("f: tensor 1: Conv2D: 864 bytes of data for FLOAT32 7x3x3x4");
  }

  @Test
  void scale() {
    file = MODELS.get("relu_int8.tflite").clone();
    float32("subgraphs[0].tensors[0].quantization.scale[0]", 0);
    malformed("f: tensor 0, quantization: scale must be finite, positive and normal, is 0.0");
    float32("subgraphs[0].tensors[0].quantization.scale[0]", Float.NaN);
    malformed("f: tensor 0, quantization: scale must be finite, positive and normal, is NaN");
  }

  @Test
  void zeroPoint() {
    file = MODELS.get("relu_int8.tflite").clone();
    int at = FlatMap.find(file, "subgraphs[0].tensors[0].quantization.zero_point[0]").at();
    ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).putLong(at, 300);
    malformed("f: tensor 0: features: zero point 300 is outside INT8 -128..127");
  }

  @Test
  void axisOutOfRange() {
    file = MODELS.get("mean_float.tflite").clone();
    int32("buffers[2].data[0]", 9);
    malformed("f: mean_0: axis 9 of 4 dimensions");
  }

  @Test
  void newShape() {
    file = MODELS.get("reshape_float.tflite").clone();
    int32("buffers[2].data[4]", 33);
    malformed("f: reshape_0: the new shape -1x33 does not divide 256 elements");
  }

  @Test
  void stride() {
    file = MODELS.get("strided_slice_float.tflite").clone();
    ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    for (FlatMap.Place p : FlatMap.of(file)) {
      // The strides are 1, 2, -1, 1.
      if (p.path().endsWith("data[8]") && bytes.getInt(p.at()) == -1) {
        bytes.putInt(p.at(), 0);
      }
    }
    malformed("f: strided_slice_0: stride 0");
  }

  @Test
  void newShapeThatDependsOnTheBatch() {
    file = MODELS.get("dynamic_batch_float.tflite").clone();
    Graph graph = TfliteReader.read(ByteBuffer.wrap(file), "f");
    assertEquals(
        List.of("RELU", "RESHAPE"), graph.operators().stream().map(Operator::kind).toList());
    assertEquals(Shape.of(1, 6, 8), graph.tensor(graph.outputs().get(0)).shape());
    int shape = valueAt("subgraphs[0].operators[1].outputs[0]");
    int32("subgraphs[0].outputs[0]", shape);
    unsupported(
        "f: tensor " + shape + ": a shape as input or output of the network is not supported");
  }

  @Test
  void computingWithShapes() {
    file = MODELS.get("dynamic_batch_float.tflite").clone();
    int shape = valueAt("subgraphs[0].operators[1].outputs[0]");
    int32("subgraphs[0].operators[4].inputs[0]", shape);
    unsupported("f: reshape_4: computing with the shape of a tensor is not supported");
  }

  private int valueAt(String path) {
    return ByteBuffer.wrap(file)
        .order(ByteOrder.LITTLE_ENDIAN)
        .getInt(FlatMap.find(file, path).at());
  }

  private void int8(String path, int value) {
    file[FlatMap.find(file, path).at()] = (byte) value;
  }

  private void int32(String path, int value) {
    ByteBuffer.wrap(file)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(FlatMap.find(file, path).at(), value);
  }

  private void float32(String path, float value) {
    int32(path, Float.floatToRawIntBits(value));
  }

  private void malformed(String message) {
    assertEquals(message, assertThrows(ModelFormatException.class, this::read).getMessage());
  }

  private void unsupported(String message) {
    assertEquals(message, assertThrows(UnsupportedModelException.class, this::read).getMessage());
  }

  private void read() {
    TfliteReader.read(ByteBuffer.wrap(file), "f");
  }
}
