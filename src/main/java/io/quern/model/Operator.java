package io.quern.model;

import java.util.ArrayList;
import java.util.List;

/**
 * An operator of a {@link Graph}. Tensors are indices into {@link Graph#tensors()}; {@link
 * #NO_TENSOR} marks an absent optional tensor. Operands that only configure the operator (axes,
 * paddings, permutations, new shapes) are attributes here, whether the file had them as attributes
 * or as constant tensors. Layouts: activations [N, H, W, C]; convolution weights [O, KH, KW, I];
 * depthwise weights [1, KH, KW, C * depthMultiplier]; fully connected weights [O, I].
 */
public sealed interface Operator {
  /** An optional tensor that is absent. */
  int NO_TENSOR = -1;

  /** Name of the operator in the field's file format, such as {@code CONV_2D}. */
  String kind();

  /**
   * Tensors that are read, in a fixed order; {@link #NO_TENSOR} where an optional one is absent.
   */
  List<Integer> inputs();

  /** Tensors that are written. */
  List<Integer> outputs();

  /**
   * 2-D convolution; weights [O, KH, KW, I] where I may divide C (grouped convolution); bias [O] or
   * absent.
   */
  record Conv2d(
      int input,
      int weights,
      int bias,
      int output,
      Padding padding,
      int strideH,
      int strideW,
      int dilationH,
      int dilationW,
      Activation activation)
      implements Operator {
    @Override
    public String kind() {
      return "CONV_2D";
    }

    @Override
    public List<Integer> inputs() {
      return List.of(input, weights, bias);
    }

    @Override
    public List<Integer> outputs() {
      return List.of(output);
    }
  }

  /**
   * Depthwise 2-D convolution; weights [1, KH, KW, C * depthMultiplier]; bias [C * depthMultiplier]
   * or absent.
   */
  record DepthwiseConv2d(
      int input,
      int weights,
      int bias,
      int output,
      Padding padding,
      int strideH,
      int strideW,
      int dilationH,
      int dilationW,
      int depthMultiplier,
      Activation activation)
      implements Operator {
    @Override
    public String kind() {
      return "DEPTHWISE_CONV_2D";
    }

    @Override
    public List<Integer> inputs() {
      return List.of(input, weights, bias);
    }

    @Override
    public List<Integer> outputs() {
      return List.of(output);
    }
  }

  /**
   * Transposed 2-D convolution; weights [O, KH, KW, I]; bias [O] or absent; the output's shape is
   * given.
   */
  record TransposeConv(
      int input,
      int weights,
      int bias,
      int output,
      Padding padding,
      int strideH,
      int strideW,
      Activation activation)
      implements Operator {
    @Override
    public String kind() {
      return "TRANSPOSE_CONV";
    }

    @Override
    public List<Integer> inputs() {
      return List.of(input, weights, bias);
    }

    @Override
    public List<Integer> outputs() {
      return List.of(output);
    }
  }

  /**
   * Fully connected layer; weights [O, I]; bias [O] or absent; the input is seen as [elements / I,
   * I].
   */
  record FullyConnected(
      int input, int weights, int bias, int output, boolean keepNumDims, Activation activation)
      implements Operator {
    @Override
    public String kind() {
      return "FULLY_CONNECTED";
    }

    @Override
    public List<Integer> inputs() {
      return List.of(input, weights, bias);
    }

    @Override
    public List<Integer> outputs() {
      return List.of(output);
    }
  }

  /** Average or maximum over a window. */
  record Pool2d(
      Mode mode,
      int input,
      int output,
      Padding padding,
      int strideH,
      int strideW,
      int windowH,
      int windowW,
      Activation activation)
      implements Operator {
    /** What is computed over the window; positions outside the input do not take part. */
    public enum Mode {
      /** Mean of the positions inside the input. */
      AVERAGE,
      /** Largest of them. */
      MAX
    }

    @Override
    public String kind() {
      return mode == Mode.AVERAGE ? "AVERAGE_POOL_2D" : "MAX_POOL_2D";
    }

    @Override
    public List<Integer> inputs() {
      return List.of(input);
    }

    @Override
    public List<Integer> outputs() {
      return List.of(output);
    }
  }

  /** Mean over axes (each in 0..rank-1, distinct, ascending). */
  record Mean(int input, int output, List<Integer> axes, boolean keepDims) implements Operator {
    /** Copies the list. */
    public Mean {
      axes = List.copyOf(axes);
    }

    @Override
    public String kind() {
      return "MEAN";
    }

    @Override
    public List<Integer> inputs() {
      return List.of(input);
    }

    @Override
    public List<Integer> outputs() {
      return List.of(output);
    }
  }

  /** Element-wise operator of two tensors with numpy broadcasting. */
  record Binary(Function function, int left, int right, int output, Activation activation)
      implements Operator {
    /** What is computed. */
    public enum Function {
      /** left + right. */
      ADD,
      /** left - right. */
      SUB,
      /** left * right. */
      MUL
    }

    @Override
    public String kind() {
      return function.name();
    }

    @Override
    public List<Integer> inputs() {
      return List.of(left, right);
    }

    @Override
    public List<Integer> outputs() {
      return List.of(output);
    }
  }

  /** Element-wise function of one tensor. */
  record Unary(Function function, int input, int output, float alpha) implements Operator {
    /** What is computed. */
    public enum Function {
      /** max(x, 0). */
      RELU,
      /** min(max(x, 0), 6). */
      RELU6,
      /** min(max(x, -1), 1). */
      RELU_N1_TO_1,
      /** x for x at least 0, else alpha * x. */
      LEAKY_RELU,
      /** 1 / (1 + exp(-x)). */
      LOGISTIC,
      /** tanh(x). */
      TANH,
      /** x * min(max(x + 3, 0), 6) / 6. */
      HARD_SWISH
    }

    /** A function without a parameter. */
    public Unary(Function function, int input, int output) {
      this(function, input, output, 0);
    }

    @Override
    public String kind() {
      return function.name();
    }

    @Override
    public List<Integer> inputs() {
      return List.of(input);
    }

    @Override
    public List<Integer> outputs() {
      return List.of(output);
    }
  }

  /**
   * x for x at least 0, else alpha * x; alpha is a constant tensor that broadcasts to the input.
   */
  record Prelu(int input, int alpha, int output) implements Operator {
    @Override
    public String kind() {
      return "PRELU";
    }

    @Override
    public List<Integer> inputs() {
      return List.of(input, alpha);
    }

    @Override
    public List<Integer> outputs() {
      return List.of(output);
    }
  }

  /**
   * Padding with a constant: the real number 0 (PAD), or the one element of {@code value} (PADV2).
   *
   * @param value a one-element tensor of the input's type, or {@link #NO_TENSOR}
   * @param before elements added before, one entry per dimension of the input
   * @param after elements added after, one entry per dimension of the input
   */
  record Pad(int input, int value, int output, List<Integer> before, List<Integer> after)
      implements Operator {
    /** Copies the lists. */
    public Pad {
      before = List.copyOf(before);
      after = List.copyOf(after);
    }

    @Override
    public String kind() {
      return value == NO_TENSOR ? "PAD" : "PADV2";
    }

    @Override
    public List<Integer> inputs() {
      return List.of(input, value);
    }

    @Override
    public List<Integer> outputs() {
      return List.of(output);
    }
  }

  /** The same elements in the same order under another shape: that of the output tensor. */
  record Reshape(Mode mode, int input, int output) implements Operator {
    /** Which operator of the file format this is. */
    public enum Mode {
      /** Any new shape. */
      RESHAPE,
      /** Dimensions of 1 removed. */
      SQUEEZE,
      /** A dimension of 1 inserted. */
      EXPAND_DIMS
    }

    @Override
    public String kind() {
      return mode.name();
    }

    @Override
    public List<Integer> inputs() {
      return List.of(input);
    }

    @Override
    public List<Integer> outputs() {
      return List.of(output);
    }
  }

  /** Dimension i of the output is dimension permutation[i] of the input. */
  record Transpose(int input, int output, List<Integer> permutation) implements Operator {
    /** Copies the list. */
    public Transpose {
      permutation = List.copyOf(permutation);
    }

    @Override
    public String kind() {
      return "TRANSPOSE";
    }

    @Override
    public List<Integer> inputs() {
      return List.of(input);
    }

    @Override
    public List<Integer> outputs() {
      return List.of(output);
    }
  }

  /** Tensors joined along an axis (0..rank-1). */
  record Concatenation(List<Integer> inputs, int output, int axis, Activation activation)
      implements Operator {
    /** Copies the list. */
    public Concatenation {
      inputs = List.copyOf(inputs);
    }

    @Override
    public String kind() {
      return "CONCATENATION";
    }

    @Override
    public List<Integer> outputs() {
      return List.of(output);
    }
  }

  /** A tensor cut into equal parts along an axis (0..rank-1). */
  record Split(int input, List<Integer> outputs, int axis) implements Operator {
    /** Copies the list. */
    public Split {
      outputs = List.copyOf(outputs);
    }

    @Override
    public String kind() {
      return "SPLIT";
    }

    @Override
    public List<Integer> inputs() {
      return List.of(input);
    }
  }

  /**
   * A regular sub-grid of a tensor: SLICE and STRIDED_SLICE with masks and negative indices
   * resolved.
   *
   * @param strided whether the file's operator is STRIDED_SLICE
   * @param begin first index per dimension of the input
   * @param strides step per dimension, not 0; all 1 for SLICE
   * @param sizes elements taken per dimension; dimensions that the output drops have size 1
   */
  record Slice(
      boolean strided,
      int input,
      int output,
      List<Integer> begin,
      List<Integer> strides,
      List<Integer> sizes)
      implements Operator {
    /** Copies the lists. */
    public Slice {
      begin = List.copyOf(begin);
      strides = List.copyOf(strides);
      sizes = List.copyOf(sizes);
    }

    @Override
    public String kind() {
      return strided ? "STRIDED_SLICE" : "SLICE";
    }

    @Override
    public List<Integer> inputs() {
      return List.of(input);
    }

    @Override
    public List<Integer> outputs() {
      return List.of(output);
    }
  }

  /** exp(beta * x) / sum exp(beta * x) along the last dimension. */
  record Softmax(int input, int output, float beta) implements Operator {
    @Override
    public String kind() {
      return "SOFTMAX";
    }

    @Override
    public List<Integer> inputs() {
      return List.of(input);
    }

    @Override
    public List<Integer> outputs() {
      return List.of(output);
    }
  }

  /** Resampling of H and W to the output's. */
  record Resize(Mode mode, int input, int output, boolean alignCorners, boolean halfPixelCenters)
      implements Operator {
    /** How values between positions are found. */
    public enum Mode {
      /** Bilinear interpolation. */
      BILINEAR,
      /** The nearest position. */
      NEAREST_NEIGHBOR
    }

    @Override
    public String kind() {
      return mode == Mode.BILINEAR ? "RESIZE_BILINEAR" : "RESIZE_NEAREST_NEIGHBOR";
    }

    @Override
    public List<Integer> inputs() {
      return List.of(input);
    }

    @Override
    public List<Integer> outputs() {
      return List.of(output);
    }
  }

  /** From float or from other quantization parameters to those of the output. */
  record Quantize(int input, int output) implements Operator {
    @Override
    public String kind() {
      return "QUANTIZE";
    }

    @Override
    public List<Integer> inputs() {
      return List.of(input);
    }

    @Override
    public List<Integer> outputs() {
      return List.of(output);
    }
  }

  /** From quantized to float. */
  record Dequantize(int input, int output) implements Operator {
    @Override
    public String kind() {
      return "DEQUANTIZE";
    }

    @Override
    public List<Integer> inputs() {
      return List.of(input);
    }

    @Override
    public List<Integer> outputs() {
      return List.of(output);
    }
  }

  /**
   * Index of the largest element along an axis (0..rank-1), the first of equals; output INT32 or
   * INT64.
   */
  record ArgMax(int input, int output, int axis) implements Operator {
    @Override
    public String kind() {
      return "ARG_MAX";
    }

    @Override
    public List<Integer> inputs() {
      return List.of(input);
    }

    @Override
    public List<Integer> outputs() {
      return List.of(output);
    }
  }

  /** The tensors that are read and present. */
  default List<Integer> presentInputs() {
    List<Integer> r = new ArrayList<>();
    for (int t : inputs()) {
      if (t != NO_TENSOR) {
        r.add(t);
      }
    }
    return r;
  }

  /** The first tensor that is written. */
  default int firstOutput() {
    return outputs().get(0);
  }
}
