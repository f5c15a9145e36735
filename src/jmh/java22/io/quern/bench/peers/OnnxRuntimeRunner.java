package io.quern.bench.peers;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import io.quern.bench.runner.Contestant;
import io.quern.bench.runner.RoundServer;
import io.quern.format.tflite.TfliteReader;
import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;

/**
 * Serves rounds of ONNX Runtime on what {@link OnnxWriter} makes of a .tflite file: {@code
 * OnnxRuntimeRunner default|precise THREADS MODEL}. On x86-64 without VNNI its default adds pairs
 * of products with saturation; {@code precise} does not.
 */
final class OnnxRuntimeRunner implements Contestant {
  private final OrtSession session;
  private final Tensor in;
  private final Tensor out;
  private final ByteBuffer input;
  private final ByteBuffer output;
  private final Map<String, OnnxTensor> inputs;
  private final Map<String, OnnxTensor> outputs;

  private OnnxRuntimeRunner(OrtEnvironment environment, OrtSession session, Graph graph)
      throws OrtException {
    this.session = session;
    this.in = graph.tensor(graph.inputs().get(0));
    this.out = graph.tensor(graph.outputs().get(0));
    this.input = buffer(in);
    this.output = buffer(out);
    String inputName = session.getInputNames().iterator().next();
    String outputName = session.getOutputNames().iterator().next();
    TensorInfo inputInfo = (TensorInfo) session.getInputInfo().get(inputName).getInfo();
    TensorInfo outputInfo = (TensorInfo) session.getOutputInfo().get(outputName).getInfo();
    this.inputs = Map.of(inputName, tensor(environment, input, inputInfo));
    this.outputs = Map.of(outputName, tensor(environment, output, outputInfo));
  }

  public static void main(String[] args) throws OrtException, IOException {
    Graph graph = TfliteReader.read(Path.of(args[2]));
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(Integer.parseInt(args[1]));
      options.setInterOpNumThreads(1);
      options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
      if (args[0].equals("precise")) {
        options.addConfigEntry("session.x64quantprecision", "1");
      }
      try (OrtSession session = environment.createSession(OnnxWriter.write(graph), options)) {
        RoundServer.serve(new OnnxRuntimeRunner(environment, session, graph));
      }
    }
  }

  private static ByteBuffer buffer(Tensor t) {
    return ByteBuffer.allocateDirect((int) t.bytes()).order(ByteOrder.nativeOrder());
  }

  private static OnnxTensor tensor(OrtEnvironment environment, ByteBuffer buffer, TensorInfo info)
      throws OrtException {
    return info.type == OnnxJavaType.FLOAT
        ? OnnxTensor.createTensor(environment, buffer.asFloatBuffer(), info.getShape())
        : OnnxTensor.createTensor(environment, buffer, info.getShape(), info.type);
  }

  @Override
  public void setInput(byte[] values) {
    input.put(0, channelsFirst(values));
  }

  /** Our values in the runtime's order, int8 made unsigned. */
  private byte[] channelsFirst(byte[] values) {
    int[] dims = in.shape().toArray();
    int channels = dims.length == 4 ? dims[3] : 1;
    int pixels = in.shape().elements() / channels;
    int size = in.type().bytes();
    byte[] r = new byte[values.length];
    for (int p = 0; p < pixels; p++) {
      for (int c = 0; c < channels; c++) {
        for (int b = 0; b < size; b++) {
          r[(c * pixels + p) * size + b] = values[(p * channels + c) * size + b];
        }
      }
    }
    return in.type() == DataType.INT8 ? flipped(r) : r;
  }

  private static byte[] flipped(byte[] values) {
    byte[] r = Arrays.copyOf(values, values.length);
    for (int i = 0; i < r.length; i++) {
      r[i] ^= (byte) 0x80;
    }
    return r;
  }

  @Override
  public void invoke() {
    try (OrtSession.Result r = session.run(inputs, outputs)) {
      assert r.size() == 1;
    } catch (OrtException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public byte[] output() {
    byte[] values = new byte[(int) out.bytes()];
    output.get(0, values);
    return out.type() == DataType.INT8 ? flipped(values) : values;
  }
}
