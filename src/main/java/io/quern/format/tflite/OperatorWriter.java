package io.quern.format.tflite;

import com.google.flatbuffers.FlatBufferBuilder;
import io.quern.format.tflite.Schema.Field;
import io.quern.model.Activation;
import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Padding;
import io.quern.model.Quantization;
import io.quern.model.Shape;
import io.quern.model.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Writes one operator's options and its inputs, with attributes turned back into constants. */
final class OperatorWriter {
  private final Graph graph;
  private final Operator operator;
  private final GraphWriter writer;
  private final FlatBufferBuilder out;

  OperatorWriter(Graph graph, Operator operator, GraphWriter writer, FlatBufferBuilder out) {
    this.graph = graph;
    this.operator = operator;
    this.writer = writer;
    this.out = out;
  }

  /** The inputs in the file's order. Adds the constants that configure the operator. */
  int[] inputs() {
    if (operator instanceof Operator.Conv2d c && c.bias() == Operator.NO_TENSOR) {
      return new int[] {c.input(), c.weights(), zeroBias(c)};
    }
    if (operator instanceof Operator.TransposeConv c) {
      int shape = vector("output_shape", output().toArray());
      return present(shape, c.weights(), c.input(), c.bias());
    }
    if (operator instanceof Operator.Mean m) {
      return new int[] {m.input(), vector("axes", m.axes())};
    }
    if (operator instanceof Operator.Pad p) {
      return present(p.input(), paddings(p), p.value());
    }
    if (operator instanceof Operator.Reshape r) {
      return switch (r.mode()) {
        case RESHAPE -> new int[] {r.input(), vector("shape", output().toArray())};
        case SQUEEZE -> new int[] {r.input()};
        case EXPAND_DIMS -> new int[] {r.input(), scalar("axis", insertedDimension(r))};
      };
    }
    if (operator instanceof Operator.Transpose t) {
      return new int[] {t.input(), vector("permutation", t.permutation())};
    }
    if (operator instanceof Operator.Split s) {
      return new int[] {scalar("axis", s.axis()), s.input()};
    }
    if (operator instanceof Operator.Slice s) {
      return s.strided()
          ? stridedSliceInputs(s)
          : new int[] {s.input(), vector("begin", s.begin()), vector("size", s.sizes())};
    }
    if (operator instanceof Operator.Resize r) {
      return new int[] {r.input(), vector("size", output().dim(1), output().dim(2))};
    }
    if (operator instanceof Operator.ArgMax a) {
      return new int[] {a.input(), scalar("axis", a.axis())};
    }
    return present(operator.inputs().stream().mapToInt(Integer::intValue).toArray());
  }

  /** The table of options; for operators that have one. */
  int options() {
    if (operator instanceof Operator.Conv2d c) {
      out.startTable(Schema.CONV_FIELDS);
      padding(Schema.CONV_PADDING, c.padding());
      number(Schema.CONV_STRIDE_W, c.strideW(), 0);
      number(Schema.CONV_STRIDE_H, c.strideH(), 0);
      activation(Schema.CONV_ACTIVATION, c.activation());
      number(Schema.CONV_DILATION_W, c.dilationW(), 1);
      number(Schema.CONV_DILATION_H, c.dilationH(), 1);
    } else if (operator instanceof Operator.DepthwiseConv2d c) {
      out.startTable(Schema.DEPTHWISE_FIELDS);
      padding(Schema.DEPTHWISE_PADDING, c.padding());
      number(Schema.DEPTHWISE_STRIDE_W, c.strideW(), 0);
      number(Schema.DEPTHWISE_STRIDE_H, c.strideH(), 0);
      number(Schema.DEPTHWISE_MULTIPLIER, c.depthMultiplier(), 0);
      activation(Schema.DEPTHWISE_ACTIVATION, c.activation());
      number(Schema.DEPTHWISE_DILATION_W, c.dilationW(), 1);
      number(Schema.DEPTHWISE_DILATION_H, c.dilationH(), 1);
    } else if (operator instanceof Operator.TransposeConv c) {
      out.startTable(Schema.TRANSPOSE_CONV_FIELDS);
      padding(Schema.TRANSPOSE_CONV_PADDING, c.padding());
      number(Schema.TRANSPOSE_CONV_STRIDE_W, c.strideW(), 0);
      number(Schema.TRANSPOSE_CONV_STRIDE_H, c.strideH(), 0);
      activation(Schema.TRANSPOSE_CONV_ACTIVATION, c.activation());
    } else if (operator instanceof Operator.FullyConnected c) {
      out.startTable(Schema.FULLY_CONNECTED_FIELDS);
      activation(Schema.FULLY_CONNECTED_ACTIVATION, c.activation());
      out.addBoolean(Schema.FULLY_CONNECTED_KEEP_NUM_DIMS.slot(), c.keepNumDims(), false);
    } else if (operator instanceof Operator.Pool2d p) {
      out.startTable(Schema.POOL_FIELDS);
      padding(Schema.POOL_PADDING, p.padding());
      number(Schema.POOL_STRIDE_W, p.strideW(), 0);
      number(Schema.POOL_STRIDE_H, p.strideH(), 0);
      number(Schema.POOL_WINDOW_W, p.windowW(), 0);
      number(Schema.POOL_WINDOW_H, p.windowH(), 0);
      activation(Schema.POOL_ACTIVATION, p.activation());
    } else if (operator instanceof Operator.Mean m) {
      out.startTable(Schema.REDUCER_FIELDS);
      out.addBoolean(Schema.REDUCER_KEEP_DIMS.slot(), m.keepDims(), false);
    } else if (operator instanceof Operator.Binary b) {
      out.startTable(Schema.BINARY_FIELDS);
      activation(Schema.BINARY_ACTIVATION, b.activation());
    } else if (operator instanceof Operator.Unary u) {
      out.startTable(Schema.LEAKY_RELU_FIELDS);
      if (u.function() == Operator.Unary.Function.LEAKY_RELU) {
        out.addFloat(Schema.LEAKY_RELU_ALPHA.slot(), u.alpha(), 0);
      }
    } else if (operator instanceof Operator.Reshape r) {
      return reshapeOptions(r);
    } else if (operator instanceof Operator.Concatenation c) {
      out.startTable(Schema.CONCATENATION_FIELDS);
      number(Schema.CONCATENATION_AXIS, c.axis(), 0);
      activation(Schema.CONCATENATION_ACTIVATION, c.activation());
    } else if (operator instanceof Operator.Split s) {
      out.startTable(Schema.SPLIT_FIELDS);
      number(Schema.SPLIT_COUNT, s.outputs().size(), 0);
    } else if (operator instanceof Operator.Slice s && s.strided()) {
      stridedSliceOptions(s);
    } else if (operator instanceof Operator.Softmax s) {
      out.startTable(Schema.SOFTMAX_FIELDS);
      out.addFloat(Schema.SOFTMAX_BETA.slot(), s.beta(), 0);
    } else if (operator instanceof Operator.Resize r) {
      boolean bilinear = r.mode() == Operator.Resize.Mode.BILINEAR;
      out.startTable(bilinear ? Schema.RESIZE_BILINEAR_FIELDS : Schema.RESIZE_NEAREST_FIELDS);
      out.addBoolean(
          (bilinear ? Schema.RESIZE_BILINEAR_ALIGN_CORNERS : Schema.RESIZE_NEAREST_ALIGN_CORNERS)
              .slot(),
          r.alignCorners(),
          false);
      out.addBoolean(
          (bilinear ? Schema.RESIZE_BILINEAR_HALF_PIXEL : Schema.RESIZE_NEAREST_HALF_PIXEL).slot(),
          r.halfPixelCenters(),
          false);
    } else if (operator instanceof Operator.ArgMax) {
      DataType type = graph.tensor(operator.firstOutput()).type();
      out.startTable(Schema.ARG_MAX_FIELDS);
      out.addByte(Schema.ARG_MAX_OUTPUT_TYPE.slot(), (byte) Schema.typeCode(type.name()), 0);
    } else {
      out.startTable(0);
    }
    return out.endTable();
  }

  /** TensorFlow Lite's CONV_2D insists on a bias. */
  private int zeroBias(Operator.Conv2d c) {
    Quantization in = graph.tensor(c.input()).quantization();
    Quantization w = graph.tensor(c.weights()).quantization();
    int channels = output().dim(3);
    Shape shape = Shape.of(channels);
    if (graph.tensor(c.input()).type() == DataType.FLOAT32) {
      return writer.configuration(Tensor.constant(name("bias"), shape, new float[channels]));
    }
    float[] scales = new float[w.channels()];
    for (int i = 0; i < scales.length; i++) {
      scales[i] = Math.max(in.scale() * w.scale(i), Float.MIN_NORMAL);
    }
    Quantization q =
        w.isPerTensor()
            ? Quantization.perTensor(scales[0], 0)
            : Quantization.perChannel(scales, new int[scales.length], 0);
    return writer.configuration(Tensor.constant(name("bias"), shape, q, new int[channels]));
  }

  private int reshapeOptions(Operator.Reshape r) {
    if (r.mode() == Operator.Reshape.Mode.EXPAND_DIMS) {
      out.startTable(0);
      return out.endTable();
    }
    boolean squeeze = r.mode() == Operator.Reshape.Mode.SQUEEZE;
    int[] dims = squeeze ? droppedDimensions(r) : output().toArray();
    out.startVector(4, dims.length, 4);
    for (int d = dims.length - 1; d >= 0; d--) {
      out.addInt(dims[d]);
    }
    int vector = out.endVector();
    out.startTable(squeeze ? Schema.SQUEEZE_FIELDS : Schema.RESHAPE_FIELDS);
    out.addOffset((squeeze ? Schema.SQUEEZE_DIMS : Schema.RESHAPE_NEW_SHAPE).slot(), vector, 0);
    return out.endTable();
  }

  /** Dimensions of 1 that the output lacks; of several in a row the first ones go. */
  private int[] droppedDimensions(Operator.Reshape r) {
    Shape in = graph.tensor(r.input()).shape();
    List<Integer> dropped = new ArrayList<>();
    int o = output().rank() - 1;
    for (int d = in.rank() - 1; d >= 0; d--) {
      if (o >= 0 && in.dim(d) == output().dim(o)) {
        o--;
      } else {
        dropped.add(0, d);
      }
    }
    return dropped.stream().mapToInt(Integer::intValue).toArray();
  }

  private int insertedDimension(Operator.Reshape r) {
    Shape in = graph.tensor(r.input()).shape();
    int d = 0;
    while (d < in.rank() && output().dim(d) == in.dim(d)) {
      d++;
    }
    return d;
  }

  private int paddings(Operator.Pad p) {
    int rank = p.before().size();
    int[] pairs = new int[2 * rank];
    for (int d = 0; d < rank; d++) {
      pairs[2 * d] = p.before().get(d);
      pairs[2 * d + 1] = p.after().get(d);
    }
    return writer.configuration(Tensor.constant(name("paddings"), Shape.of(rank, 2), null, pairs));
  }

  /**
   * Begin, end and strides per dimension; a dimension that the output inserts has an entry of its
   * own.
   */
  private int[] stridedSliceInputs(Operator.Slice s) {
    List<Integer> begin = new ArrayList<>();
    List<Integer> end = new ArrayList<>();
    List<Integer> strides = new ArrayList<>();
    for (Dimension dim : dimensions(s)) {
      int d = dim.input;
      int first = d < 0 ? 0 : s.begin().get(d);
      int stride = d < 0 ? 1 : s.strides().get(d);
      int stop = d < 0 ? 1 : first + (s.sizes().get(d) - 1) * stride + Integer.signum(stride);
      begin.add(first);
      end.add(Math.max(stop, 0));
      strides.add(stride);
    }
    return new int[] {
      s.input(), vector("begin", begin), vector("end", end), vector("strides", strides)
    };
  }

  private void stridedSliceOptions(Operator.Slice s) {
    int endMask = 0;
    int newAxisMask = 0;
    int shrinkAxisMask = 0;
    List<Dimension> dims = dimensions(s);
    for (int i = 0; i < dims.size(); i++) {
      int d = dims.get(i).input;
      if (d < 0) {
        newAxisMask |= 1 << i;
        continue;
      }
      int stride = s.strides().get(d);
      // Backwards past the first element has no index: -1 would be the last.
      if (stride < 0 && s.begin().get(d) + (s.sizes().get(d) - 1) * stride == 0) {
        endMask |= 1 << i;
      }
      if (dims.get(i).dropped) {
        shrinkAxisMask |= 1 << i;
      }
    }
    out.startTable(Schema.STRIDED_SLICE_FIELDS);
    number(Schema.STRIDED_SLICE_END_MASK, endMask, 0);
    number(Schema.STRIDED_SLICE_NEW_AXIS_MASK, newAxisMask, 0);
    number(Schema.STRIDED_SLICE_SHRINK_AXIS_MASK, shrinkAxisMask, 0);
  }

  /** An entry of STRIDED_SLICE: a dimension of the input, or -1 for one that is inserted. */
  private record Dimension(int input, boolean dropped) {}

  private List<Dimension> dimensions(Operator.Slice s) {
    List<Dimension> r = new ArrayList<>();
    int[] o = output().toArray();
    int i = 0;
    int j = 0;
    while (i < s.sizes().size() || j < o.length) {
      if (i < s.sizes().size() && j < o.length && s.sizes().get(i) == o[j]) {
        r.add(new Dimension(i++, false));
        j++;
      } else if (i < s.sizes().size() && s.sizes().get(i) == 1) {
        r.add(new Dimension(i++, true));
      } else {
        r.add(new Dimension(-1, false));
        j++;
      }
    }
    return r;
  }

  private Shape output() {
    return graph.tensor(operator.firstOutput()).shape();
  }

  private String name(String what) {
    return graph.tensor(operator.firstOutput()).name() + "/" + what;
  }

  private int vector(String what, int... values) {
    return writer.configuration(Tensor.constant(name(what), Shape.of(values.length), null, values));
  }

  private int vector(String what, List<Integer> values) {
    return vector(what, values.stream().mapToInt(Integer::intValue).toArray());
  }

  private int scalar(String what, int value) {
    return writer.configuration(Tensor.constant(name(what), Shape.of(), null, new int[] {value}));
  }

  /** The tensors without absent ones; those are last. */
  private static int[] present(int... tensors) {
    return IntStream.of(tensors).filter(t -> t != Operator.NO_TENSOR).toArray();
  }

  private void number(Field field, int value, int absent) {
    out.addInt(field.slot(), value, absent);
  }

  private void padding(Field field, Padding padding) {
    out.addByte(field.slot(), (byte) (padding == Padding.SAME ? 0 : 1), 0);
  }

  private void activation(Field field, Activation activation) {
    out.addByte(field.slot(), (byte) Schema.activationCode(activation.name()), 0);
  }
}
