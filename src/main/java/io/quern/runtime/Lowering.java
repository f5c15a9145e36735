package io.quern.runtime;

import io.quern.kernels.AddInt8;
import io.quern.kernels.ArgMax;
import io.quern.kernels.AveragePool2dFloat;
import io.quern.kernels.AveragePool2dInt8;
import io.quern.kernels.BinaryFloat;
import io.quern.kernels.Conv2dFloat;
import io.quern.kernels.Conv2dInt8;
import io.quern.kernels.ConvGeometry;
import io.quern.kernels.Copy;
import io.quern.kernels.CopyRegion;
import io.quern.kernels.DepthwiseConv2dFloat;
import io.quern.kernels.DepthwiseConv2dInt8;
import io.quern.kernels.DequantizeInt8;
import io.quern.kernels.FloatInterpolation;
import io.quern.kernels.FullyConnectedFloat;
import io.quern.kernels.FullyConnectedInt8;
import io.quern.kernels.KernelParams;
import io.quern.kernels.LookupInt8;
import io.quern.kernels.MaxPool2dFloat;
import io.quern.kernels.MaxPool2dInt8;
import io.quern.kernels.MeanFloat;
import io.quern.kernels.MeanInt8;
import io.quern.kernels.MulInt8;
import io.quern.kernels.Pad;
import io.quern.kernels.PreluFloat;
import io.quern.kernels.PreluInt8;
import io.quern.kernels.QuantizeInt8;
import io.quern.kernels.Requantization;
import io.quern.kernels.ResizeBilinearFloat;
import io.quern.kernels.ResizeBilinearInt8;
import io.quern.kernels.ResizeGeometry;
import io.quern.kernels.ResizeNearest;
import io.quern.kernels.SoftmaxFloat;
import io.quern.kernels.SoftmaxInt8;
import io.quern.kernels.StridedView;
import io.quern.kernels.TransposeConvFloat;
import io.quern.kernels.TransposeConvInt8;
import io.quern.kernels.UnaryFloat;
import io.quern.model.Activation;
import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Padding;
import io.quern.model.Quantization;
import io.quern.model.Shape;
import io.quern.model.Tensor;
import io.quern.model.UnsupportedModelException;
import io.quern.quant.FixedPoint;
import io.quern.quant.FixedPointFunctions;
import io.quern.quant.Int8Functions;
import io.quern.quant.RealFunctions;
import java.util.Arrays;
import java.util.List;

/**
 * From an operator of a graph to the parameters of its kernel: shapes become loop bounds, scales
 * become multipliers, fused activations become bounds.
 *
 * <p>Unsigned 8-bit tensors become signed ones here: every element is less by 128, and so is the
 * zero point, so that {@code q - zeroPoint} stays what it was. Where TensorFlow Lite computes an
 * unsigned network otherwise than a signed one, the parameters say how.
 *
 * <p>Proves that no accumulator can overflow: per output channel, {@code sum |w - zeroPoint| * 255
 * + |bias| < 2^31}.
 */
public final class Lowering {
  /** Headroom of ADD's operands, in bits. */
  private static final int ADD_LEFT_SHIFT = 20;

  /** Longest row of which a softmax sums the exponentials without overflow. */
  private static final int MAX_SOFTMAX_DEPTH = 4095;

  private final Graph graph;
  private final String name;
  private final int[] offsets;

  private Lowering(Graph graph, int operatorIndex, int[] offsets) {
    this.graph = graph;
    this.name = graph.operatorName(operatorIndex);
    this.offsets = offsets;
  }

  /**
   * Parameters of one operator's kernel.
   *
   * @param operatorIndex index in {@link Graph#operators()}
   * @param offsets by tensor, in the memory array of its type: of every one that the operator reads
   *     or writes while it runs: activations, and constants other than the weights and biases of
   *     convolutions and fully connected layers
   * @throws UnsupportedModelException if a type, a quantization parameter or the depth of an
   *     accumulator is not supported, naming the operator
   */
  public static KernelParams lower(Graph graph, int operatorIndex, int[] offsets) {
    Lowering lowering = new Lowering(graph, operatorIndex, offsets);
    try {
      return lowering.lower(graph.operators().get(operatorIndex));
    } catch (IllegalArgumentException e) {
      throw new UnsupportedModelException(lowering.name + ": " + e.getMessage());
    }
  }

  private KernelParams lower(Operator operator) {
    if (operator instanceof Operator.Conv2d op) {
      return conv2d(op);
    } else if (operator instanceof Operator.DepthwiseConv2d op) {
      return depthwiseConv2d(op);
    } else if (operator instanceof Operator.FullyConnected op) {
      return fullyConnected(op);
    } else if (operator instanceof Operator.Pool2d op) {
      return pool2d(op);
    } else if (operator instanceof Operator.Mean op) {
      return mean(op);
    } else if (operator instanceof Operator.Binary op) {
      return binary(op);
    } else if (operator instanceof Operator.Unary op) {
      return unary(op);
    } else if (operator instanceof Operator.Pad op) {
      return pad(op);
    } else if (operator instanceof Operator.Reshape op) {
      return reshape(op);
    } else if (operator instanceof Operator.Softmax op) {
      return softmax(op);
    } else if (operator instanceof Operator.Quantize op) {
      return quantize(op);
    } else if (operator instanceof Operator.Dequantize op) {
      return dequantize(op);
    } else if (operator instanceof Operator.TransposeConv op) {
      return transposeConv(op);
    } else if (operator instanceof Operator.Transpose op) {
      return transpose(op);
    } else if (operator instanceof Operator.Concatenation op) {
      return concatenation(op);
    } else if (operator instanceof Operator.Split op) {
      return split(op);
    } else if (operator instanceof Operator.Slice op) {
      return slice(op);
    } else if (operator instanceof Operator.Prelu op) {
      return prelu(op);
    } else if (operator instanceof Operator.Resize op) {
      return resize(op);
    } else if (operator instanceof Operator.ArgMax op) {
      return argMax(op);
    }
    throw unsupported("operator " + operator.kind() + " has no kernel");
  }

  private KernelParams conv2d(Operator.Conv2d op) {
    Shape in = tensor(op.input()).shape();
    Shape weights = tensor(op.weights()).shape();
    Shape out = tensor(op.output()).shape();
    ConvGeometry g =
        new ConvGeometry(
            in.dim(0),
            in.dim(1),
            in.dim(2),
            in.dim(3),
            out.dim(1),
            out.dim(2),
            out.dim(3),
            weights.dim(1),
            weights.dim(2),
            op.strideH(),
            op.strideW(),
            op.dilationH(),
            op.dilationW(),
            op.padding().before(in.dim(1), weights.dim(1), op.strideH(), op.dilationH()),
            op.padding().before(in.dim(2), weights.dim(2), op.strideW(), op.dilationW()));
    int groups = in.dim(3) / weights.dim(3);
    if (isFloat(op.input())) {
      return new Conv2dFloat(
          at(op.input()),
          at(op.output()),
          g,
          floatWeights(op.weights()),
          floatBias(op.bias(), g.outC()),
          groups,
          min(op.activation()),
          max(op.activation()));
    }
    byte[] w = signed(op.weights());
    int[] bias = bias(op.bias(), g.outC());
    int weightsZeroPoint = weightsZeroPoint(op.weights());
    proveDepth(w, weightsZeroPoint, bias, 1, w.length / g.outC());
    return new Conv2dInt8(
        at(op.input()),
        at(op.output()),
        g,
        w,
        weightsZeroPoint,
        bias,
        groups,
        quantization(op.input()).zeroPoint(),
        requantization(op.input(), op.weights(), op.output(), g.outC(), op.activation()));
  }

  private KernelParams depthwiseConv2d(Operator.DepthwiseConv2d op) {
    Shape in = tensor(op.input()).shape();
    Shape weights = tensor(op.weights()).shape();
    Shape out = tensor(op.output()).shape();
    ConvGeometry g =
        new ConvGeometry(
            in.dim(0),
            in.dim(1),
            in.dim(2),
            in.dim(3),
            out.dim(1),
            out.dim(2),
            out.dim(3),
            weights.dim(1),
            weights.dim(2),
            op.strideH(),
            op.strideW(),
            op.dilationH(),
            op.dilationW(),
            op.padding().before(in.dim(1), weights.dim(1), op.strideH(), op.dilationH()),
            op.padding().before(in.dim(2), weights.dim(2), op.strideW(), op.dilationW()));
    int depthMultiplier = g.outC() / g.inC();
    if (isFloat(op.input())) {
      return new DepthwiseConv2dFloat(
          at(op.input()),
          at(op.output()),
          g,
          floatWeights(op.weights()),
          floatBias(op.bias(), g.outC()),
          depthMultiplier,
          min(op.activation()),
          max(op.activation()));
    }
    byte[] w = signed(op.weights());
    int[] bias = bias(op.bias(), g.outC());
    int weightsZeroPoint = weightsZeroPoint(op.weights());
    proveDepth(w, weightsZeroPoint, bias, g.outC(), 1);
    return new DepthwiseConv2dInt8(
        at(op.input()),
        at(op.output()),
        g,
        w,
        weightsZeroPoint,
        bias,
        depthMultiplier,
        quantization(op.input()).zeroPoint(),
        requantization(op.input(), op.weights(), op.output(), g.outC(), op.activation()));
  }

  private KernelParams fullyConnected(Operator.FullyConnected op) {
    Shape weights = tensor(op.weights()).shape();
    int outputs = weights.dim(0);
    int inputs = weights.dim(1);
    int batch = tensor(op.input()).shape().elements() / inputs;
    if (isFloat(op.input())) {
      return new FullyConnectedFloat(
          at(op.input()),
          at(op.output()),
          batch,
          inputs,
          outputs,
          floatWeights(op.weights()),
          floatBias(op.bias(), outputs),
          min(op.activation()),
          max(op.activation()));
    }
    byte[] w = signed(op.weights());
    int[] bias = bias(op.bias(), outputs);
    int weightsZeroPoint = weightsZeroPoint(op.weights());
    proveDepth(w, weightsZeroPoint, bias, 1, inputs);
    double[] scales = new double[outputs];
    for (int o = 0; o < outputs; o++) {
      double product =
          (double) quantization(op.input()).scale() * tensor(op.weights()).quantization().scale(o);
      scales[o] = product / quantization(op.output()).scale();
    }
    return new FullyConnectedInt8(
        at(op.input()),
        at(op.output()),
        batch,
        inputs,
        outputs,
        w,
        weightsZeroPoint,
        bias,
        quantization(op.input()).zeroPoint(),
        scales,
        requantization(op.input(), op.weights(), op.output(), outputs, op.activation()));
  }

  private KernelParams pool2d(Operator.Pool2d op) {
    Shape in = tensor(op.input()).shape();
    Shape out = tensor(op.output()).shape();
    Padding padding = op.padding();
    ConvGeometry g =
        new ConvGeometry(
            in.dim(0),
            in.dim(1),
            in.dim(2),
            in.dim(3),
            out.dim(1),
            out.dim(2),
            out.dim(3),
            op.windowH(),
            op.windowW(),
            op.strideH(),
            op.strideW(),
            1,
            1,
            padding.before(in.dim(1), op.windowH(), op.strideH(), 1),
            padding.before(in.dim(2), op.windowW(), op.strideW(), 1));
    boolean average = op.mode() == Operator.Pool2d.Mode.AVERAGE;
    if (isFloat(op.input())) {
      float min = min(op.activation());
      float max = max(op.activation());
      return average
          ? new AveragePool2dFloat(at(op.input()), at(op.output()), g, min, max)
          : new MaxPool2dFloat(at(op.input()), at(op.output()), g, min, max);
    }
    requireSameQuantization(op.input(), op.output());
    if ((long) op.windowH() * op.windowW() >= 1 << 24) {
      throw unsupported("window " + op.windowH() + "x" + op.windowW() + " exceeds 2^24 positions");
    }
    Quantization q = quantization(op.output());
    int qmin = qmin(op.activation(), q);
    int qmax = qmax(op.activation(), q);
    boolean unsigned = tensor(op.input()).type() == DataType.UINT8;
    return average
        ? new AveragePool2dInt8(at(op.input()), at(op.output()), g, unsigned, qmin, qmax)
        : new MaxPool2dInt8(at(op.input()), at(op.output()), g, qmin, qmax);
  }

  private KernelParams mean(Operator.Mean op) {
    Shape in = tensor(op.input()).shape();
    StridedView all = StridedView.dense(at(op.input()), in.toArray());
    StridedView kept = select(all, op.axes(), false, at(op.input()));
    StridedView reduced = select(all, op.axes(), true, 0);
    if (isFloat(op.input())) {
      return new MeanFloat(kept, reduced, at(op.output()));
    }
    Quantization qin = quantization(op.input());
    Quantization qout = quantization(op.output());
    double factor = (double) qin.scale() / qout.scale();
    int count = reduced.elements();
    if (255L * count > Integer.MAX_VALUE) {
      throw unsupported("the sum of " + count + " elements may exceed 2^31");
    }
    // The division by the count joins the multiplier, with as many bits as the count has.
    int multiplier = multiplier(factor);
    int shift = FixedPoint.shift(factor);
    int bits = Math.min(31 - Integer.numberOfLeadingZeros(count), 31 + shift);
    return new MeanInt8(
        kept,
        reduced,
        at(op.output()),
        qin.zeroPoint(),
        (int) (((long) multiplier << bits) / count),
        shift - bits,
        qout.zeroPoint());
  }

  private static StridedView select(
      StridedView view, List<Integer> axes, boolean listed, int offset) {
    int rank = view.dims().length;
    int[] dims = new int[rank];
    int[] strides = new int[rank];
    int n = 0;
    for (int d = 0; d < rank; d++) {
      if (axes.contains(d) == listed) {
        dims[n] = view.dims()[d];
        strides[n++] = view.strides()[d];
      }
    }
    return new StridedView(offset, Arrays.copyOf(dims, n), Arrays.copyOf(strides, n));
  }

  private KernelParams binary(Operator.Binary op) {
    Shape out = tensor(op.output()).shape();
    StridedView left = broadcast(op.left(), out);
    StridedView right = broadcast(op.right(), out);
    if (isFloat(op.output())) {
      return new BinaryFloat(
          BinaryFloat.Function.valueOf(op.function().name()),
          left,
          right,
          at(op.output()),
          min(op.activation()),
          max(op.activation()));
    }
    Quantization ql = quantization(op.left());
    Quantization qr = quantization(op.right());
    Quantization qo = quantization(op.output());
    int qmin = qmin(op.activation(), qo);
    int qmax = qmax(op.activation(), qo);
    if (op.function() == Operator.Binary.Function.MUL) {
      double factor = ql.scale() * qr.scale() / qo.scale();
      return new MulInt8(
          left,
          right,
          at(op.output()),
          ql.zeroPoint(),
          qr.zeroPoint(),
          multiplier(factor),
          FixedPoint.shift(factor),
          qo.zeroPoint(),
          qmin,
          qmax);
    }
    double twiceMaxScale = 2 * Math.max(ql.scale(), qr.scale());
    double leftFactor = ql.scale() / twiceMaxScale;
    double rightFactor = qr.scale() / twiceMaxScale;
    double outFactor = twiceMaxScale / ((1 << ADD_LEFT_SHIFT) * qo.scale());
    return new AddInt8(
        left,
        right,
        at(op.output()),
        op.function() == Operator.Binary.Function.SUB,
        ADD_LEFT_SHIFT,
        ql.zeroPoint(),
        multiplier(leftFactor),
        FixedPoint.shift(leftFactor),
        qr.zeroPoint(),
        multiplier(rightFactor),
        FixedPoint.shift(rightFactor),
        multiplier(outFactor),
        FixedPoint.shift(outFactor),
        qo.zeroPoint(),
        qmin,
        qmax);
  }

  /** A tensor seen under the output's shape: dimensions of 1, and absent ones, do not advance. */
  private StridedView broadcast(int t, Shape out) {
    Shape shape = tensor(t).shape();
    StridedView dense = StridedView.dense(at(t), shape.toArray());
    int[] strides = new int[out.rank()];
    int absent = out.rank() - shape.rank();
    for (int d = absent; d < out.rank(); d++) {
      strides[d] = shape.dim(d - absent) == 1 ? 0 : dense.strides()[d - absent];
    }
    return new StridedView(at(t), out.toArray(), strides);
  }

  private KernelParams unary(Operator.Unary op) {
    int elements = tensor(op.output()).shape().elements();
    if (isFloat(op.input())) {
      return new UnaryFloat(
          UnaryFloat.Function.valueOf(op.function().name()),
          at(op.input()),
          at(op.output()),
          elements,
          op.alpha());
    }
    Quantization in = quantization(op.input());
    Quantization out = quantization(op.output());
    byte[] table =
        switch (op.function()) {
          case RELU -> Int8Functions.relu(in, out, 0, Float.POSITIVE_INFINITY);
          case RELU6 -> Int8Functions.relu(in, out, 0, 6);
          case RELU_N1_TO_1 -> Int8Functions.relu(in, out, -1, 1);
          case LEAKY_RELU -> Int8Functions.leakyRelu(in, out, op.alpha());
          case LOGISTIC -> Int8Functions.throughFloat(in, out, RealFunctions::logisticByDefinition);
          case TANH -> Int8Functions.throughFloat(in, out, RealFunctions::tanh);
          case HARD_SWISH -> Int8Functions.hardSwish(in, out);
        };
    return new LookupInt8(at(op.input()), at(op.output()), elements, table);
  }

  private KernelParams pad(Operator.Pad op) {
    int[] in = tensor(op.input()).shape().toArray();
    int[] out = tensor(op.output()).shape().toArray();
    int[] before = ints(op.before());
    if (op.value() != Operator.NO_TENSOR && !tensor(op.value()).isConstant()) {
      throw unsupported("the padding value is not a constant");
    }
    if (isFloat(op.input())) {
      float value = op.value() == Operator.NO_TENSOR ? 0 : tensor(op.value()).floats()[0];
      return new Pad(true, at(op.input()), at(op.output()), in, before, out, value);
    }
    byte value =
        op.value() == Operator.NO_TENSOR
            ? (byte) quantization(op.output()).zeroPoint()
            : signed(op.value())[0];
    return new Pad(false, at(op.input()), at(op.output()), in, before, out, value);
  }

  private KernelParams reshape(Operator.Reshape op) {
    int elements = tensor(op.input()).shape().elements();
    return copy(
        op.input(),
        new CopyRegion(
            StridedView.dense(at(op.input()), elements),
            StridedView.dense(at(op.output()), elements)));
  }

  /** A copy of regions of tensors of the given one's type. */
  private KernelParams copy(int tensor, CopyRegion... regions) {
    DataType type = tensor(tensor).type();
    Copy.Elements elements =
        switch (type) {
          case INT8, UINT8 -> Copy.Elements.BYTES;
          case FLOAT32 -> Copy.Elements.FLOATS;
          case INT32, INT64 -> Copy.Elements.INTS;
          default -> throw unsupported("type " + type);
        };
    return new Copy(elements, regions, null);
  }

  private KernelParams softmax(Operator.Softmax op) {
    Shape shape = tensor(op.input()).shape();
    int depth = shape.dim(-1);
    int rows = shape.elements() / depth;
    if (isFloat(op.input())) {
      return new SoftmaxFloat(at(op.input()), at(op.output()), rows, depth, op.beta());
    }
    Quantization out = quantization(op.output());
    if (Math.abs(out.scale() - 1f / 256) > 0.001f / 256 || out.zeroPoint() != Byte.MIN_VALUE) {
      throw unsupported(
          "output " + out + ", expected scale " + 1f / 256 + " and the least zero point");
    }
    if (depth > MAX_SOFTMAX_DEPTH) {
      throw unsupported("depth " + depth + " exceeds " + MAX_SOFTMAX_DEPTH);
    }
    int[] exponentials =
        FixedPointFunctions.softmaxExponentials(quantization(op.input()).scale(), op.beta());
    return new SoftmaxInt8(at(op.input()), at(op.output()), rows, depth, exponentials);
  }

  private KernelParams quantize(Operator.Quantize op) {
    int elements = tensor(op.input()).shape().elements();
    Quantization out = quantization(op.output());
    if (isFloat(op.input())) {
      return new QuantizeInt8(
          at(op.input()), at(op.output()), elements, out.scale(), out.zeroPoint());
    }
    byte[] table = Int8Functions.requantize(quantization(op.input()), out);
    return new LookupInt8(at(op.input()), at(op.output()), elements, table);
  }

  private KernelParams dequantize(Operator.Dequantize op) {
    int elements = tensor(op.input()).shape().elements();
    Quantization in = quantization(op.input());
    return new DequantizeInt8(
        at(op.input()), at(op.output()), elements, in.scale(), in.zeroPoint());
  }

  private KernelParams transposeConv(Operator.TransposeConv op) {
    Shape in = tensor(op.input()).shape();
    Shape weights = tensor(op.weights()).shape();
    Shape out = tensor(op.output()).shape();
    ConvGeometry g =
        new ConvGeometry(
            in.dim(0),
            in.dim(1),
            in.dim(2),
            in.dim(3),
            out.dim(1),
            out.dim(2),
            out.dim(3),
            weights.dim(1),
            weights.dim(2),
            op.strideH(),
            op.strideW(),
            1,
            1,
            op.padding().before(out.dim(1), weights.dim(1), op.strideH(), 1),
            op.padding().before(out.dim(2), weights.dim(2), op.strideW(), 1));
    if (isFloat(op.input())) {
      return new TransposeConvFloat(
          at(op.input()),
          at(op.output()),
          g,
          floatWeights(op.weights()),
          floatBias(op.bias(), g.outC()),
          min(op.activation()),
          max(op.activation()));
    }
    byte[] w = signed(op.weights());
    int[] bias = bias(op.bias(), g.outC());
    int weightsZeroPoint = weightsZeroPoint(op.weights());
    proveDepth(w, weightsZeroPoint, bias, 1, w.length / g.outC());
    return new TransposeConvInt8(
        at(op.input()),
        at(op.output()),
        g,
        w,
        weightsZeroPoint,
        bias,
        quantization(op.input()).zeroPoint(),
        requantization(op.input(), op.weights(), op.output(), g.outC(), op.activation()));
  }

  private KernelParams transpose(Operator.Transpose op) {
    StridedView in = dense(op.input());
    int[] permutation = ints(op.permutation());
    int[] strides = new int[permutation.length];
    for (int d = 0; d < strides.length; d++) {
      strides[d] = in.strides()[permutation[d]];
    }
    StridedView out = dense(op.output());
    return copy(op.input(), new CopyRegion(new StridedView(in.offset(), out.dims(), strides), out));
  }

  private KernelParams concatenation(Operator.Concatenation op) {
    List<Integer> parts = op.inputs();
    CopyRegion[] regions = regions(op.output(), parts, op.axis(), true);
    if (op.activation() != Activation.NONE) {
      throw unsupported("fused activation " + op.activation());
    }
    if (isFloat(op.output())) {
      return copy(op.output(), regions);
    }
    boolean same = true;
    byte[][] tables = new byte[regions.length][];
    for (int i = 0; i < tables.length; i++) {
      Quantization in = quantization(parts.get(i));
      Quantization out = quantization(op.output());
      boolean equal = in.equals(out);
      if (!equal && tensor(op.output()).type() == DataType.INT8) {
        throw unsupported("input " + i + " " + in + ", output " + out);
      }
      same &= equal;
      tables[i] = equal ? identity() : Int8Functions.requantizeUnsigned(in, out);
    }
    return new Copy(Copy.Elements.BYTES, regions, same ? null : tables);
  }

  private static byte[] identity() {
    byte[] table = new byte[256];
    for (int q = 0; q < 256; q++) {
      table[q] = (byte) (q - 128);
    }
    return table;
  }

  private KernelParams split(Operator.Split op) {
    return copy(op.input(), regions(op.input(), op.outputs(), op.axis(), false));
  }

  /** A whole tensor and its parts along an axis: copies to the whole or from it. */
  private CopyRegion[] regions(int whole, List<Integer> parts, int axis, boolean toWhole) {
    StridedView all = dense(whole);
    CopyRegion[] regions = new CopyRegion[parts.size()];
    int position = 0;
    for (int i = 0; i < regions.length; i++) {
      StridedView part = dense(parts.get(i));
      int offset = all.offset() + position * all.strides()[axis];
      StridedView window = new StridedView(offset, part.dims(), all.strides());
      regions[i] = toWhole ? new CopyRegion(part, window) : new CopyRegion(window, part);
      position += part.dims()[axis];
    }
    return regions;
  }

  private KernelParams slice(Operator.Slice op) {
    StridedView in = dense(op.input());
    int[] sizes = ints(op.sizes());
    int[] strides = new int[sizes.length];
    int offset = in.offset();
    for (int d = 0; d < sizes.length; d++) {
      offset += op.begin().get(d) * in.strides()[d];
      strides[d] = op.strides().get(d) * in.strides()[d];
    }
    return copy(
        op.input(),
        new CopyRegion(
            new StridedView(offset, sizes, strides), StridedView.dense(at(op.output()), sizes)));
  }

  private KernelParams prelu(Operator.Prelu op) {
    Shape out = tensor(op.output()).shape();
    StridedView in = broadcast(op.input(), out);
    StridedView alpha = broadcast(op.alpha(), out);
    if (isFloat(op.input())) {
      return new PreluFloat(in, alpha, at(op.output()));
    }
    Quantization qi = quantization(op.input());
    Quantization qa = quantization(op.alpha());
    Quantization qo = quantization(op.output());
    double positive = qi.scale() / qo.scale();
    double negative = qi.scale() * qa.scale() / qo.scale();
    return new PreluInt8(
        in,
        alpha,
        at(op.output()),
        qi.zeroPoint(),
        qa.zeroPoint(),
        multiplier(positive),
        FixedPoint.shift(positive),
        multiplier(negative),
        FixedPoint.shift(negative),
        qo.zeroPoint());
  }

  private KernelParams resize(Operator.Resize op) {
    Shape in = tensor(op.input()).shape();
    Shape out = tensor(op.output()).shape();
    ResizeGeometry g =
        new ResizeGeometry(in.dim(0), in.dim(1), in.dim(2), out.dim(1), out.dim(2), in.dim(3));
    boolean align = op.alignCorners();
    boolean half = op.halfPixelCenters();
    int from = at(op.input());
    int to = at(op.output());
    boolean isFloat = isFloat(op.input());
    if (!isFloat) {
      requireSameQuantization(op.input(), op.output());
    }
    if (op.mode() == Operator.Resize.Mode.NEAREST_NEIGHBOR) {
      int[] rows = Interpolations.nearest(g.inH(), g.outH(), align, half);
      int[] columns = Interpolations.nearest(g.inW(), g.outW(), align, half);
      return new ResizeNearest(isFloat, from, to, g, rows, columns);
    }
    if (tensor(op.input()).type() == DataType.INT8) {
      return new ResizeBilinearInt8(
          from,
          to,
          g,
          Interpolations.fixed(g.inH(), g.outH(), align, half),
          Interpolations.fixed(g.inW(), g.outW(), align, half));
    }
    FloatInterpolation rows = Interpolations.inFloat(g.inH(), g.outH(), align, half);
    FloatInterpolation columns = Interpolations.inFloat(g.inW(), g.outW(), align, half);
    return new ResizeBilinearFloat(isFloat, from, to, g, rows, columns);
  }

  private KernelParams argMax(Operator.ArgMax op) {
    Shape in = tensor(op.input()).shape();
    int outer = 1;
    int inner = 1;
    for (int d = 0; d < in.rank(); d++) {
      outer *= d < op.axis() ? in.dim(d) : 1;
      inner *= d > op.axis() ? in.dim(d) : 1;
    }
    int axis = in.dim(op.axis());
    return new ArgMax(isFloat(op.input()), at(op.input()), at(op.output()), outer, axis, inner);
  }

  private StridedView dense(int t) {
    return StridedView.dense(at(t), tensor(t).shape().toArray());
  }

  private Tensor tensor(int t) {
    return graph.tensor(t);
  }

  private int at(int t) {
    return offsets[t];
  }

  private UnsupportedModelException unsupported(String reason) {
    return new UnsupportedModelException(name + ": " + reason);
  }

  /** True for float32, false for 8-bit; nothing else is computed with. */
  private boolean isFloat(int t) {
    DataType type = tensor(t).type();
    if (type != DataType.FLOAT32 && !type.isQuantized8()) {
      throw unsupported("tensor " + tensor(t).name() + " is " + type);
    }
    return type == DataType.FLOAT32;
  }

  /** Per-tensor parameters of an 8-bit tensor, as those of int8. */
  private Quantization quantization(int t) {
    Tensor tensor = tensor(t);
    if (!tensor.type().isQuantized8()) {
      throw unsupported("tensor " + tensor.name() + " is " + tensor.type() + ", expected 8-bit");
    }
    Quantization q = tensor.quantization();
    if (q == null) {
      throw unsupported("tensor " + tensor.name() + " has no quantization parameters");
    }
    if (!q.isPerTensor()) {
      throw unsupported("tensor " + tensor.name() + " has " + q.channels() + " scales, expected 1");
    }
    return tensor.type() == DataType.INT8
        ? q
        : Quantization.perTensor(q.scale(), q.zeroPoint() - 128);
  }

  private void requireSameQuantization(int in, int out) {
    if (!quantization(in).equals(quantization(out))) {
      throw unsupported(
          "input " + tensor(in).quantization() + ", output " + tensor(out).quantization());
    }
  }

  private Tensor constant(int t) {
    if (!tensor(t).isConstant()) {
      throw unsupported("tensor " + tensor(t).name() + " is not a constant");
    }
    return tensor(t);
  }

  /** An 8-bit constant's elements as int8. */
  private byte[] signed(int t) {
    byte[] elements = constant(t).bytesOf8();
    if (tensor(t).type() == DataType.UINT8) {
      for (int i = 0; i < elements.length; i++) {
        elements[i] ^= (byte) 0x80;
      }
    }
    return elements;
  }

  private float[] floatWeights(int t) {
    if (tensor(t).type() != DataType.FLOAT32) {
      throw unsupported("float input, but weights " + tensor(t).type());
    }
    return constant(t).floats();
  }

  private float[] floatBias(int t, int channels) {
    return t == Operator.NO_TENSOR ? new float[channels] : constant(t).floats();
  }

  private int[] bias(int t, int channels) {
    return t == Operator.NO_TENSOR ? new int[channels] : constant(t).ints();
  }

  /** The one zero point of 8-bit weights, as that of int8; per channel it must be 0. */
  private int weightsZeroPoint(int t) {
    Quantization q = tensor(t).quantization();
    if (q == null) {
      throw unsupported("weights " + tensor(t).name() + " have no quantization parameters");
    }
    for (int c = 1; c < q.channels(); c++) {
      if (q.zeroPoint(c) != q.zeroPoint(0)) {
        throw unsupported("weights " + tensor(t).name() + " have several zero points");
      }
    }
    return tensor(t).type() == DataType.UINT8 ? q.zeroPoint(0) - 128 : q.zeroPoint(0);
  }

  /**
   * Real factor from accumulator to output, {@code in * w / out}, rounded where TensorFlow Lite
   * rounds in convolutions: the product is a float in unsigned networks, a double in signed ones.
   */
  private static double factor(float in, boolean unsigned, float weights, float out) {
    double product = unsigned ? in * weights : (double) in * weights;
    return product / out;
  }

  private Requantization requantization(
      int in, int weights, int out, int channels, Activation activation) {
    int[] multipliers = new int[channels];
    int[] shifts = new int[channels];
    float inScale = quantization(in).scale();
    boolean unsigned = tensor(in).type() == DataType.UINT8;
    Quantization w = tensor(weights).quantization();
    Quantization q = quantization(out);
    for (int c = 0; c < channels; c++) {
      double factor = factor(inScale, unsigned, w.scale(c), q.scale());
      multipliers[c] = FixedPoint.multiplier(factor);
      shifts[c] = shift(factor);
    }
    return new Requantization(
        multipliers, shifts, q.zeroPoint(), qmin(activation, q), qmax(activation, q));
  }

  private int shift(double factor) {
    int shift = FixedPoint.shift(factor);
    if (shift > 30) {
      throw unsupported("factor " + factor + " between scales exceeds 2^30");
    }
    return shift;
  }

  private int multiplier(double factor) {
    shift(factor);
    return FixedPoint.multiplier(factor);
  }

  private static int qmin(Activation activation, Quantization q) {
    return Math.max(Byte.MIN_VALUE, Int8Functions.quantizeBound(activation.min(), q));
  }

  private static int qmax(Activation activation, Quantization q) {
    return Math.min(Byte.MAX_VALUE, Int8Functions.quantizeBound(activation.max(), q));
  }

  /** Bounds of a float activation are finite: TensorFlow Lite clamps infinities too. */
  private static float min(Activation activation) {
    return Math.max(activation.min(), -Float.MAX_VALUE);
  }

  private static float max(Activation activation) {
    return Math.min(activation.max(), Float.MAX_VALUE);
  }

  private static int[] ints(List<Integer> list) {
    int[] r = new int[list.size()];
    for (int i = 0; i < r.length; i++) {
      r[i] = list.get(i);
    }
    return r;
  }

  /**
   * Proves {@code sum |w - zeroPoint| * 255 + |bias| < 2^31} for every output channel.
   *
   * @param stride between weights of one channel
   * @param channelStride between first weights of neighbouring channels
   */
  private void proveDepth(byte[] w, int zeroPoint, int[] bias, int stride, int channelStride) {
    int depth = w.length / bias.length;
    long most = Integer.MAX_VALUE - depth * 255L * 255;
    for (int o = 0; o < bias.length; o++) {
      if (Math.abs((long) bias[o]) <= most) {
        continue; // whatever the weights are
      }
      long sum = 0;
      for (int i = 0; i < depth; i++) {
        sum += Math.abs(w[o * channelStride + i * stride] - zeroPoint);
      }
      long bound = sum * 255 + Math.abs((long) bias[o]);
      if (bound > Integer.MAX_VALUE) {
        throw unsupported(
            "the accumulator of output channel "
                + o
                + " may reach "
                + bound
                + " (sum of |w| "
                + sum
                + " * 255 + |bias| "
                + Math.abs((long) bias[o])
                + "), limit "
                + Integer.MAX_VALUE);
      }
    }
  }
}
