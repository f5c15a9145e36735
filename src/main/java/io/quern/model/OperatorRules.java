package io.quern.model;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * The rules of one operator: ranks, channel counts, types, quantization parameters, and that the
 * output has the shape which follows from the inputs.
 *
 * <p>What contradicts itself is a {@link ModelFormatException}; what is well formed but not
 * supported an {@link UnsupportedModelException}. Both messages begin with the operator's name and
 * carry both numbers.
 */
final class OperatorRules {
  /** Bound on strides, dilations and window sizes. */
  private static final int MAX_STEP = 1 << 16;

  /** Bound on the positions that a dilated window spans, so that no sum of them overflows. */
  private static final long MAX_SPAN = 1 << 24;

  private static final Set<DataType> ARITHMETIC =
      EnumSet.of(DataType.FLOAT32, DataType.INT8, DataType.UINT8);
  private static final Set<DataType> MOVABLE =
      EnumSet.of(DataType.FLOAT32, DataType.INT8, DataType.UINT8, DataType.INT32);

  private final List<Tensor> tensors;
  private final Operator operator;
  private final String name;

  OperatorRules(List<Tensor> tensors, Operator operator, String name) {
    this.tensors = tensors;
    this.operator = operator;
    this.name = name;
  }

  /**
   * Checks the rules; tensor indices are in range.
   *
   * @throws ModelFormatException if shapes or parameters contradict each other
   * @throws UnsupportedModelException if types or quantization are not supported
   */
  void check() {
    int required = requiredInputs();
    for (int i = 0; i < required; i++) {
      if (operator.inputs().get(i) == Operator.NO_TENSOR) {
        throw malformed("input " + i + " is absent");
      }
    }
    if (operator.outputs().isEmpty() || required == 0) {
      throw malformed("an operator needs an input and an output");
    }
    if (operator instanceof Operator.Conv2d o) {
      conv2d(o);
    } else if (operator instanceof Operator.DepthwiseConv2d o) {
      depthwiseConv2d(o);
    } else if (operator instanceof Operator.TransposeConv o) {
      transposeConv(o);
    } else if (operator instanceof Operator.FullyConnected o) {
      fullyConnected(o);
    } else if (operator instanceof Operator.Pool2d o) {
      pool2d(o);
    } else if (operator instanceof Operator.Mean o) {
      mean(o);
    } else if (operator instanceof Operator.Binary o) {
      binary(o);
    } else if (operator instanceof Operator.Unary o) {
      unary(o);
    } else if (operator instanceof Operator.Prelu o) {
      prelu(o);
    } else if (operator instanceof Operator.Pad o) {
      pad(o);
    } else if (operator instanceof Operator.Reshape o) {
      reshape(o);
    } else if (operator instanceof Operator.Transpose o) {
      transpose(o);
    } else if (operator instanceof Operator.Concatenation o) {
      concatenation(o);
    } else if (operator instanceof Operator.Split o) {
      split(o);
    } else if (operator instanceof Operator.Slice o) {
      slice(o);
    } else if (operator instanceof Operator.Softmax o) {
      softmax(o);
    } else if (operator instanceof Operator.Resize o) {
      resize(o);
    } else if (operator instanceof Operator.Quantize o) {
      quantize(o);
    } else if (operator instanceof Operator.Dequantize o) {
      dequantize(o);
    } else if (operator instanceof Operator.ArgMax o) {
      argMax(o);
    }
  }

  /** The leading inputs that may not be absent. */
  private int requiredInputs() {
    if (operator instanceof Operator.Conv2d
        || operator instanceof Operator.DepthwiseConv2d
        || operator instanceof Operator.TransposeConv
        || operator instanceof Operator.FullyConnected) {
      return 2;
    }
    return operator instanceof Operator.Pad ? 1 : operator.inputs().size();
  }

  private void conv2d(Operator.Conv2d o) {
    Shape in = rank(o.input(), "input", 4);
    Shape weights = rank(o.weights(), "weights", 4);
    int groupDepth = weights.dim(3);
    int channels = weights.dim(0);
    if (in.dim(3) % groupDepth != 0) {
      throw malformed("weights have " + groupDepth + " input channels, the input has " + in.dim(3));
    }
    int groups = in.dim(3) / groupDepth;
    if (channels % groups != 0) {
      throw malformed(channels + " output channels do not divide into " + groups + " groups");
    }
    steps(o.strideH(), o.strideW(), o.dilationH(), o.dilationW());
    windows(weights.dim(1), weights.dim(2));
    weighted(o.input(), o.weights(), o.bias(), o.output(), channels, 0);
    output(
        o.output(),
        in.dim(0),
        position(o.padding(), in.dim(1), weights.dim(1), o.strideH(), o.dilationH(), "high"),
        position(o.padding(), in.dim(2), weights.dim(2), o.strideW(), o.dilationW(), "wide"),
        channels);
  }

  private void depthwiseConv2d(Operator.DepthwiseConv2d o) {
    Shape in = rank(o.input(), "input", 4);
    Shape weights = rank(o.weights(), "weights", 4);
    int channels = weights.dim(3);
    if (weights.dim(0) != 1) {
      throw malformed("depthwise weights are " + weights + ", the first dimension should be 1");
    }
    if (o.depthMultiplier() < 1 || channels != (long) in.dim(3) * o.depthMultiplier()) {
      throw malformed(
          "weights have "
              + channels
              + " channels, the input has "
              + in.dim(3)
              + " with depth multiplier "
              + o.depthMultiplier());
    }
    steps(o.strideH(), o.strideW(), o.dilationH(), o.dilationW());
    windows(weights.dim(1), weights.dim(2));
    weighted(o.input(), o.weights(), o.bias(), o.output(), channels, 3);
    output(
        o.output(),
        in.dim(0),
        position(o.padding(), in.dim(1), weights.dim(1), o.strideH(), o.dilationH(), "high"),
        position(o.padding(), in.dim(2), weights.dim(2), o.strideW(), o.dilationW(), "wide"),
        channels);
  }

  private void transposeConv(Operator.TransposeConv o) {
    Shape in = rank(o.input(), "input", 4);
    Shape weights = rank(o.weights(), "weights", 4);
    Shape out = rank(o.output(), "output", 4);
    int channels = weights.dim(0);
    if (weights.dim(3) != in.dim(3)) {
      throw malformed(
          "weights have " + weights.dim(3) + " input channels, the input has " + in.dim(3));
    }
    steps(o.strideH(), o.strideW(), 1, 1);
    windows(weights.dim(1), weights.dim(2));
    weighted(o.input(), o.weights(), o.bias(), o.output(), channels, 0);
    output(o.output(), in.dim(0), out.dim(1), out.dim(2), channels);
    int height = position(o.padding(), out.dim(1), weights.dim(1), o.strideH(), 1, "high");
    int width = position(o.padding(), out.dim(2), weights.dim(2), o.strideW(), 1, "wide");
    if (height != in.dim(1) || width != in.dim(2)) {
      throw malformed(
          "an output of "
              + out
              + " comes from "
              + height
              + "x"
              + width
              + " positions, the input is "
              + in);
    }
  }

  private void fullyConnected(Operator.FullyConnected o) {
    Shape in = shape(o.input());
    Shape weights = rank(o.weights(), "weights", 2);
    int channels = weights.dim(0);
    int depth = weights.dim(1);
    if (in.elements() % depth != 0) {
      throw malformed("weights have " + depth + " inputs, the input has " + in.elements());
    }
    weighted(o.input(), o.weights(), o.bias(), o.output(), channels, 0);
    if (!o.keepNumDims()) {
      output(o.output(), in.elements() / depth, channels);
      return;
    }
    if (in.rank() < 1 || in.dim(-1) != depth) {
      throw malformed("weights have " + depth + " inputs, the input is " + in);
    }
    int[] dims = in.toArray();
    dims[dims.length - 1] = channels;
    output(o.output(), dims);
  }

  private void pool2d(Operator.Pool2d o) {
    Shape in = rank(o.input(), "input", 4);
    arithmetic(o.input(), o.output());
    steps(o.strideH(), o.strideW(), 1, 1);
    windows(o.windowH(), o.windowW());
    if (o.windowH() > 2L * in.dim(1) || o.windowW() > 2L * in.dim(2)) {
      // Such a window costs time without end for a few elements.
      throw unsupported(
          "the window is "
              + o.windowH()
              + "x"
              + o.windowW()
              + ", the input "
              + in
              + "; supported is up to twice the input");
    }
    output(
        o.output(),
        in.dim(0),
        position(o.padding(), in.dim(1), o.windowH(), o.strideH(), 1, "high"),
        position(o.padding(), in.dim(2), o.windowW(), o.strideW(), 1, "wide"),
        in.dim(3));
  }

  private void mean(Operator.Mean o) {
    Shape in = shape(o.input());
    arithmetic(o.input(), o.output());
    if (o.axes().isEmpty()) {
      throw unsupported("a mean over no axis is not supported");
    }
    boolean[] reduced = new boolean[in.rank()];
    for (int axis : o.axes()) {
      axis(axis, in);
      if (reduced[axis]) {
        throw malformed("axis " + axis + " is listed twice");
      }
      reduced[axis] = true;
    }
    int[] dims = new int[in.rank()];
    int n = 0;
    for (int d = 0; d < in.rank(); d++) {
      if (!reduced[d]) {
        dims[n++] = in.dim(d);
      } else if (o.keepDims()) {
        dims[n++] = 1;
      }
    }
    output(o.output(), Arrays.copyOf(dims, n));
  }

  private void binary(Operator.Binary o) {
    arithmetic(o.left(), o.output());
    arithmetic(o.right(), o.output());
    output(o.output(), broadcast(shape(o.left()), shape(o.right())));
  }

  private void unary(Operator.Unary o) {
    arithmetic(o.input(), o.output());
    output(o.output(), shape(o.input()).toArray());
    if (!Float.isFinite(o.alpha())) {
      throw malformed("alpha is " + o.alpha());
    }
    if (o.function() == Operator.Unary.Function.LOGISTIC) {
      outputScale(o.output(), 1f / 256);
    }
  }

  private void prelu(Operator.Prelu o) {
    arithmetic(o.input(), o.output());
    arithmetic(o.alpha(), o.output());
    constant(o.alpha(), "alpha");
    Shape in = shape(o.input());
    if (!Arrays.equals(broadcast(in, shape(o.alpha())), in.toArray())) {
      throw malformed("alpha is " + shape(o.alpha()) + ", the input is " + in);
    }
    output(o.output(), in.toArray());
  }

  private void pad(Operator.Pad o) {
    movable(o.input(), o.output());
    Shape in = shape(o.input());
    if (tensor(o.input()).type().isQuantized8()) {
      quantized(o.output());
    }
    if (o.before().size() != in.rank() || o.after().size() != in.rank()) {
      throw malformed(
          o.before().size()
              + " and "
              + o.after().size()
              + " paddings for "
              + in.rank()
              + " dimensions");
    }
    int[] dims = in.toArray();
    for (int d = 0; d < dims.length; d++) {
      int before = o.before().get(d);
      int after = o.after().get(d);
      long padded = (long) dims[d] + before + after;
      if (before < 0 || after < 0 || padded > Integer.MAX_VALUE) {
        throw malformed("padding " + before + " and " + after + " of dimension " + d);
      }
      dims[d] = (int) padded;
    }
    output(o.output(), dims);
    if (o.value() != Operator.NO_TENSOR) {
      sameType(o.value(), o.input());
      if (shape(o.value()).elements() != 1) {
        throw malformed("the padding value has " + shape(o.value()).elements() + " elements");
      }
    }
  }

  private void reshape(Operator.Reshape o) {
    movable(o.input(), o.output());
    Shape in = shape(o.input());
    Shape out = shape(o.output());
    if (in.elements() != out.elements()) {
      throw malformed(
          "output " + out + " has " + out.elements() + " elements, the input " + in.elements());
    }
    boolean fits =
        switch (o.mode()) {
          case RESHAPE -> true;
          case SQUEEZE -> out.rank() <= in.rank() && dropsOnes(in.toArray(), out.toArray());
          case EXPAND_DIMS -> out.rank() == in.rank() + 1 && dropsOnes(out.toArray(), in.toArray());
        };
    if (!fits) {
      throw malformed("output is " + out + ", the input " + in);
    }
  }

  private void transpose(Operator.Transpose o) {
    movable(o.input(), o.output());
    Shape in = shape(o.input());
    if (o.permutation().size() != in.rank()) {
      throw malformed(
          "the permutation has "
              + o.permutation().size()
              + " entries, the input "
              + in.rank()
              + " dimensions");
    }
    boolean[] seen = new boolean[in.rank()];
    int[] dims = new int[in.rank()];
    for (int d = 0; d < dims.length; d++) {
      int from = o.permutation().get(d);
      axis(from, in);
      if (seen[from]) {
        throw malformed("dimension " + from + " is twice in the permutation");
      }
      seen[from] = true;
      dims[d] = in.dim(from);
    }
    output(o.output(), dims);
  }

  private void concatenation(Operator.Concatenation o) {
    if (o.activation() != Activation.NONE) {
      throw unsupported("the fused activation " + o.activation() + " is not supported");
    }
    Shape first = shape(o.inputs().get(0));
    axis(o.axis(), first);
    long total = 0;
    for (int t : o.inputs()) {
      movable(t, o.output());
      concatenatedQuantization(t, o.output());
      int[] dims = shape(t).toArray();
      if (dims.length != first.rank()) {
        throw malformed("an input is " + shape(t) + ", the first is " + first);
      }
      total += dims[o.axis()];
      dims[o.axis()] = first.dim(o.axis());
      if (!Arrays.equals(dims, first.toArray())) {
        throw malformed("an input is " + shape(t) + ", the first is " + first);
      }
    }
    int[] dims = first.toArray();
    dims[o.axis()] = (int) Math.min(total, Integer.MAX_VALUE);
    output(o.output(), dims);
  }

  /** Int8 values are copied as they are; uint8 values may be requantized. */
  private void concatenatedQuantization(int input, int output) {
    DataType type = tensor(input).type();
    if (!type.isQuantized8()) {
      return;
    }
    quantized(input);
    quantized(output);
    Quantization in = tensor(input).quantization();
    Quantization out = tensor(output).quantization();
    if (type == DataType.INT8 && (in.scale() != out.scale() || in.zeroPoint() != out.zeroPoint())) {
      throw unsupported("an input has " + in + ", the output " + out + "; they must be equal");
    }
  }

  private void split(Operator.Split o) {
    Shape in = shape(o.input());
    axis(o.axis(), in);
    int parts = o.outputs().size();
    if (in.dim(o.axis()) % parts != 0) {
      throw malformed(in.dim(o.axis()) + " do not divide into " + parts + " parts");
    }
    int[] dims = in.toArray();
    dims[o.axis()] /= parts;
    for (int t : o.outputs()) {
      movable(o.input(), t);
      output(t, dims);
    }
  }

  private void slice(Operator.Slice o) {
    movable(o.input(), o.output());
    Shape in = shape(o.input());
    Shape out = shape(o.output());
    int rank = in.rank();
    if (o.begin().size() != rank || o.strides().size() != rank || o.sizes().size() != rank) {
      throw malformed(
          "begin, strides and sizes have "
              + o.begin().size()
              + ", "
              + o.strides().size()
              + " and "
              + o.sizes().size()
              + " entries, the input "
              + rank
              + " dimensions");
    }
    int[] sizes = new int[rank];
    for (int d = 0; d < rank; d++) {
      int begin = o.begin().get(d);
      int stride = o.strides().get(d);
      sizes[d] = o.sizes().get(d);
      long last = begin + (sizes[d] - 1L) * stride;
      if (stride == 0 || !o.strided() && stride != 1) {
        throw malformed("stride " + stride + " in dimension " + d);
      }
      if (sizes[d] < 1 || begin < 0 || begin >= in.dim(d) || last < 0 || last >= in.dim(d)) {
        throw malformed(
            sizes[d]
                + " elements from "
                + begin
                + " with stride "
                + stride
                + " in dimension "
                + d
                + " of "
                + in);
      }
    }
    if (!o.strided()) {
      output(o.output(), sizes);
    } else if (!Arrays.equals(withoutOnes(sizes), withoutOnes(out.toArray()))) {
      throw malformed(
          "output is " + out + ", the slice takes " + Arrays.toString(sizes) + " elements");
    }
  }

  private void softmax(Operator.Softmax o) {
    arithmetic(o.input(), o.output());
    output(o.output(), shape(o.input()).toArray());
    if (shape(o.input()).rank() < 1) {
      throw malformed("the input is a scalar");
    }
    if (!(o.beta() > 0) || !Float.isFinite(o.beta())) {
      throw malformed("beta is " + o.beta());
    }
    DataType type = tensor(o.input()).type();
    if (type.isQuantized8()) {
      outputScale(o.output(), 1f / 256);
      int zeroPoint = tensor(o.output()).quantization().zeroPoint();
      if (zeroPoint != type.min()) {
        throw unsupported(
            "the output has zero point " + zeroPoint + ", supported is " + type.min());
      }
    }
  }

  private void resize(Operator.Resize o) {
    arithmetic(o.input(), o.output());
    Shape in = rank(o.input(), "input", 4);
    Shape out = rank(o.output(), "output", 4);
    output(o.output(), in.dim(0), out.dim(1), out.dim(2), in.dim(3));
    if (o.mode() == Operator.Resize.Mode.BILINEAR && o.alignCorners() && o.halfPixelCenters()) {
      throw malformed("align_corners and half_pixel_centers exclude each other");
    }
  }

  private void quantize(Operator.Quantize o) {
    type(o.input(), "input", ARITHMETIC);
    type(o.output(), "output", EnumSet.of(DataType.INT8, DataType.UINT8));
    quantized(o.output());
    if (tensor(o.input()).type().isQuantized8()) {
      quantized(o.input());
    }
    output(o.output(), shape(o.input()).toArray());
  }

  private void dequantize(Operator.Dequantize o) {
    type(o.input(), "input", EnumSet.of(DataType.INT8, DataType.UINT8));
    type(o.output(), "output", EnumSet.of(DataType.FLOAT32));
    quantized(o.input());
    output(o.output(), shape(o.input()).toArray());
  }

  private void argMax(Operator.ArgMax o) {
    Shape in = shape(o.input());
    type(o.input(), "input", ARITHMETIC);
    type(o.output(), "output", EnumSet.of(DataType.INT32, DataType.INT64));
    axis(o.axis(), in);
    int[] dims = new int[in.rank() - 1];
    for (int d = 0; d < dims.length; d++) {
      dims[d] = in.dim(d < o.axis() ? d : d + 1);
    }
    output(o.output(), dims);
  }

  // ---- weights ----

  /** Types and quantization of an operator with weights and a bias. */
  private void weighted(int input, int weights, int bias, int output, int channels, int axis) {
    DataType in = tensor(input).type();
    DataType w = tensor(weights).type();
    if (in == DataType.FLOAT32 && w.isQuantized8()) {
      throw unsupported(
          "weights are "
              + w
              + ", the input is FLOAT32: dynamic-range quantization is not supported; convert the"
              + " model without optimisations");
    }
    arithmetic(input, output);
    sameType(weights, input);
    constant(weights, "weights");
    if (w.isQuantized8()) {
      weightQuantization(weights, channels, axis);
    }
    if (bias == Operator.NO_TENSOR) {
      return;
    }
    constant(bias, "bias");
    type(bias, "bias", EnumSet.of(in == DataType.FLOAT32 ? DataType.FLOAT32 : DataType.INT32));
    if (shape(bias).elements() != channels) {
      throw malformed(
          "the bias has "
              + shape(bias).elements()
              + " elements, there are "
              + channels
              + " output channels");
    }
  }

  private void weightQuantization(int weights, int channels, int axis) {
    Tensor t = tensor(weights);
    Quantization q = t.quantization();
    if (q == null) {
      throw malformed("weights are " + t.type() + " without scale and zero point");
    }
    if (!q.isPerTensor() && t.type() == DataType.UINT8) {
      throw unsupported("UINT8 weights with a scale per channel are not supported");
    }
    if (!q.isPerTensor() && (q.axis() != axis || q.channels() != channels)) {
      throw malformed("weights have " + q + ", there should be " + channels + " on axis " + axis);
    }
    if (t.type() == DataType.INT8 && !q.zeroPointsWithin(0, 0)) {
      throw unsupported("INT8 weights with a zero point other than 0 are not supported");
    }
  }

  // ---- parts of rules ----

  private void arithmetic(int input, int output) {
    type(input, "input", ARITHMETIC);
    sameType(output, input);
    if (tensor(input).type().isQuantized8()) {
      quantized(input);
      quantized(output);
    }
  }

  private void movable(int input, int output) {
    type(input, "input", MOVABLE);
    sameType(output, input);
  }

  private void type(int t, String role, Set<DataType> supported) {
    if (!supported.contains(tensor(t).type())) {
      throw unsupported(
          "the " + role + " is " + tensor(t).type() + ", supported are " + list(supported));
    }
  }

  private void sameType(int t, int other) {
    if (tensor(t).type() != tensor(other).type()) {
      throw unsupported(
          label(t)
              + " is "
              + tensor(t).type()
              + ", "
              + label(other)
              + " is "
              + tensor(other).type());
    }
  }

  private void quantized(int t) {
    Quantization q = tensor(t).quantization();
    if (q == null) {
      throw malformed(label(t) + " is " + tensor(t).type() + " without scale and zero point");
    }
    if (!q.isPerTensor()) {
      throw unsupported(label(t) + " has " + q + ", supported is one scale per tensor");
    }
  }

  private void outputScale(int output, float scale) {
    Quantization q = tensor(output).quantization();
    if (tensor(output).type().isQuantized8() && q.scale() != scale) {
      throw unsupported("the output has scale " + q.scale() + ", supported is " + scale);
    }
  }

  private void constant(int t, String role) {
    if (!tensor(t).isConstant()) {
      throw unsupported("its " + role + " are computed at run time, which is not supported");
    }
  }

  private Shape rank(int t, String role, int rank) {
    if (shape(t).rank() != rank) {
      throw malformed(
          "the " + role + " is " + shape(t) + ", it should have " + rank + " dimensions");
    }
    return shape(t);
  }

  private void output(int t, int... dims) {
    if (!Arrays.equals(shape(t).toArray(), dims)) {
      throw malformed("output is " + shape(t) + ", it should be " + join(dims));
    }
  }

  private void steps(int strideH, int strideW, int dilationH, int dilationW) {
    if (!isStep(strideH) || !isStep(strideW)) {
      throw malformed("strides are " + strideH + "x" + strideW + " of 1 to " + MAX_STEP);
    }
    if (!isStep(dilationH) || !isStep(dilationW)) {
      throw malformed("dilations are " + dilationH + "x" + dilationW + " of 1 to " + MAX_STEP);
    }
  }

  private void windows(int height, int width) {
    if (!isStep(height) || !isStep(width)) {
      throw malformed("the window is " + height + "x" + width + " of 1 to " + MAX_STEP);
    }
  }

  private static boolean isStep(int n) {
    return n >= 1 && n <= MAX_STEP;
  }

  /** Output positions along one dimension. */
  private int position(
      Padding padding, int input, int window, int stride, int dilation, String direction) {
    long span = (window - 1L) * dilation + 1;
    if (span > MAX_SPAN) {
      throw unsupported("the window is " + span + " " + direction + ", supported are " + MAX_SPAN);
    }
    int positions = padding.outputSize(input, window, stride, dilation);
    if (positions < 1) {
      throw malformed("the window is " + span + " " + direction + ", the input " + input);
    }
    return positions;
  }

  private void axis(int axis, Shape in) {
    if (axis < 0 || axis >= in.rank()) {
      throw malformed("axis " + axis + " of " + in.rank() + " dimensions");
    }
  }

  private int[] broadcast(Shape a, Shape b) {
    int rank = Math.max(a.rank(), b.rank());
    int[] dims = new int[rank];
    for (int d = 1; d <= rank; d++) {
      int x = d <= a.rank() ? a.dim(-d) : 1;
      int y = d <= b.rank() ? b.dim(-d) : 1;
      if (x != y && x != 1 && y != 1) {
        throw malformed(a + " and " + b + " do not broadcast");
      }
      dims[rank - d] = Math.max(x, y);
    }
    return dims;
  }

  /** Whether {@code fewer} is {@code more} with some dimensions of 1 left out. */
  private static boolean dropsOnes(int[] more, int[] fewer) {
    int f = 0;
    for (int dim : more) {
      if (f < fewer.length && fewer[f] == dim) {
        f++;
      } else if (dim != 1) {
        return false;
      }
    }
    return f == fewer.length;
  }

  private static int[] withoutOnes(int[] dims) {
    return Arrays.stream(dims).filter(d -> d != 1).toArray();
  }

  private Tensor tensor(int t) {
    return tensors.get(t);
  }

  private Shape shape(int t) {
    return tensors.get(t).shape();
  }

  /** What a tensor is to this operator. */
  private String label(int t) {
    int o = operator.outputs().indexOf(t);
    if (o >= 0) {
      return operator.outputs().size() == 1 ? "the output" : "output " + o;
    }
    return "input " + operator.inputs().indexOf(t);
  }

  private static String join(int[] dims) {
    StringBuilder s = new StringBuilder();
    for (int d : dims) {
      s.append(s.isEmpty() ? "" : "x").append(d);
    }
    return s.isEmpty() ? "scalar" : s.toString();
  }

  private static String list(Set<DataType> types) {
    return types.toString().replaceAll("[\\[\\]]", "");
  }

  private ModelFormatException malformed(String problem) {
    return new ModelFormatException(name + ": " + problem);
  }

  private UnsupportedModelException unsupported(String problem) {
    return new UnsupportedModelException(name + ": " + problem);
  }
}
