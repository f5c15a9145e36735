package io.quern.oracle;

import io.quern.model.Activation;
import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Padding;
import io.quern.model.Quantization;
import io.quern.model.Shape;
import io.quern.model.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Models of one operator, made from a seed: shapes of 1, primes and around tiles, zero points at
 * the ends and in the middle, scales across nine decades, inputs that saturate.
 *
 * <p>Scales are such that no 32-bit intermediate of TensorFlow Lite overflows: there its result is
 * undefined.
 */
final class RandomOperators {
  /** Operators and element types; a case's number modulo their count chooses one. */
  enum Family {
    CONV_INT8(DataType.INT8),
    CONV_PER_TENSOR_INT8(DataType.INT8),
    CONV_UINT8(DataType.UINT8),
    CONV_FLOAT(DataType.FLOAT32),
    POINTWISE_INT8(DataType.INT8),
    PADDED_CONV_INT8(DataType.INT8),
    DEPTHWISE_INT8(DataType.INT8),
    DEPTHWISE_UINT8(DataType.UINT8),
    DEPTHWISE_FLOAT(DataType.FLOAT32),
    PADDED_DEPTHWISE_INT8(DataType.INT8),
    DEPTHWISE_POINTWISE_INT8(DataType.INT8),
    TRANSPOSE_CONV_INT8(DataType.INT8),
    TRANSPOSE_CONV_UINT8(DataType.UINT8),
    TRANSPOSE_CONV_FLOAT(DataType.FLOAT32),
    FULLY_CONNECTED_INT8(DataType.INT8),
    FULLY_CONNECTED_PER_CHANNEL_INT8(DataType.INT8),
    FULLY_CONNECTED_UINT8(DataType.UINT8),
    FULLY_CONNECTED_FLOAT(DataType.FLOAT32),
    AVERAGE_POOL_INT8(DataType.INT8),
    AVERAGE_POOL_UINT8(DataType.UINT8),
    AVERAGE_POOL_FLOAT(DataType.FLOAT32),
    MAX_POOL_INT8(DataType.INT8),
    MAX_POOL_UINT8(DataType.UINT8),
    MAX_POOL_FLOAT(DataType.FLOAT32),
    MEAN_INT8(DataType.INT8),
    MEAN_UINT8(DataType.UINT8),
    MEAN_FLOAT(DataType.FLOAT32),
    ADD_INT8(DataType.INT8),
    ADD_UINT8(DataType.UINT8),
    ADD_FLOAT(DataType.FLOAT32),
    SUB_INT8(DataType.INT8),
    SUB_UINT8(DataType.UINT8),
    SUB_FLOAT(DataType.FLOAT32),
    MUL_INT8(DataType.INT8),
    MUL_UINT8(DataType.UINT8),
    MUL_FLOAT(DataType.FLOAT32),
    PAD_INT8(DataType.INT8),
    PAD_UINT8(DataType.UINT8),
    PAD_FLOAT(DataType.FLOAT32),
    RESHAPE_INT8(DataType.INT8),
    RESHAPE_FLOAT(DataType.FLOAT32),
    TRANSPOSE_INT8(DataType.INT8),
    TRANSPOSE_FLOAT(DataType.FLOAT32),
    CONCATENATION_INT8(DataType.INT8),
    CONCATENATION_UINT8(DataType.UINT8),
    CONCATENATION_FLOAT(DataType.FLOAT32),
    SPLIT_INT8(DataType.INT8),
    SPLIT_UINT8(DataType.UINT8),
    SPLIT_FLOAT(DataType.FLOAT32),
    SLICE_INT8(DataType.INT8),
    SLICE_UINT8(DataType.UINT8),
    SLICE_FLOAT(DataType.FLOAT32),
    STRIDED_SLICE_INT8(DataType.INT8),
    STRIDED_SLICE_UINT8(DataType.UINT8),
    STRIDED_SLICE_FLOAT(DataType.FLOAT32),
    SOFTMAX_INT8(DataType.INT8),
    SOFTMAX_UINT8(DataType.UINT8),
    SOFTMAX_FLOAT(DataType.FLOAT32),
    UNARY_INT8(DataType.INT8),
    UNARY_UINT8(DataType.UINT8),
    UNARY_FLOAT(DataType.FLOAT32),
    PRELU_INT8(DataType.INT8),
    PRELU_UINT8(DataType.UINT8),
    PRELU_FLOAT(DataType.FLOAT32),
    RESIZE_BILINEAR_INT8(DataType.INT8),
    RESIZE_BILINEAR_UINT8(DataType.UINT8),
    RESIZE_BILINEAR_FLOAT(DataType.FLOAT32),
    RESIZE_NEAREST_INT8(DataType.INT8),
    RESIZE_NEAREST_UINT8(DataType.UINT8),
    RESIZE_NEAREST_FLOAT(DataType.FLOAT32),
    QUANTIZE_INT8(DataType.INT8),
    QUANTIZE_UINT8(DataType.UINT8),
    REQUANTIZE_INT8(DataType.INT8),
    REQUANTIZE_UINT8(DataType.UINT8),
    DEQUANTIZE_INT8(DataType.INT8),
    DEQUANTIZE_UINT8(DataType.UINT8),
    ARG_MAX_INT8(DataType.INT8),
    ARG_MAX_UINT8(DataType.UINT8),
    ARG_MAX_FLOAT(DataType.FLOAT32);

    final DataType type;

    Family(DataType type) {
      this.type = type;
    }
  }

  /**
   * One model and what to feed it.
   *
   * @param ulps how far floats may be from the oracle's, in units in the last place: 0 but for
   *     operators with exp or tanh, which the C library rounds its own way
   */
  record Case(String name, Graph graph, List<byte[]> inputs, int ulps) {}

  private static final int[] SIZES = {1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 15, 16, 17};
  private static final int[] CHANNELS = {1, 2, 3, 4, 5, 7, 8, 9, 13, 15, 16, 17, 23, 31, 32, 33};

  /** TensorFlow Lite refuses activations whose bound 6 is beyond 2^31 steps. */
  private static final float MIN_SCALE = 1e-8f;

  private final SplittableRandom random;
  private final DataType type;
  private final List<Tensor> tensors = new ArrayList<>();
  private final List<Operator> operators = new ArrayList<>();
  private final List<Integer> inputs = new ArrayList<>();
  private final List<byte[]> values = new ArrayList<>();
  private int ulps;

  private RandomOperators(DataType type, long seed) {
    this.random = new SplittableRandom(seed);
    this.type = type;
  }

  /** The case of a number; the same everywhere and always. */
  static Case make(long number) {
    Family[] families = Family.values();
    Family family = families[(int) (number % families.length)];
    RandomOperators r = new RandomOperators(family.type, 0x5175_6572_6e00L + number);
    r.build(family);
    List<Integer> outputs = r.operators.get(r.operators.size() - 1).outputs();
    Graph graph = new Graph("", r.tensors, r.operators, r.inputs, outputs, Map.of());
    String name = "case " + number + " " + family + " " + r.operators + describe(r.tensors);
    return new Case(name, graph, r.values, r.ulps);
  }

  private static String describe(List<Tensor> tensors) {
    StringBuilder s = new StringBuilder();
    for (Tensor t : tensors) {
      s.append("; ").append(t);
    }
    return s.toString();
  }

  private void build(Family family) {
    switch (family) {
      case CONV_INT8 -> conv(true, false);
      case CONV_PER_TENSOR_INT8, CONV_UINT8, CONV_FLOAT -> conv(false, false);
      case POINTWISE_INT8 -> pointwise(image(), true);
      case PADDED_CONV_INT8 -> conv(true, true);
      case DEPTHWISE_INT8 -> depthwise(true, false);
      case DEPTHWISE_UINT8, DEPTHWISE_FLOAT -> depthwise(false, false);
      case PADDED_DEPTHWISE_INT8 -> depthwise(true, true);
      case DEPTHWISE_POINTWISE_INT8 -> pointwise(depthwise(true, false), true);
      case TRANSPOSE_CONV_INT8, TRANSPOSE_CONV_UINT8, TRANSPOSE_CONV_FLOAT -> transposeConv();
      case FULLY_CONNECTED_INT8, FULLY_CONNECTED_UINT8, FULLY_CONNECTED_FLOAT ->
          fullyConnected(false);
      case FULLY_CONNECTED_PER_CHANNEL_INT8 -> fullyConnected(true);
      case AVERAGE_POOL_INT8, AVERAGE_POOL_UINT8, AVERAGE_POOL_FLOAT ->
          pool(Operator.Pool2d.Mode.AVERAGE);
      case MAX_POOL_INT8, MAX_POOL_UINT8, MAX_POOL_FLOAT -> pool(Operator.Pool2d.Mode.MAX);
      case MEAN_INT8, MEAN_UINT8, MEAN_FLOAT -> mean();
      case ADD_INT8, ADD_UINT8, ADD_FLOAT -> binary(Operator.Binary.Function.ADD);
      case SUB_INT8, SUB_UINT8, SUB_FLOAT -> binary(Operator.Binary.Function.SUB);
      case MUL_INT8, MUL_UINT8, MUL_FLOAT -> binary(Operator.Binary.Function.MUL);
      case PAD_INT8, PAD_UINT8, PAD_FLOAT -> pad();
      case RESHAPE_INT8, RESHAPE_FLOAT -> reshape();
      case TRANSPOSE_INT8, TRANSPOSE_FLOAT -> transpose();
      case CONCATENATION_INT8, CONCATENATION_UINT8, CONCATENATION_FLOAT -> concatenation();
      case SPLIT_INT8, SPLIT_UINT8, SPLIT_FLOAT -> split();
      case SLICE_INT8, SLICE_UINT8, SLICE_FLOAT -> slice(false);
      case STRIDED_SLICE_INT8, STRIDED_SLICE_UINT8, STRIDED_SLICE_FLOAT -> slice(true);
      case SOFTMAX_INT8, SOFTMAX_UINT8, SOFTMAX_FLOAT -> softmax();
      case UNARY_INT8, UNARY_UINT8, UNARY_FLOAT -> unary();
      case PRELU_INT8, PRELU_UINT8, PRELU_FLOAT -> prelu();
      case RESIZE_BILINEAR_INT8, RESIZE_BILINEAR_UINT8, RESIZE_BILINEAR_FLOAT ->
          resize(Operator.Resize.Mode.BILINEAR);
      case RESIZE_NEAREST_INT8, RESIZE_NEAREST_UINT8, RESIZE_NEAREST_FLOAT ->
          resize(Operator.Resize.Mode.NEAREST_NEIGHBOR);
      case QUANTIZE_INT8, QUANTIZE_UINT8 -> quantize();
      case REQUANTIZE_INT8, REQUANTIZE_UINT8 -> requantize();
      case DEQUANTIZE_INT8, DEQUANTIZE_UINT8 -> dequantize();
      case ARG_MAX_INT8, ARG_MAX_UINT8, ARG_MAX_FLOAT -> argMax();
    }
  }

  // ---- choices ----

  private int oneOf(int... choices) {
    return choices[random.nextInt(choices.length)];
  }

  private boolean chance(int percent) {
    return random.nextInt(100) < percent;
  }

  private boolean isFloat() {
    return type == DataType.FLOAT32;
  }

  /** Log-uniform. */
  private float between(double low, double high) {
    double log = random.nextDouble(StrictMath.log(low), StrictMath.log(high));
    return (float) StrictMath.exp(log);
  }

  /** Across nine decades. */
  private float scale() {
    return between(1e-6, 1e3);
  }

  private int zeroPoint(DataType t) {
    int middle = t == DataType.UINT8 ? 128 : 0;
    return oneOf(t.min(), middle, t.max(), random.nextInt(t.min(), t.max() + 1));
  }

  private Quantization quantization(float scale) {
    return isFloat() ? null : Quantization.perTensor(Math.max(scale, MIN_SCALE), zeroPoint(type));
  }

  private Activation activation() {
    return Activation.values()[oneOf(0, 0, 0, 1, 1, 2, 3, 3)];
  }

  private int[] shape(int rank) {
    int[] s = new int[rank];
    for (int d = 0; d < rank; d++) {
      s[d] = oneOf(1, 2, 3, 4, 5, 7, 9);
    }
    return s;
  }

  private int[] imageShape() {
    return new int[] {oneOf(1, 1, 1, 2, 3), oneOf(SIZES), oneOf(SIZES), oneOf(CHANNELS)};
  }

  // ---- tensors ----

  private int add(Tensor t) {
    tensors.add(t);
    return tensors.size() - 1;
  }

  private int output(DataType t, Quantization q, int... shape) {
    return add(Tensor.activation("t" + tensors.size(), t, Shape.of(shape), q));
  }

  private int output(Quantization q, int... shape) {
    return output(type, q, shape);
  }

  private int image() {
    return input(quantization(scale()), imageShape());
  }

  private int input(Quantization q, int... shape) {
    return input(type, q, shape);
  }

  /** An input with values of one of several kinds: uniform, extreme, constant, narrow. */
  private int input(DataType t, Quantization q, int... shape) {
    int index = output(t, q, shape);
    int elements = tensors.get(index).shape().elements();
    inputs.add(index);
    values.add(t == DataType.FLOAT32 ? floats(elements, 4) : bytes(elements));
    return index;
  }

  private byte[] bytes(int elements) {
    byte[] b = new byte[elements];
    int kind = random.nextInt(8);
    int constant = random.nextInt(256);
    for (int i = 0; i < elements; i++) {
      b[i] =
          (byte)
              switch (kind) {
                case 0 -> oneOf(0, 255, 127, 128);
                case 1 -> constant;
                case 2 -> constant + random.nextInt(4);
                case 3 -> oneOf(127, 128);
                default -> random.nextInt(256);
              };
    }
    return b;
  }

  private byte[] floats(int elements, double range) {
    ByteBuffer b = ByteBuffer.allocate(4 * elements).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < elements; i++) {
      double x = random.nextDouble(-range, range);
      b.putFloat((float) (chance(10) ? StrictMath.rint(x) : chance(5) ? x * 100 : x));
    }
    return b.array();
  }

  private int constant(DataType t, Quantization q, byte[] data, int... shape) {
    return add(Tensor.constant("t" + tensors.size(), t, Shape.of(shape), q, ByteBuffer.wrap(data)));
  }

  /**
   * Weights. Signed ones are symmetric, per channel or per tensor; unsigned ones have a zero point.
   */
  private int weights(int channels, int axis, boolean perChannel, int... shape) {
    int elements = Shape.of(shape).elements();
    if (isFloat()) {
      return constant(type, null, floats(elements, 1), shape);
    }
    byte[] w = new byte[elements];
    int kind = random.nextInt(6);
    for (int i = 0; i < elements; i++) {
      w[i] =
          (byte)
              switch (kind) {
                case 0 -> oneOf(-127, 127);
                case 1 -> oneOf(-1, 1);
                default -> random.nextInt(-127, 128);
              };
    }
    if (type == DataType.UINT8) {
      for (int i = 0; i < elements; i++) {
        w[i] = (byte) (w[i] + 128);
      }
      return constant(type, quantization(scale()), w, shape);
    }
    float base = scale();
    if (!perChannel) {
      return constant(type, Quantization.perTensor(base, 0), w, shape);
    }
    float[] scales = new float[channels];
    for (int c = 0; c < channels; c++) {
      scales[c] = base * between(0.03, 1);
    }
    return constant(type, Quantization.perChannel(scales, new int[channels], axis), w, shape);
  }

  /**
   * A bias of about the size of a sum of {@code depth} products, or none. TensorFlow Lite's
   * reference convolution wants one.
   */
  private int bias(int input, int weights, int channels, int depth, boolean optional) {
    if (optional && chance(15)) {
      return Operator.NO_TENSOR;
    }
    if (isFloat()) {
      return constant(type, null, floats(channels, 2), channels);
    }
    int bound = (int) (8000 * Math.sqrt(depth));
    int[] b = IntStream.range(0, channels).map(c -> random.nextInt(-bound, bound + 1)).toArray();
    Quantization qw = tensors.get(weights).quantization();
    float in = tensors.get(input).quantization().scale();
    float[] scales = new float[qw.channels()];
    for (int c = 0; c < scales.length; c++) {
      scales[c] = in * qw.scale(c);
    }
    Quantization q =
        scales.length == 1
            ? Quantization.perTensor(scales[0], 0)
            : Quantization.perChannel(scales, new int[scales.length], 0);
    return add(Tensor.constant("t" + tensors.size(), Shape.of(channels), q, b));
  }

  /**
   * Parameters of the output of a sum of products: mostly such that results fill the range, at
   * times so that all are near the zero point or saturate.
   */
  private Quantization outputOf(int input, int weights, int depth) {
    if (isFloat()) {
      return null;
    }
    Quantization qw = tensors.get(weights).quantization();
    double product = (double) tensors.get(input).quantization().scale() * qw.scale(0);
    double typical = product * 6000 * Math.sqrt(depth);
    double factor = chance(75) ? between(0.003, 0.05) : between(1e-6, 3);
    double bound = product * (255.0 * 255 * depth + 8000 * Math.sqrt(depth)) * 40 / (1L << 30);
    double s = Math.max(typical * factor, bound);
    return quantization((float) Math.min(s, 1e30));
  }

  // ---- operators ----

  private Padding padding(int in, int kernel, int stride, int dilation) {
    boolean fits = Padding.VALID.outputSize(in, kernel, stride, dilation) > 0;
    return fits && chance(50) ? Padding.VALID : Padding.SAME;
  }

  private int padded(int x) {
    int[] in = tensors.get(x).shape().toArray();
    List<Integer> before = List.of(0, random.nextInt(3), random.nextInt(3), 0);
    List<Integer> after = List.of(0, random.nextInt(3), random.nextInt(3), 0);
    int[] out = new int[4];
    for (int d = 0; d < 4; d++) {
      out[d] = before.get(d) + in[d] + after.get(d);
    }
    int y = output(tensors.get(x).quantization(), out);
    operators.add(new Operator.Pad(x, Operator.NO_TENSOR, y, before, after));
    return y;
  }

  private int conv(boolean perChannel, boolean explicitPadding) {
    int x = image();
    x = explicitPadding ? padded(x) : x;
    Shape in = tensors.get(x).shape();
    int kh = oneOf(1, 2, 3, 3, 5);
    int kw = oneOf(1, 2, 3, 3, 4);
    int sh = oneOf(1, 1, 2, 3);
    int sw = oneOf(1, 1, 2, 3);
    int dh = sh == 1 ? oneOf(1, 1, 1, 2, 3) : 1;
    int dw = sw == 1 ? oneOf(1, 1, 1, 2, 3) : 1;
    Padding p = padding(in.dim(1), kh, sh, dh);
    p = padding(in.dim(2), kw, sw, dw) == p ? p : Padding.SAME;
    int outC = oneOf(CHANNELS);
    int depth = kh * kw * in.dim(3);
    int w = weights(outC, 0, perChannel, outC, kh, kw, in.dim(3));
    int b = bias(x, w, outC, depth, false);
    int y =
        output(
            outputOf(x, w, depth),
            in.dim(0),
            p.outputSize(in.dim(1), kh, sh, dh),
            p.outputSize(in.dim(2), kw, sw, dw),
            outC);
    operators.add(new Operator.Conv2d(x, w, b, y, p, sh, sw, dh, dw, activation()));
    return y;
  }

  private int pointwise(int x, boolean perChannel) {
    Shape in = tensors.get(x).shape();
    int outC = oneOf(CHANNELS);
    int w = weights(outC, 0, perChannel, outC, 1, 1, in.dim(3));
    int b = bias(x, w, outC, in.dim(3), false);
    int y = output(outputOf(x, w, in.dim(3)), in.dim(0), in.dim(1), in.dim(2), outC);
    operators.add(new Operator.Conv2d(x, w, b, y, Padding.SAME, 1, 1, 1, 1, activation()));
    return y;
  }

  private int depthwise(boolean perChannel, boolean explicitPadding) {
    int x = image();
    x = explicitPadding ? padded(x) : x;
    Shape in = tensors.get(x).shape();
    int multiplier = oneOf(1, 1, 1, 2, 3, 8);
    int kh = oneOf(1, 2, 3, 3, 5);
    int kw = oneOf(1, 2, 3, 3, 4);
    int stride = oneOf(1, 1, 2, 3);
    int dh = stride == 1 ? oneOf(1, 1, 1, 2, 3) : 1;
    int dw = stride == 1 ? oneOf(1, 1, 1, 2, 3) : 1;
    Padding p = padding(in.dim(1), kh, stride, dh);
    p = padding(in.dim(2), kw, stride, dw) == p ? p : Padding.SAME;
    int outC = in.dim(3) * multiplier;
    int w = weights(outC, 3, perChannel, 1, kh, kw, outC);
    int b = bias(x, w, outC, kh * kw, true);
    int y =
        output(
            outputOf(x, w, kh * kw),
            in.dim(0),
            p.outputSize(in.dim(1), kh, stride, dh),
            p.outputSize(in.dim(2), kw, stride, dw),
            outC);
    operators.add(
        new Operator.DepthwiseConv2d(
            x, w, b, y, p, stride, stride, dh, dw, multiplier, activation()));
    return y;
  }

  private void transposeConv() {
    int x =
        input(
            quantization(scale()),
            oneOf(1, 1, 2),
            oneOf(1, 2, 3, 5, 7),
            oneOf(1, 2, 3, 5, 8),
            oneOf(CHANNELS));
    Shape in = tensors.get(x).shape();
    int kh = oneOf(1, 2, 3, 4, 5);
    int kw = oneOf(1, 2, 3, 4, 5);
    int sh = oneOf(1, 2, 2, 3);
    int sw = oneOf(1, 2, 2, 3);
    Padding p = chance(50) ? Padding.SAME : Padding.VALID;
    int outC = oneOf(CHANNELS);
    int outH = p == Padding.SAME ? in.dim(1) * sh : (in.dim(1) - 1) * sh + kh;
    int outW = p == Padding.SAME ? in.dim(2) * sw : (in.dim(2) - 1) * sw + kw;
    int depth = kh * kw * in.dim(3);
    int w = weights(outC, 0, chance(70), outC, kh, kw, in.dim(3));
    int b = bias(x, w, outC, depth, true);
    int y = output(outputOf(x, w, depth), in.dim(0), outH, outW, outC);
    operators.add(new Operator.TransposeConv(x, w, b, y, p, sh, sw, Activation.NONE));
  }

  private void fullyConnected(boolean perChannel) {
    int depth = oneOf(1, 2, 3, 7, 8, 16, 17, 31, 64, 65, 127, 256, 999);
    int outC = oneOf(CHANNELS);
    int batch = oneOf(1, 1, 1, 2, 3, 5);
    int x = input(quantization(scale()), batch, depth);
    int w = weights(outC, 0, perChannel, outC, depth);
    int b = bias(x, w, outC, depth, true);
    int y = output(outputOf(x, w, depth), batch, outC);
    operators.add(new Operator.FullyConnected(x, w, b, y, false, activation()));
  }

  private void pool(Operator.Pool2d.Mode mode) {
    int x = image();
    Shape in = tensors.get(x).shape();
    int wh = oneOf(1, 2, 3, 3, 5, 7);
    int ww = oneOf(1, 2, 3, 3, 5, 7);
    int sh = oneOf(1, 2, 2, 3);
    int sw = oneOf(1, 2, 2, 3);
    Padding p = padding(in.dim(1), wh, sh, 1);
    p = padding(in.dim(2), ww, sw, 1) == p ? p : Padding.SAME;
    int y =
        output(
            tensors.get(x).quantization(),
            in.dim(0),
            p.outputSize(in.dim(1), wh, sh, 1),
            p.outputSize(in.dim(2), ww, sw, 1),
            in.dim(3));
    operators.add(new Operator.Pool2d(mode, x, y, p, sh, sw, wh, ww, activation()));
  }

  private void mean() {
    int rank = oneOf(4, 4, 4, 2, 3);
    int[] shape = rank == 4 ? imageShape() : shape(rank);
    float s = scale();
    int x = input(quantization(s), shape);
    List<Integer> axes =
        rank == 4 && chance(60)
            ? List.of(1, 2)
            : IntStream.range(0, rank).filter(d -> chance(50)).boxed().toList();
    axes = axes.isEmpty() ? List.of(rank - 1) : axes;
    boolean keep = chance(50);
    List<Integer> dims = new ArrayList<>();
    for (int d = 0; d < rank; d++) {
      if (!axes.contains(d)) {
        dims.add(shape[d]);
      } else if (keep) {
        dims.add(1);
      }
    }
    Quantization q = chance(30) ? tensors.get(x).quantization() : quantization(s * between(.1, 4));
    int y = output(q, dims.stream().mapToInt(Integer::intValue).toArray());
    operators.add(new Operator.Mean(x, y, axes, keep));
  }

  private void binary(Operator.Binary.Function function) {
    int rank = oneOf(4, 4, 4, 1, 2, 3);
    int[] shape = rank == 4 ? imageShape() : shape(rank);
    int[] left = shape.clone();
    int[] right = shape.clone();
    int kind = random.nextInt(6);
    if (kind == 0) {
      right = new int[] {shape[rank - 1]};
    } else if (kind == 1) {
      right = new int[] {1};
    } else if (kind == 2) {
      for (int d = 0; d < rank; d++) {
        int side = random.nextInt(4);
        left[d] = side == 0 ? 1 : left[d];
        right[d] = side == 1 ? 1 : right[d];
      }
    }
    boolean swap = kind < 2 && chance(30);
    float s = scale();
    Quantization ql = quantization(s);
    Quantization qr = quantization(s * between(0.001, 1000));
    int l = operand(ql, swap ? right : left, kind < 2 && swap && chance(50));
    int r = operand(qr, swap ? left : right, !inputs.isEmpty() && kind < 3 && chance(50));
    int[] out = new int[rank];
    int absentLeft = rank - (swap ? right : left).length;
    int absentRight = rank - (swap ? left : right).length;
    for (int d = 0; d < rank; d++) {
      int a = d < absentLeft ? 1 : (swap ? right : left)[d - absentLeft];
      int b = d < absentRight ? 1 : (swap ? left : right)[d - absentRight];
      out[d] = Math.max(a, b);
    }
    Quantization q = null;
    if (!isFloat()) {
      double magnitude =
          function == Operator.Binary.Function.MUL
              ? (double) ql.scale() * qr.scale() * 128
              : Math.max(ql.scale(), qr.scale());
      q = quantization((float) (magnitude * between(0.01, 10)));
    }
    int y = output(q, out);
    operators.add(new Operator.Binary(function, l, r, y, activation()));
  }

  private int operand(Quantization q, int[] shape, boolean constant) {
    if (!constant) {
      return input(q, shape);
    }
    int elements = Shape.of(shape).elements();
    return constant(type, q, isFloat() ? floats(elements, 4) : bytes(elements), shape);
  }

  private void pad() {
    int rank = oneOf(4, 4, 1, 2, 3);
    int[] in = shape(rank);
    int x = input(quantization(scale()), in);
    List<Integer> before = new ArrayList<>();
    List<Integer> after = new ArrayList<>();
    int[] out = new int[rank];
    for (int d = 0; d < rank; d++) {
      before.add(random.nextInt(4));
      after.add(random.nextInt(4));
      out[d] = before.get(d) + in[d] + after.get(d);
    }
    Quantization q = tensors.get(x).quantization();
    int value = Operator.NO_TENSOR;
    if (chance(50)) {
      value = constant(type, q, isFloat() ? floats(1, 4) : bytes(1), 1);
    }
    operators.add(new Operator.Pad(x, value, output(q, out), before, after));
  }

  private void reshape() {
    int[] in = shape(4);
    int x;
    Quantization q = quantization(scale());
    int kind = random.nextInt(3);
    if (kind == 0) {
      x = input(q, in);
      int y = output(q, in[0] * in[1], in[2] * in[3]);
      operators.add(new Operator.Reshape(Operator.Reshape.Mode.RESHAPE, x, y));
    } else if (kind == 1) {
      x = input(q, in[0] + 1, 1, in[2] + 1, 1);
      int y = output(q, in[0] + 1, in[2] + 1);
      operators.add(new Operator.Reshape(Operator.Reshape.Mode.SQUEEZE, x, y));
    } else {
      x = input(q, in[0] + 1, in[2] + 1);
      int y = output(q, in[0] + 1, 1, in[2] + 1);
      operators.add(new Operator.Reshape(Operator.Reshape.Mode.EXPAND_DIMS, x, y));
    }
  }

  private void transpose() {
    int rank = oneOf(2, 3, 4, 4, 5);
    int[] in = shape(rank);
    Quantization q = quantization(scale());
    int x = input(q, in);
    List<Integer> permutation = new ArrayList<>();
    for (int d = 0; d < rank; d++) {
      permutation.add(random.nextInt(permutation.size() + 1), d);
    }
    int y = output(q, permutation.stream().mapToInt(d -> in[d]).toArray());
    operators.add(new Operator.Transpose(x, y, permutation));
  }

  private void concatenation() {
    int rank = oneOf(4, 4, 1, 2, 3);
    int axis = random.nextInt(rank);
    int[] shape = shape(rank);
    int n = oneOf(1, 2, 2, 3, 5);
    float s = scale();
    Quantization q = quantization(s);
    int sum = 0;
    for (int i = 0; i < n; i++) {
      shape[axis] = oneOf(1, 2, 3, 8);
      sum += shape[axis];
      boolean other = type == DataType.UINT8 && chance(60);
      input(other ? quantization(s * between(0.1, 10)) : q, shape);
    }
    List<Integer> all = List.copyOf(inputs);
    shape[axis] = sum;
    int y = output(q, shape);
    operators.add(new Operator.Concatenation(all, y, axis, Activation.NONE));
  }

  private void split() {
    int rank = oneOf(4, 4, 1, 2, 3);
    int axis = random.nextInt(rank);
    int n = oneOf(1, 2, 3, 4);
    int[] shape = shape(rank);
    Quantization q = quantization(scale());
    int part = shape[axis];
    shape[axis] = part * n;
    int x = input(q, shape);
    shape[axis] = part;
    List<Integer> outputs = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      outputs.add(output(q, shape));
    }
    operators.add(new Operator.Split(x, outputs, axis));
  }

  private void slice(boolean strided) {
    int rank = oneOf(4, 4, 1, 2, 3);
    int[] in = shape(rank);
    Quantization q = quantization(scale());
    int x = input(q, in);
    List<Integer> begin = new ArrayList<>();
    List<Integer> strides = new ArrayList<>();
    List<Integer> sizes = new ArrayList<>();
    for (int d = 0; d < rank; d++) {
      int stride = strided ? oneOf(1, 1, 2, 3, -1, -2) : 1;
      int first = random.nextInt(in[d]);
      int most = stride > 0 ? (in[d] - first + stride - 1) / stride : first / -stride + 1;
      begin.add(first);
      strides.add(stride);
      sizes.add(1 + random.nextInt(most));
    }
    int y = output(q, sizes.stream().mapToInt(Integer::intValue).toArray());
    operators.add(new Operator.Slice(strided, x, y, begin, strides, sizes));
  }

  /** Depths below 512: TensorFlow Lite aborts where 512 probabilities are equal. */
  private void softmax() {
    int[] shape = chance(70) ? new int[] {oneOf(1, 2, 3), oneOf(1, 2, 10, 12, 100, 511)} : shape(4);
    float beta = oneOf(0, 0, 1) == 0 ? 1 : between(0.1, 4);
    int x = input(quantization(between(1e-5, 1e3)), shape);
    DataType t = type;
    Quantization q = isFloat() ? null : Quantization.perTensor(1f / 256, t.min());
    ulps = 4;
    operators.add(new Operator.Softmax(x, output(q, shape), beta));
  }

  private void unary() {
    Operator.Unary.Function[] all = Operator.Unary.Function.values();
    Operator.Unary.Function f = all[random.nextInt(all.length)];
    int[] shape = shape(oneOf(1, 2, 4));
    shape[0] *= 16;
    float s = between(1e-4, 10);
    int x = input(quantization(s), shape);
    Quantization q =
        switch (f) {
          case LOGISTIC -> isFloat() ? null : Quantization.perTensor(1f / 256, type.min());
          case TANH ->
              isFloat()
                  ? null
                  : chance(50)
                      ? Quantization.perTensor(1f / 128, type == DataType.UINT8 ? 128 : 0)
                      : quantization(1f / 128);
          case HARD_SWISH -> quantization(s * between(0.02, 10));
          default -> quantization(s * between(0.05, 20));
        };
    float alpha = 0;
    if (f == Operator.Unary.Function.LEAKY_RELU) {
      alpha = chance(20) ? -between(0.01, 2) : between(0.001, 2);
    }
    ulps = f == Operator.Unary.Function.LOGISTIC || f == Operator.Unary.Function.TANH ? 4 : 0;
    operators.add(new Operator.Unary(f, x, output(q, shape), alpha));
  }

  private void prelu() {
    int[] shape = imageShape();
    float s = scale();
    int x = input(quantization(s), shape);
    int[] alphaShape =
        chance(70)
            ? new int[] {1, 1, shape[3]}
            : chance(50) ? new int[] {shape[1], shape[2], shape[3]} : new int[] {1};
    int a = operand(quantization(between(0.0005, 0.05)), alphaShape, true);
    int y = output(quantization(s * between(0.1, 10)), shape);
    operators.add(new Operator.Prelu(x, a, y));
  }

  private void resize(Operator.Resize.Mode mode) {
    int x =
        input(quantization(scale()), oneOf(1, 1, 2), oneOf(SIZES), oneOf(SIZES), oneOf(1, 2, 3, 8));
    Shape in = tensors.get(x).shape();
    boolean align = chance(30);
    boolean half = !align && chance(50);
    int y = output(tensors.get(x).quantization(), in.dim(0), oneOf(SIZES), oneOf(SIZES), in.dim(3));
    operators.add(new Operator.Resize(mode, x, y, align, half));
  }

  private void quantize() {
    int[] shape = shape(oneOf(1, 2, 4));
    float s = between(1e-4, 1);
    int x = input(DataType.FLOAT32, null, shape);
    operators.add(new Operator.Quantize(x, output(quantization(s), shape)));
  }

  private void requantize() {
    int[] shape = shape(oneOf(1, 2, 4));
    shape[0] *= 16;
    float s = scale();
    DataType from = chance(50) ? DataType.INT8 : DataType.UINT8;
    int x = input(from, Quantization.perTensor(s, zeroPoint(from)), shape);
    float out = chance(20) ? s : s * between(0.01, 100);
    operators.add(new Operator.Quantize(x, output(quantization(out), shape)));
  }

  private void dequantize() {
    int[] shape = shape(oneOf(1, 2, 4));
    int x = input(quantization(scale()), shape);
    operators.add(new Operator.Dequantize(x, output(DataType.FLOAT32, null, shape)));
  }

  private void argMax() {
    int rank = oneOf(1, 2, 2, 3, 4);
    int[] shape = shape(rank);
    int axis = random.nextInt(rank);
    int x = input(quantization(scale()), shape);
    int[] out = IntStream.range(0, rank).filter(d -> d != axis).map(d -> shape[d]).toArray();
    int y = output(chance(50) ? DataType.INT32 : DataType.INT64, null, out);
    operators.add(new Operator.ArgMax(x, y, axis));
  }
}
