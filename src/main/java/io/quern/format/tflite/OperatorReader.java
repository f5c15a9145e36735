package io.quern.format.tflite;

import io.quern.format.tflite.Schema.Field;
import io.quern.model.Activation;
import io.quern.model.DataType;
import io.quern.model.ModelFormatException;
import io.quern.model.Operator;
import io.quern.model.Padding;
import io.quern.model.Shape;
import io.quern.model.Tensor;
import io.quern.model.UnsupportedModelException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;

/** Reads one operator: its options, its tensors, and the constants that configure it. */
final class OperatorReader {
  /** Configuration is at most a pair of numbers per dimension. */
  private static final int MAX_CONFIGURATION = 2 * Shape.MAX_RANK;

  private final GraphReader graph;
  private final FlatTable table;
  private final int index;
  private BuiltinOperator kind;
  private String name;
  private FlatTable options;
  private int[] inputs;
  private int[] outputs;

  OperatorReader(GraphReader graph, FlatTable table, int index) {
    this.graph = graph;
    this.table = table;
    this.index = index;
  }

  /**
   * The operator, referring to tensors as {@link GraphReader#use} says; null when it computes with
   * shapes only and its result is known now.
   */
  Operator read() {
    Map.Entry<Integer, String> code = graph.operatorCode(table);
    kind = BuiltinOperator.of(code.getKey());
    if (code.getKey() == BuiltinOperator.SHAPE || code.getKey() == BuiltinOperator.PACK) {
      foldShape(code.getKey());
      return null;
    }
    if (kind == null) {
      throw new UnsupportedModelException(
          "operator "
              + index
              + ": "
              + BuiltinOperator.nameOf(code.getKey())
              + (code.getKey() == BuiltinOperator.CUSTOM ? " \"" + code.getValue() + "\"" : "")
              + " is not supported");
    }
    name = kind.name().toLowerCase(Locale.ROOT) + "_" + index;
    options = options();
    inputs = tensors(Schema.OPERATOR_INPUTS);
    outputs = tensors(Schema.OPERATOR_OUTPUTS);
    if (inputs.length < kind.minInputs || inputs.length > kind.maxInputs) {
      throw table.error(
          Schema.OPERATOR_INPUTS,
          kind
              + " takes "
              + kind.minInputs
              + (kind.maxInputs > kind.minInputs ? " or more" : "")
              + " tensors, the file has "
              + inputs.length);
    }
    if (outputs.length == 0 || outputs.length > 1 && kind != BuiltinOperator.SPLIT) {
      throw table.error(
          Schema.OPERATOR_OUTPUTS, kind + " writes 1 tensor, the file has " + outputs.length);
    }
    if (kind == BuiltinOperator.STRIDED_SLICE && graph.computed(inputs[0]) != null) {
      foldSlice();
      return null;
    }
    return operator();
  }

  /**
   * SHAPE of a tensor, or PACK of numbers into a vector: how the converter writes a new shape that
   * depends on the size of the batch.
   */
  private void foldShape(int code) {
    name = BuiltinOperator.nameOf(code).toLowerCase(Locale.ROOT) + "_" + index;
    inputs = tensors(Schema.OPERATOR_INPUTS);
    outputs = tensors(Schema.OPERATOR_OUTPUTS);
    if (inputs.length == 0 || inputs.length > MAX_CONFIGURATION || outputs.length != 1) {
      throw malformed(inputs.length + " inputs and " + outputs.length + " outputs");
    }
    int[] result;
    if (code == BuiltinOperator.SHAPE) {
      result = inputTensor(0).shape().toArray();
    } else {
      result = new int[inputs.length];
      for (int i = 0; i < result.length; i++) {
        if (inputTensor(i).shape().rank() != 0) {
          throw new UnsupportedModelException(
              name + ": PACK of anything but sizes is not supported");
        }
        result[i] = single(i, "size");
      }
    }
    outputTensor();
    graph.computed(outputs[0], result);
  }

  private void foldSlice() {
    int[] numbers = graph.computed(inputs[0]);
    StridedSliceSpec.Resolved r = resolve(Shape.of(numbers.length));
    int[] result = new int[r.sizes().get(0)];
    for (int i = 0; i < result.length; i++) {
      result[i] = numbers[r.begin().get(0) + i * r.strides().get(0)];
    }
    outputTensor();
    graph.computed(outputs[0], result);
  }

  private Operator operator() {
    return switch (kind) {
      case CONV_2D ->
          new Operator.Conv2d(
              input(0),
              input(1),
              optional(2),
              output(),
              padding(Schema.CONV_PADDING),
              options.int32(Schema.CONV_STRIDE_H, 0),
              options.int32(Schema.CONV_STRIDE_W, 0),
              options.int32(Schema.CONV_DILATION_H, 1),
              options.int32(Schema.CONV_DILATION_W, 1),
              activation(Schema.CONV_ACTIVATION));
      case DEPTHWISE_CONV_2D ->
          new Operator.DepthwiseConv2d(
              input(0),
              input(1),
              optional(2),
              output(),
              padding(Schema.DEPTHWISE_PADDING),
              options.int32(Schema.DEPTHWISE_STRIDE_H, 0),
              options.int32(Schema.DEPTHWISE_STRIDE_W, 0),
              options.int32(Schema.DEPTHWISE_DILATION_H, 1),
              options.int32(Schema.DEPTHWISE_DILATION_W, 1),
              depthMultiplier(),
              activation(Schema.DEPTHWISE_ACTIVATION));
      case TRANSPOSE_CONV -> transposeConv();
      case FULLY_CONNECTED -> fullyConnected();
      case AVERAGE_POOL_2D -> pool(Operator.Pool2d.Mode.AVERAGE);
      case MAX_POOL_2D -> pool(Operator.Pool2d.Mode.MAX);
      case MEAN -> mean();
      case ADD -> binary(Operator.Binary.Function.ADD);
      case SUB -> binary(Operator.Binary.Function.SUB);
      case MUL -> binary(Operator.Binary.Function.MUL);
      case RELU -> unary(Operator.Unary.Function.RELU);
      case RELU6 -> unary(Operator.Unary.Function.RELU6);
      case RELU_N1_TO_1 -> unary(Operator.Unary.Function.RELU_N1_TO_1);
      case LOGISTIC -> unary(Operator.Unary.Function.LOGISTIC);
      case TANH -> unary(Operator.Unary.Function.TANH);
      case HARD_SWISH -> unary(Operator.Unary.Function.HARD_SWISH);
      case LEAKY_RELU ->
          new Operator.Unary(
              Operator.Unary.Function.LEAKY_RELU,
              input(0),
              output(),
              options.float32(Schema.LEAKY_RELU_ALPHA, 0));
      case PRELU -> new Operator.Prelu(input(0), input(1), output());
      case PAD -> pad(Operator.NO_TENSOR);
      case PADV2 -> pad(input(2));
      case RESHAPE -> reshape();
      case SQUEEZE -> squeeze();
      case EXPAND_DIMS -> expandDims();
      case TRANSPOSE ->
          new Operator.Transpose(input(0), output(), list(configuration(1, "permutation")));
      case CONCATENATION -> concatenation();
      case SPLIT -> split();
      case SLICE -> slice();
      case STRIDED_SLICE -> stridedSlice();
      case SOFTMAX ->
          new Operator.Softmax(input(0), output(), options.float32(Schema.SOFTMAX_BETA, 0));
      case RESIZE_BILINEAR ->
          resize(
              Operator.Resize.Mode.BILINEAR,
              Schema.RESIZE_BILINEAR_ALIGN_CORNERS,
              Schema.RESIZE_BILINEAR_HALF_PIXEL);
      case RESIZE_NEAREST_NEIGHBOR ->
          resize(
              Operator.Resize.Mode.NEAREST_NEIGHBOR,
              Schema.RESIZE_NEAREST_ALIGN_CORNERS,
              Schema.RESIZE_NEAREST_HALF_PIXEL);
      case QUANTIZE -> new Operator.Quantize(input(0), output());
      case DEQUANTIZE -> new Operator.Dequantize(input(0), output());
      case ARG_MAX -> argMax();
    };
  }

  private Operator transposeConv() {
    int[] stated = configuration(0, "output shape");
    expectOutput(stated, "the output shape operand");
    return new Operator.TransposeConv(
        input(2),
        input(1),
        optional(3),
        output(),
        padding(Schema.TRANSPOSE_CONV_PADDING),
        options.int32(Schema.TRANSPOSE_CONV_STRIDE_H, 0),
        options.int32(Schema.TRANSPOSE_CONV_STRIDE_W, 0),
        activation(Schema.TRANSPOSE_CONV_ACTIVATION));
  }

  /**
   * The schema calls the option redundant and newer programs leave it out, so it is derived when it
   * is 0.
   */
  private int depthMultiplier() {
    int stated = options.int32(Schema.DEPTHWISE_MULTIPLIER, 0);
    if (stated != 0) {
      return stated;
    }
    Shape in = inputTensor(0).shape();
    Shape weights = inputTensor(1).shape();
    if (in.rank() != 4 || weights.rank() != 4 || in.dim(3) == 0) {
      return 0;
    }
    return weights.dim(3) / in.dim(3);
  }

  private Operator fullyConnected() {
    if (options.int8(Schema.FULLY_CONNECTED_WEIGHTS_FORMAT, 0) != 0) {
      throw new UnsupportedModelException(name + ": shuffled weights are not supported");
    }
    return new Operator.FullyConnected(
        input(0),
        input(1),
        optional(2),
        output(),
        options.bool(Schema.FULLY_CONNECTED_KEEP_NUM_DIMS),
        activation(Schema.FULLY_CONNECTED_ACTIVATION));
  }

  private Operator pool(Operator.Pool2d.Mode mode) {
    return new Operator.Pool2d(
        mode,
        input(0),
        output(),
        padding(Schema.POOL_PADDING),
        options.int32(Schema.POOL_STRIDE_H, 0),
        options.int32(Schema.POOL_STRIDE_W, 0),
        options.int32(Schema.POOL_WINDOW_H, 0),
        options.int32(Schema.POOL_WINDOW_W, 0),
        activation(Schema.POOL_ACTIVATION));
  }

  private Operator mean() {
    int rank = inputTensor(0).shape().rank();
    TreeSet<Integer> axes = new TreeSet<>();
    for (int axis : configuration(1, "axes")) {
      axes.add(axis(axis, rank));
    }
    return new Operator.Mean(
        input(0), output(), new ArrayList<>(axes), options.bool(Schema.REDUCER_KEEP_DIMS));
  }

  private Operator binary(Operator.Binary.Function function) {
    return new Operator.Binary(
        function, input(0), input(1), output(), activation(Schema.BINARY_ACTIVATION));
  }

  private Operator unary(Operator.Unary.Function function) {
    return new Operator.Unary(function, input(0), output());
  }

  private Operator pad(int value) {
    int[] paddings = configuration(1, "paddings");
    int rank = inputTensor(0).shape().rank();
    if (paddings.length != 2 * rank) {
      throw malformed(
          "the paddings have " + paddings.length + " numbers, the input " + rank + " dimensions");
    }
    List<Integer> before = new ArrayList<>();
    List<Integer> after = new ArrayList<>();
    for (int d = 0; d < rank; d++) {
      before.add(paddings[2 * d]);
      after.add(paddings[2 * d + 1]);
    }
    return new Operator.Pad(input(0), value, output(), before, after);
  }

  private Operator reshape() {
    Operator reshape = new Operator.Reshape(Operator.Reshape.Mode.RESHAPE, input(0), output());
    int[] wanted;
    if (inputs.length == 2 && inputs[1] != Operator.NO_TENSOR) {
      wanted = configuration(1, "new shape");
    } else if (options.has(Schema.RESHAPE_NEW_SHAPE)) {
      wanted = options.ints(Schema.RESHAPE_NEW_SHAPE);
    } else {
      return reshape;
    }
    // A single 0 stood for a scalar before scalars could be written.
    int[] dims = wanted.length == 1 && wanted[0] == 0 ? new int[0] : wanted.clone();
    long known = 1;
    int unknown = -1;
    for (int d = 0; d < dims.length; d++) {
      if (dims[d] == -1 && unknown < 0) {
        unknown = d;
      } else if (dims[d] < 0 || known > Integer.MAX_VALUE) {
        throw malformed("the new shape " + shape(wanted) + " is no shape");
      } else {
        known *= dims[d];
      }
    }
    if (unknown >= 0) {
      int elements = inputTensor(0).shape().elements();
      if (known == 0 || elements % known != 0) {
        throw malformed(
            "the new shape " + shape(wanted) + " does not divide " + elements + " elements");
      }
      dims[unknown] = (int) (elements / known);
    }
    expectOutput(dims, "the new shape " + shape(wanted));
    return reshape;
  }

  private Operator squeeze() {
    Shape in = inputTensor(0).shape();
    int[] dims = options.ints(Schema.SQUEEZE_DIMS);
    boolean[] drop = new boolean[in.rank()];
    for (int d : dims) {
      drop[axis(d, in.rank())] = true;
    }
    List<Integer> left = new ArrayList<>();
    for (int d = 0; d < in.rank(); d++) {
      if (!drop[d] && (dims.length != 0 || in.dim(d) != 1)) {
        left.add(in.dim(d));
      }
    }
    expectOutput(left.stream().mapToInt(Integer::intValue).toArray(), "SQUEEZE of " + in);
    return new Operator.Reshape(Operator.Reshape.Mode.SQUEEZE, input(0), output());
  }

  private Operator expandDims() {
    Shape in = inputTensor(0).shape();
    int axis = axis(single(1, "axis"), in.rank() + 1);
    int[] dims = new int[in.rank() + 1];
    for (int d = 0; d < dims.length; d++) {
      dims[d] = d == axis ? 1 : in.dim(d < axis ? d : d - 1);
    }
    expectOutput(dims, "EXPAND_DIMS of " + in + " at " + axis);
    return new Operator.Reshape(Operator.Reshape.Mode.EXPAND_DIMS, input(0), output());
  }

  private Operator concatenation() {
    List<Integer> parts = new ArrayList<>();
    for (int i = 0; i < inputs.length; i++) {
      parts.add(input(i));
    }
    return new Operator.Concatenation(
        parts,
        output(),
        axis(options.int32(Schema.CONCATENATION_AXIS, 0), inputTensor(0).shape().rank()),
        activation(Schema.CONCATENATION_ACTIVATION));
  }

  private Operator split() {
    int axis = axis(single(0, "axis"), inputTensor(1).shape().rank());
    int count = options.int32(Schema.SPLIT_COUNT, 0);
    if (count != outputs.length) {
      throw malformed("num_splits is " + count + ", the outputs are " + outputs.length);
    }
    List<Integer> parts = new ArrayList<>();
    for (int t : outputs) {
      parts.add(used(t, Schema.OPERATOR_OUTPUTS));
    }
    return new Operator.Split(input(1), parts, axis);
  }

  private Operator slice() {
    Shape in = inputTensor(0).shape();
    int[] begin = perDimension(1, "begin", in);
    int[] size = perDimension(2, "size", in);
    List<Integer> sizes = new ArrayList<>();
    List<Integer> strides = new ArrayList<>();
    for (int d = 0; d < in.rank(); d++) {
      sizes.add(size[d] == -1 ? in.dim(d) - begin[d] : size[d]);
      strides.add(1);
    }
    return new Operator.Slice(false, input(0), output(), list(begin), strides, sizes);
  }

  private Operator stridedSlice() {
    StridedSliceSpec.Resolved r = resolve(inputTensor(0).shape());
    expectOutput(r.outputDims().stream().mapToInt(Integer::intValue).toArray(), "the slice");
    return new Operator.Slice(true, input(0), output(), r.begin(), r.strides(), r.sizes());
  }

  private StridedSliceSpec.Resolved resolve(Shape in) {
    StridedSliceSpec spec =
        new StridedSliceSpec(
            configuration(1, "begin"),
            configuration(2, "end"),
            configuration(3, "strides"),
            options.int32(Schema.STRIDED_SLICE_BEGIN_MASK, 0),
            options.int32(Schema.STRIDED_SLICE_END_MASK, 0),
            options.int32(Schema.STRIDED_SLICE_ELLIPSIS_MASK, 0),
            options.int32(Schema.STRIDED_SLICE_NEW_AXIS_MASK, 0),
            options.int32(Schema.STRIDED_SLICE_SHRINK_AXIS_MASK, 0),
            options.bool(Schema.STRIDED_SLICE_OFFSET));
    try {
      return spec.resolve(in);
    } catch (IllegalArgumentException e) {
      throw malformed(e.getMessage());
    }
  }

  private Operator resize(Operator.Resize.Mode mode, Field alignCorners, Field halfPixel) {
    int[] size = configuration(1, "size");
    Shape out = outputTensor().shape();
    if (size.length != 2 || out.rank() != 4 || out.dim(1) != size[0] || out.dim(2) != size[1]) {
      throw malformed("the new size is " + shape(size) + ", the output tensor is " + out);
    }
    return new Operator.Resize(
        mode, input(0), output(), options.bool(alignCorners), options.bool(halfPixel));
  }

  private Operator argMax() {
    int type = options.int8(Schema.ARG_MAX_OUTPUT_TYPE, 0);
    Tensor out = outputTensor();
    // FLOAT32 is 0, the value of an option that was left out.
    if (type != 0 && !Schema.typeName(type).equals(out.type().name())) {
      throw malformed(
          "output_type is " + Schema.typeName(type) + ", the output tensor is " + out.type());
    }
    return new Operator.ArgMax(
        input(0), output(), axis(single(1, "axis"), inputTensor(0).shape().rank()));
  }

  private FlatTable options() {
    int type = table.uint8(Schema.OPERATOR_OPTIONS_TYPE, 0);
    FlatTable t = type == 0 ? null : table.table(Schema.OPERATOR_OPTIONS, "options");
    if (t == null || kind.optionsType == 0) {
      return table.absent("options");
    }
    if (type != kind.optionsType) {
      throw table.error(
          Schema.OPERATOR_OPTIONS_TYPE, type + ", where " + kind + " has " + kind.optionsType);
    }
    return t;
  }

  private int[] tensors(Field field) {
    int[] r = table.ints(field);
    for (int t : r) {
      if (t < Operator.NO_TENSOR || t >= graph.tensorCount()) {
        throw table.error(field, "tensor " + t + " of " + graph.tensorCount());
      }
    }
    return r;
  }

  private int input(int position) {
    return used(inputs[position], Schema.OPERATOR_INPUTS);
  }

  private int optional(int position) {
    return position >= inputs.length || inputs[position] == Operator.NO_TENSOR
        ? Operator.NO_TENSOR
        : input(position);
  }

  private int output() {
    return used(outputs[0], Schema.OPERATOR_OUTPUTS);
  }

  private Tensor inputTensor(int position) {
    return tensor(inputs[position], Schema.OPERATOR_INPUTS);
  }

  private Tensor outputTensor() {
    return tensor(outputs[0], Schema.OPERATOR_OUTPUTS);
  }

  private int used(int t, Field field) {
    tensor(t, field);
    if (graph.computed(t) != null) {
      throw new UnsupportedModelException(
          name + ": computing with the shape of a tensor is not supported");
    }
    return graph.use(t);
  }

  private Tensor tensor(int t, Field field) {
    if (t == Operator.NO_TENSOR) {
      throw table.error(field, kind + " needs a tensor that is absent (-1)");
    }
    try {
      return graph.tensor(t);
    } catch (UnsupportedModelException e) {
      throw new UnsupportedModelException(name + ": " + e.getMessage());
    }
  }

  /** The numbers of an operand that configures the operator. */
  private int[] configuration(int position, String what) {
    Tensor t = inputTensor(position);
    int[] computed = graph.computed(inputs[position]);
    if (computed != null) {
      return computed.clone();
    }
    if (!t.isConstant()) {
      throw new UnsupportedModelException(
          name + ": its " + what + " is computed at run time, which is not supported");
    }
    int n = t.shape().elements();
    if (n > MAX_CONFIGURATION) {
      throw malformed("its " + what + " has " + n + " numbers");
    }
    if (t.type() == DataType.INT32) {
      return t.ints();
    }
    if (t.type() != DataType.INT64) {
      throw malformed("its " + what + " is " + t.type() + ", not INT32 or INT64");
    }
    int[] r = new int[n];
    for (int i = 0; i < n; i++) {
      long v = t.data().getLong(8 * i);
      r[i] = (int) Math.max(Integer.MIN_VALUE, Math.min(Integer.MAX_VALUE, v));
    }
    return r;
  }

  private int single(int position, String what) {
    int[] v = configuration(position, what);
    if (v.length != 1) {
      throw malformed("its " + what + " has " + v.length + " numbers, not 1");
    }
    return v[0];
  }

  private int[] perDimension(int position, String what, Shape in) {
    int[] v = configuration(position, what);
    if (v.length != in.rank()) {
      throw malformed(
          "its " + what + " has " + v.length + " numbers, the input " + in.rank() + " dimensions");
    }
    return v;
  }

  private int axis(int axis, int rank) {
    int r = axis < 0 ? axis + rank : axis;
    if (r < 0 || r >= rank) {
      throw malformed("axis " + axis + " of " + rank + " dimensions");
    }
    return r;
  }

  private Padding padding(Field field) {
    int p = options.int8(field, 0);
    return switch (p) {
      case 0 -> Padding.SAME;
      case 1 -> Padding.VALID;
      default -> throw options.error(field, "padding " + p);
    };
  }

  private Activation activation(Field field) {
    String a = Schema.activationName(options.int8(field, 0));
    for (Activation activation : Activation.values()) {
      if (activation.name().equals(a)) {
        return activation;
      }
    }
    throw new UnsupportedModelException(name + ": fused activation " + a + " is not supported");
  }

  private void expectOutput(int[] dims, String what) {
    Shape out = outputTensor().shape();
    if (!java.util.Arrays.equals(dims, out.toArray())) {
      throw malformed(what + " gives " + shape(dims) + ", the output tensor is " + out);
    }
  }

  private ModelFormatException malformed(String problem) {
    return new ModelFormatException(name + ": " + problem);
  }

  private static List<Integer> list(int[] v) {
    List<Integer> r = new ArrayList<>();
    for (int i : v) {
      r.add(i);
    }
    return r;
  }

  private static String shape(int[] dims) {
    StringBuilder s = new StringBuilder();
    for (int d : dims) {
      s.append(s.isEmpty() ? "" : "x").append(d);
    }
    return s.isEmpty() ? "scalar" : s.toString();
  }
}
