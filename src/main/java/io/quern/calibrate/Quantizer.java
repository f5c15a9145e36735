package io.quern.calibrate;

import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Quantization;
import io.quern.model.Shape;
import io.quern.model.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * From a float graph and the ranges of its activations to an int8 graph by TensorFlow Lite's 8-bit
 * quantization specification.
 *
 * <p>Weights int8 in [-127, 127], zero point 0, one scale per output channel (axis 0, depthwise
 * axis 3) or per tensor; activations int8, one scale and zero point, real 0 exactly representable;
 * biases int32, scale = input scale * weight scale, zero point 0, kept within 2^30 by enlarging the
 * weight scale of a channel that needs it; constant operands of element-wise operators int8 by
 * their own range. A fused activation needs nothing: the observed range is the one after it, and
 * the kernels clamp. Tensors keep their names; a conversion adds {@code _int8} or {@code _float}.
 */
public final class Quantizer {
  private final Recipe recipe;
  private final Graph graph;
  private final Quantization[] parameters;
  private final List<Tensor> tensors = new ArrayList<>();
  private final List<Operator> operators = new ArrayList<>();
  private final List<Map<Quantization, Integer>> forms = new ArrayList<>();
  private final int[] tensorOf;
  private final int[] operatorOf;

  private Quantizer(Recipe recipe) {
    this.recipe = recipe;
    this.graph = recipe.graph;
    this.parameters = ActivationParameters.of(graph, recipe.ranges);
    this.tensorOf = new int[graph.tensors().size()];
    this.operatorOf = new int[graph.operators().size()];
    Arrays.fill(tensorOf, -1);
    for (int t = 0; t < tensorOf.length; t++) {
      forms.add(new HashMap<>());
    }
  }

  /**
   * A quantized graph and where it came from.
   *
   * @param graph int8
   * @param tensorOf for each tensor of the float graph the one that the same operator writes here,
   *     or -1 for constants
   * @param operatorOf for each operator of the float graph its index here
   */
  record Quantized(Graph graph, int[] tensorOf, int[] operatorOf) {}

  /**
   * Quantizes with weights rounded to nearest.
   *
   * @param floatGraph no tensor of which is quantized
   * @param ranges one per tensor; those of constants and of tensors that are not float are ignored
   * @param options of which the weight scales and the type of inputs and outputs are used
   * @throws IllegalArgumentException if a float activation has no range
   */
  public static Graph quantize(Graph floatGraph, Range[] ranges, CalibrationOptions options) {
    for (int t = 0; t < floatGraph.tensors().size(); t++) {
      Tensor tensor = floatGraph.tensor(t);
      if (ranges[t] == null && tensor.type() == DataType.FLOAT32 && !tensor.isConstant()) {
        throw new IllegalArgumentException("no range for tensor " + t + " " + tensor.name());
      }
    }
    Recipe r = new Recipe(floatGraph, ranges.clone());
    r.floatInputOutput = options.floatInputOutput();
    r.quantizeWeights(options);
    return quantize(r).graph();
  }

  /** Carries out a recipe. */
  static Quantized quantize(Recipe recipe) {
    return new Quantizer(recipe).run();
  }

  /**
   * The int8 parameters that each activation of the recipe's graph will have; null for other
   * tensors.
   */
  static Quantization[] parameters(Recipe recipe) {
    return ActivationParameters.of(recipe.graph, recipe.ranges);
  }

  private Quantized run() {
    List<Integer> inputs = new ArrayList<>();
    for (int t : graph.inputs()) {
      inputs.add(define(t, recipe.floatInputOutput ? null : parameters[t]));
    }
    for (int i = 0; i < graph.operators().size(); i++) {
      Operator op = graph.operators().get(i);
      boolean isFloat = recipe.floatOperators.contains(i);
      Operator emitted = isFloat ? emitFloat(op) : emitInt8(op, i);
      operatorOf[i] = operators.size();
      operators.add(emitted);
    }
    List<Integer> outputs = new ArrayList<>();
    for (int t : graph.outputs()) {
      outputs.add(form(t, recipe.floatInputOutput ? null : parameters[t]));
    }
    Graph quantized =
        new Graph(graph.name(), tensors, operators, inputs, outputs, graph.metadata());
    return new Quantized(quantized, tensorOf, operatorOf);
  }

  private Operator emitFloat(Operator op) {
    return Operators.map(op, t -> form(t, null), t -> define(t, null));
  }

  private Operator emitInt8(Operator op, int index) {
    Layer layer = Layer.of(op);
    if (layer != null) {
      return emitLayer(layer, index);
    }
    Quantization shared = Operators.sharesQuantization(op) ? parameters[op.firstOutput()] : null;
    return Operators.map(
        op,
        t ->
            form(
                t,
                shared != null
                    ? shared
                    : graph.tensor(t).isConstant() ? ownRange(t) : parameters[t]),
        t -> define(t, parameters[t]));
  }

  private Operator emitLayer(Layer layer, int index) {
    Quantization in = parameters[layer.input()];
    int input = form(layer.input(), in);
    Tensor w = graph.tensor(layer.weights());
    float[] bias = recipe.bias(index, layer);
    QuantizedWeights q = recipe.weights.get(index).fitBias(layer, w.shape(), in.scale(), bias);
    int weights = add(q.toTensor(w.name(), w.shape(), layer.axis()));
    String biasName =
        layer.bias() == Operator.NO_TENSOR ? w.name() + "_bias" : graph.tensor(layer.bias()).name();
    for (float scale : q.scales()) {
      if (!Float.isFinite(in.scale() * scale)) {
        throw new IllegalArgumentException(
            graph.operatorName(index)
                + ": input scale "
                + in.scale()
                + " times weight scale "
                + scale
                + " overflows");
      }
    }
    int b = add(bias(biasName, bias, q.scales(), in.scale()));
    return layer.with(
        input, weights, b, define(layer.output(), parameters[layer.output()]), layer.activation());
  }

  private static Tensor bias(String name, float[] bias, float[] weightScales, float inputScale) {
    int[] q = new int[bias.length];
    float[] scales = new float[weightScales.length];
    for (int c = 0; c < scales.length; c++) {
      scales[c] = inputScale * weightScales[c];
    }
    for (int c = 0; c < q.length; c++) {
      q[c] = (int) Math.rint((double) bias[c] / scales[scales.length == 1 ? 0 : c]);
    }
    Quantization quantization =
        scales.length == 1
            ? Quantization.perTensor(scales[0], 0)
            : Quantization.perChannel(scales, new int[scales.length], 0);
    return Tensor.constant(name, Shape.of(q.length), quantization, q);
  }

  private Quantization ownRange(int t) {
    if (graph.tensor(t).type() != DataType.FLOAT32) {
      return null;
    }
    float min = 0;
    float max = 0;
    for (float v : graph.tensor(t).floats()) {
      min = Math.min(min, v);
      max = Math.max(max, v);
    }
    return new Range(min, max).toInt8();
  }

  private int add(Tensor t) {
    tensors.add(t);
    return tensors.size() - 1;
  }

  /**
   * The tensor that an operator writes: int8 with the given parameters, or of its old type when
   * null.
   */
  private int define(int t, Quantization q) {
    Tensor old = graph.tensor(t);
    int made =
        add(Tensor.activation(old.name(), q == null ? old.type() : DataType.INT8, old.shape(), q));
    forms.get(t).put(q, made);
    tensorOf[t] = made;
    return made;
  }

  /**
   * A tensor in the wanted form (float or as it was when {@code q} is null), converted where it has
   * another one.
   */
  private int form(int t, Quantization q) {
    Integer known = forms.get(t).get(q);
    if (known != null) {
      return known;
    }
    Tensor old = graph.tensor(t);
    int made;
    if (old.isConstant()) {
      made = add(q == null ? old : quantizeConstant(old, q));
    } else if (q == null) {
      made = add(Tensor.activation(old.name() + "_float", DataType.FLOAT32, old.shape(), null));
      operators.add(new Operator.Dequantize(tensorOf[t], made));
    } else {
      made = add(Tensor.activation(old.name() + "_int8", DataType.INT8, old.shape(), q));
      operators.add(new Operator.Quantize(tensorOf[t], made));
    }
    forms.get(t).put(q, made);
    return made;
  }

  private static Tensor quantizeConstant(Tensor old, Quantization q) {
    float[] v = old.floats();
    byte[] r = new byte[v.length];
    for (int i = 0; i < r.length; i++) {
      double level = Math.rint((double) v[i] / q.scale()) + q.zeroPoint();
      r[i] = (byte) Math.max(-128, Math.min(127, level));
    }
    return Tensor.constant(old.name(), old.shape(), q, r);
  }
}
