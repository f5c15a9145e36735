package io.quern.bench.peers;

import static io.quern.bench.peers.OnnxGraph.attribute;

import io.quern.model.Activation;
import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Padding;
import io.quern.model.Quantization;
import io.quern.model.Shape;
import io.quern.model.Tensor;
import io.quern.model.UnsupportedModelException;
import java.util.Arrays;
import java.util.List;

/**
 * Writes a graph as ONNX for ONNX Runtime, float or int8, with the operators of image
 * classification networks.
 *
 * <p>Quantized operators are float ones between DequantizeLinear and QuantizeLinear, which the
 * runtime fuses. Activations are uint8 with zero points higher by 128, for which alone it has all
 * fused kernels on x86; weights stay int8. Activations of rank 4 are [N, C, H, W].
 */
final class OnnxWriter {
  private static final long[] NHWC_OF_NCHW = {0, 2, 3, 1};
  private static final long[] NCHW_OF_NHWC = {0, 3, 1, 2};

  private final Graph graph;
  private final OnnxGraph onnx = new OnnxGraph();
  private int values;

  private OnnxWriter(Graph graph) {
    this.graph = graph;
  }

  /**
   * The file.
   *
   * @throws UnsupportedModelException if an operator or a type has no form here
   */
  static byte[] write(Graph graph) {
    return new OnnxWriter(graph).write();
  }

  private byte[] write() {
    for (int t : graph.inputs()) {
      onnx.input(name(t), type(t), dims(t));
    }
    for (Operator op : graph.operators()) {
      write(op);
    }
    for (int t : graph.outputs()) {
      onnx.output(name(t), type(t), dims(t));
    }
    return onnx.toBytes();
  }

  private void write(Operator op) {
    if (op instanceof Operator.Conv2d c) {
      Shape w = graph.tensor(c.weights()).shape();
      long groups = graph.tensor(c.input()).shape().dim(3) / w.dim(3);
      convolution(
          c.input(),
          weights(c.weights(), 0, permuted(c.weights(), 0, 3, 1, 2), dims(c.weights())),
          bias(c.bias(), c.input(), c.weights()),
          c.output(),
          window(
              c.input(),
              c.padding(),
              new int[] {w.dim(1), w.dim(2)},
              new int[] {c.strideH(), c.strideW()},
              new int[] {c.dilationH(), c.dilationW()}),
          groups,
          c.activation());
    } else if (op instanceof Operator.DepthwiseConv2d c) {
      Shape w = graph.tensor(c.weights()).shape();
      long[] dims = {w.dim(3), 1, w.dim(1), w.dim(2)};
      convolution(
          c.input(),
          weights(c.weights(), 3, permuted(c.weights(), 3, 0, 1, 2), dims),
          bias(c.bias(), c.input(), c.weights()),
          c.output(),
          window(
              c.input(),
              c.padding(),
              new int[] {w.dim(1), w.dim(2)},
              new int[] {c.strideH(), c.strideW()},
              new int[] {c.dilationH(), c.dilationW()}),
          graph.tensor(c.input()).shape().dim(3),
          c.activation());
    } else if (op instanceof Operator.FullyConnected c) {
      fullyConnected(c);
    } else if (op instanceof Operator.Pool2d p) {
      pool(p);
    } else if (op instanceof Operator.Mean m) {
      mean(m);
    } else if (op instanceof Operator.Binary b && b.function() == Operator.Binary.Function.ADD) {
      String sum = onnx.node("Add", List.of(real(b.left()), real(b.right())), value());
      store(b.output(), sum, b.activation());
    } else if (op instanceof Operator.Softmax s && s.beta() == 1) {
      String p = onnx.node("Softmax", List.of(real(s.input())), value(), attribute("axis", -1));
      store(s.output(), p, Activation.NONE);
    } else if (op instanceof Operator.Reshape r) {
      reshape(r);
    } else if (op instanceof Operator.Quantize || op instanceof Operator.Dequantize) {
      store(op.firstOutput(), real(op.inputs().get(0)), Activation.NONE);
    } else {
      throw new UnsupportedModelException("ONNX form of " + op.kind() + " is not written");
    }
  }

  private void convolution(
      int input,
      String weights,
      String bias,
      int output,
      ProtoMessage[] window,
      long groups,
      Activation activation) {
    ProtoMessage[] attributes = Arrays.copyOf(window, window.length + 1);
    attributes[window.length] = attribute("group", groups);
    List<String> inputs =
        bias == null ? List.of(real(input), weights) : List.of(real(input), weights, bias);
    store(output, onnx.node("Conv", inputs, value(), attributes), activation);
  }

  private void fullyConnected(Operator.FullyConnected c) {
    int depth = graph.tensor(c.weights()).shape().dim(1);
    String x = channelsLast(c.input());
    String rows = onnx.node("Reshape", List.of(x, onnx.longs(value(), -1, depth)), value());
    String w =
        weights(
            c.weights(),
            0,
            graph.tensor(c.weights()).type() == DataType.FLOAT32
                ? graph.tensor(c.weights()).floats()
                : graph.tensor(c.weights()).bytesOf8(),
            dims(c.weights()));
    String bias = bias(c.bias(), c.input(), c.weights());
    String in = dequantized(rows, c.input());
    String y =
        onnx.node(
            "Gemm",
            bias == null ? List.of(in, w) : List.of(in, w, bias),
            value(),
            attribute("transB", 1));
    store(c.output(), y, c.activation());
  }

  private void pool(Operator.Pool2d p) {
    Shape in = graph.tensor(p.input()).shape();
    boolean average = p.mode() == Operator.Pool2d.Mode.AVERAGE;
    boolean global =
        p.padding() == Padding.VALID && p.windowH() == in.dim(1) && p.windowW() == in.dim(2);
    ProtoMessage[] window =
        global
            ? new ProtoMessage[0]
            : window(
                p.input(),
                p.padding(),
                new int[] {p.windowH(), p.windowW()},
                new int[] {p.strideH(), p.strideW()},
                null);
    String operator = (global ? "Global" : "") + (average ? "AveragePool" : "MaxPool");
    String y = onnx.node(operator, List.of(real(p.input())), value(), window);
    store(p.output(), y, p.activation());
  }

  private void mean(Operator.Mean m) {
    int rank = graph.tensor(m.input()).shape().rank();
    if (rank == 4 && !m.axes().equals(List.of(1, 2))) {
      throw new UnsupportedModelException("MEAN over axes " + m.axes() + " is not written");
    }
    long[] axes =
        rank == 4 ? new long[] {2, 3} : m.axes().stream().mapToLong(Integer::longValue).toArray();
    String y =
        onnx.node(
            "ReduceMean",
            List.of(real(m.input())),
            value(),
            attribute("axes", axes),
            attribute("keepdims", m.keepDims() ? 1 : 0));
    store(m.output(), y, Activation.NONE);
  }

  private void reshape(Operator.Reshape r) {
    Shape to = graph.tensor(r.output()).shape();
    long[] shape = Arrays.stream(to.toArray()).asLongStream().toArray();
    List<String> inputs = List.of(channelsLast(r.input()), onnx.longs(value(), shape));
    if (to.rank() == 4) {
      String y = onnx.node("Reshape", inputs, value());
      onnx.node("Transpose", List.of(y), name(r.output()), attribute("perm", NCHW_OF_NHWC));
    } else {
      onnx.node("Reshape", inputs, name(r.output()));
    }
  }

  /** A tensor as stored, its elements in our order. */
  private String channelsLast(int tensor) {
    Shape s = graph.tensor(tensor).shape();
    if (s.rank() != 4 || s.dim(1) * s.dim(2) == 1) {
      return name(tensor);
    }
    return onnx.node("Transpose", List.of(name(tensor)), value(), attribute("perm", NHWC_OF_NCHW));
  }

  private ProtoMessage[] window(
      int input, Padding padding, int[] kernel, int[] stride, int[] dilation) {
    Shape in = graph.tensor(input).shape();
    long[] pads = new long[4];
    for (int d = 0; d < 2; d++) {
      int size = in.dim(1 + d);
      int step = dilation == null ? 1 : dilation[d];
      int out = padding.outputSize(size, kernel[d], stride[d], step);
      int total = Math.max(0, (out - 1) * stride[d] + (kernel[d] - 1) * step + 1 - size);
      pads[d] = padding.before(size, kernel[d], stride[d], step);
      pads[2 + d] = padding == Padding.SAME ? total - pads[d] : 0;
    }
    ProtoMessage shape = attribute("kernel_shape", kernel[0], kernel[1]);
    ProtoMessage strides = attribute("strides", stride[0], stride[1]);
    ProtoMessage padded = attribute("pads", pads);
    return dilation == null
        ? new ProtoMessage[] {shape, strides, padded}
        : new ProtoMessage[] {
          shape, strides, padded, attribute("dilations", dilation[0], dilation[1])
        };
  }

  /** Weights as real values: a constant, or int8 and a DequantizeLinear. */
  private String weights(int tensor, int axis, Object elements, long[] dims) {
    if (elements instanceof float[] floats) {
      return onnx.floats(name(tensor), floats, dims);
    }
    Tensor w = graph.tensor(tensor);
    Quantization q = w.quantization();
    if (w.type() != DataType.INT8 || !q.isPerTensor() && q.axis() != axis) {
      throw new UnsupportedModelException(w.name() + ": only int8 weights per channel are written");
    }
    String stored = onnx.initialiser(name(tensor), OnnxGraph.INT8, (byte[]) elements, dims);
    long[] channels = q.isPerTensor() ? new long[0] : new long[] {q.channels()};
    float[] scales = new float[q.channels()];
    for (int c = 0; c < scales.length; c++) {
      scales[c] = q.scale(c);
    }
    String scale = onnx.floats(name(tensor) + "_scale", scales, channels);
    String zero =
        onnx.initialiser(name(tensor) + "_zero", OnnxGraph.INT8, new byte[scales.length], channels);
    return onnx.node(
        "DequantizeLinear", List.of(stored, scale, zero), value(), attribute("axis", 0));
  }

  /** A bias as real values, or null. */
  private String bias(int tensor, int input, int weights) {
    if (tensor == Operator.NO_TENSOR) {
      return null;
    }
    Tensor b = graph.tensor(tensor);
    if (b.type() == DataType.FLOAT32) {
      return onnx.floats(name(tensor), b.floats(), b.shape().elements());
    }
    Quantization q = graph.tensor(weights).quantization();
    float[] scales = new float[q.channels()];
    for (int c = 0; c < scales.length; c++) {
      scales[c] = graph.tensor(input).quantization().scale() * q.scale(c);
    }
    byte[] raw = new byte[(int) b.bytes()];
    b.data().get(raw);
    String stored =
        onnx.initialiser(name(tensor), OnnxGraph.INT32, raw, (long) b.shape().elements());
    long[] channels = q.isPerTensor() ? new long[0] : new long[] {q.channels()};
    String scale = onnx.floats(name(tensor) + "_scale", scales, channels);
    return onnx.node("DequantizeLinear", List.of(stored, scale), value(), attribute("axis", 0));
  }

  /** Weights of rank 4 with their axes in another order: float[] or byte[]. */
  private Object permuted(int tensor, int... axes) {
    Tensor t = graph.tensor(tensor);
    int[] dims = t.shape().toArray();
    int[] strides = {dims[1] * dims[2] * dims[3], dims[2] * dims[3], dims[3], 1};
    boolean real = t.type() == DataType.FLOAT32;
    float[] floats = real ? t.floats() : null;
    byte[] bytes = real ? null : t.bytesOf8();
    float[] floatsOut = new float[real ? floats.length : 0];
    byte[] bytesOut = new byte[real ? 0 : bytes.length];
    int at = 0;
    for (int a = 0; a < dims[axes[0]]; a++) {
      for (int b = 0; b < dims[axes[1]]; b++) {
        for (int c = 0; c < dims[axes[2]]; c++) {
          for (int d = 0; d < dims[axes[3]]; d++) {
            int from =
                a * strides[axes[0]]
                    + b * strides[axes[1]]
                    + c * strides[axes[2]]
                    + d * strides[axes[3]];
            if (real) {
              floatsOut[at++] = floats[from];
            } else {
              bytesOut[at++] = bytes[from];
            }
          }
        }
      }
    }
    return real ? floatsOut : bytesOut;
  }

  /** An activation as real values. */
  private String real(int tensor) {
    return dequantized(name(tensor), tensor);
  }

  private String dequantized(String stored, int tensor) {
    if (graph.tensor(tensor).type() == DataType.FLOAT32) {
      return stored;
    }
    return onnx.node(
        "DequantizeLinear", List.of(stored, scale(tensor), zeroPoint(tensor)), value());
  }

  /** Makes real values the tensor, after the activation where quantization does not clamp alike. */
  private void store(int tensor, String real, Activation activation) {
    Tensor t = graph.tensor(tensor);
    String clamped = real;
    if (!clampsAlready(t, activation)) {
      String low = onnx.floats(value(), new float[] {activation.min()});
      String high = onnx.floats(value(), new float[] {activation.max()});
      clamped = onnx.node("Clip", List.of(real, low, high), value());
    }
    if (t.type() == DataType.FLOAT32) {
      onnx.node("Identity", List.of(clamped), name(tensor));
    } else {
      List<String> inputs = List.of(clamped, scale(tensor), zeroPoint(tensor));
      onnx.node("QuantizeLinear", inputs, name(tensor));
    }
  }

  private static boolean clampsAlready(Tensor t, Activation activation) {
    if (activation == Activation.NONE || t.type() == DataType.FLOAT32) {
      return activation == Activation.NONE;
    }
    Quantization q = t.quantization();
    double half = q.scale() / 2.0;
    double low = (double) q.scale() * (t.type().min() - q.zeroPoint());
    double high = (double) q.scale() * (t.type().max() - q.zeroPoint());
    return low > activation.min() - half && high < activation.max() + half;
  }

  private String scale(int tensor) {
    float scale = graph.tensor(tensor).quantization().scale();
    return onnx.floats(name(tensor) + "_scale", new float[] {scale});
  }

  private String zeroPoint(int tensor) {
    int zeroPoint = graph.tensor(tensor).quantization().zeroPoint();
    byte[] raw = {(byte) (zeroPoint + unsigned(tensor))};
    return onnx.initialiser(name(tensor) + "_zero", OnnxGraph.UINT8, raw);
  }

  /** What is added to a stored value to make it unsigned. */
  private int unsigned(int tensor) {
    return graph.tensor(tensor).type() == DataType.INT8 ? 128 : 0;
  }

  private int type(int tensor) {
    Tensor t = graph.tensor(tensor);
    if (t.type() != DataType.FLOAT32 && !t.type().isQuantized8()) {
      throw new UnsupportedModelException(t.name() + ": " + t.type() + " is not written");
    }
    return t.type() == DataType.FLOAT32 ? OnnxGraph.FLOAT : OnnxGraph.UINT8;
  }

  /** Dimensions of a tensor, channels before rows and columns. */
  private long[] dims(int tensor) {
    int[] d = graph.tensor(tensor).shape().toArray();
    return d.length == 4
        ? new long[] {d[0], d[3], d[1], d[2]}
        : Arrays.stream(d).asLongStream().toArray();
  }

  private static String name(int tensor) {
    return "t" + tensor;
  }

  private String value() {
    return "v" + values++;
  }
}
