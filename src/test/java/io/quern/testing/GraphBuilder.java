package io.quern.testing;

import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Quantization;
import io.quern.model.Shape;
import io.quern.model.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/** Builds small graphs with random constants for tests. The same calls give the same graph. */
public final class GraphBuilder {
  private final List<Tensor> tensors = new ArrayList<>();
  private final List<Operator> operators = new ArrayList<>();
  private final List<Integer> inputs = new ArrayList<>();
  private final List<Integer> outputs = new ArrayList<>();
  private final Map<String, String> metadata = new TreeMap<>();
  private final SplittableRandom random;

  public GraphBuilder(long seed) {
    random = new SplittableRandom(seed);
  }

  /** Adds any tensor. */
  public int tensor(Tensor t) {
    tensors.add(t);
    return tensors.size() - 1;
  }

  /** An activation; 8-bit ones get scale 0.05 and a zero point in the middle. */
  public int activation(DataType type, int... dims) {
    return tensor(
        Tensor.activation("t" + tensors.size(), type, Shape.of(dims), quantization(type)));
  }

  /** An activation with its own quantization. */
  public int activation(DataType type, Quantization q, int... dims) {
    return tensor(Tensor.activation("t" + tensors.size(), type, Shape.of(dims), q));
  }

  /** An activation that is an input of the graph. */
  public int input(DataType type, int... dims) {
    int t = activation(type, dims);
    inputs.add(t);
    return t;
  }

  /** A constant of random elements: int8 in [-127, 127], float in [-1, 1). */
  public int constant(DataType type, Quantization q, int... dims) {
    Shape shape = Shape.of(dims);
    ByteBuffer b =
        ByteBuffer.allocate(shape.elements() * type.bytes()).order(ByteOrder.LITTLE_ENDIAN);
    while (b.hasRemaining()) {
      switch (type) {
        case FLOAT32 -> b.putFloat((float) random.nextDouble(-1, 1));
        case INT32 -> b.putInt(random.nextInt(-1000, 1000));
        case INT8 -> b.put((byte) random.nextInt(-127, 128));
        default -> b.put((byte) random.nextInt(256));
      }
    }
    return tensor(Tensor.constant("c" + tensors.size(), type, shape, q, b.flip()));
  }

  /** A constant with the quantization of {@link #activation(DataType, int...)}. */
  public int constant(DataType type, int... dims) {
    return constant(type, quantization(type), dims);
  }

  /** Weights: float, uint8 per tensor, or int8 with a scale per slice of {@code axis}. */
  public int weights(DataType type, int axis, int... dims) {
    if (type != DataType.INT8) {
      return constant(type, quantization(type), dims);
    }
    float[] scales = new float[dims[axis]];
    for (int c = 0; c < scales.length; c++) {
      scales[c] = (float) random.nextDouble(0.001, 0.02);
    }
    return constant(type, Quantization.perChannel(scales, new int[scales.length], axis), dims);
  }

  /** A bias at the scale of input times weights. */
  public int bias(int input, int weights, int channels) {
    Tensor in = tensors.get(input);
    if (in.type() == DataType.FLOAT32) {
      return constant(DataType.FLOAT32, null, channels);
    }
    Quantization w = tensors.get(weights).quantization();
    float[] scales = new float[w.channels()];
    for (int c = 0; c < scales.length; c++) {
      scales[c] = in.quantization().scale() * w.scale(c);
    }
    return constant(
        DataType.INT32,
        scales.length == 1
            ? Quantization.perTensor(scales[0], 0)
            : Quantization.perChannel(scales, new int[scales.length], 0),
        channels);
  }

  /** The constant that was added last. */
  public int last() {
    return tensors.size() - 1;
  }

  /** Adds an operator. */
  public GraphBuilder operator(Operator op) {
    operators.add(op);
    return this;
  }

  /** Metadata. */
  public GraphBuilder metadata(String key, String value) {
    metadata.put(key, value);
    return this;
  }

  /** The graph with the last operator's outputs as outputs. */
  public Graph build(String name) {
    outputs.clear();
    if (!operators.isEmpty()) {
      outputs.addAll(operators.get(operators.size() - 1).outputs());
    }
    return new Graph(name, tensors, operators, inputs, outputs, metadata);
  }

  private static Quantization quantization(DataType type) {
    return switch (type) {
      case INT8 -> Quantization.perTensor(0.05f, 3);
      case UINT8 -> Quantization.perTensor(0.05f, 131);
      default -> null;
    };
  }
}
