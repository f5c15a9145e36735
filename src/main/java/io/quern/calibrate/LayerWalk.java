package io.quern.calibrate;

import io.quern.data.TensorCodec;
import io.quern.model.Activation;
import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Quantization;
import io.quern.model.Shape;
import io.quern.model.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Walks a float graph and its int8 form side by side, operator by operator, with all refinement
 * inputs at once; at each layer a {@link Refinement} may change the layer's weights and bias,
 * knowing what the float layer sees and what the int8 layer sees after all changes before it.
 *
 * <p>The int8 values are those of the real int8 kernels. Values are dropped after their last use;
 * the peak is the widest point of the network times five bytes times the number of inputs.
 */
final class LayerWalk {
  /** What is done at a layer. */
  @FunctionalInterface
  interface Refinement {
    /** Changes {@code recipe.weights} and {@code recipe.biases} of the operator, or nothing. */
    void refine(int operator, Layer layer, Site site, Recipe recipe);
  }

  /** A layer's surroundings during the walk. */
  final class Site {
    private final int operator;
    private final Layer layer;

    /** What the float layer reads, per input. */
    final float[][] floatInputs;

    /** What the int8 layer reads, as real numbers, per input. */
    final float[][] int8Inputs;

    Site(int operator, Layer layer, float[][] floatInputs, float[][] int8Inputs) {
      this.operator = operator;
      this.layer = layer;
      this.floatInputs = floatInputs;
      this.int8Inputs = int8Inputs;
    }

    /** The layer's result before its activation, computed in float, for each input. */
    float[][] beforeActivation(float[] weights, float[] bias, float[][] inputs) {
      try (MiniPlan plan = linear(layer, weights, bias)) {
        float[][] r = new float[inputs.length][];
        for (int n = 0; n < r.length; n++) {
          r[n] = (float[]) plan.run(List.of(inputs[n]))[0];
        }
        return r;
      }
    }

    /** The float layer's result before its activation. */
    float[][] target() {
      return beforeActivation(
          graph.tensor(layer.weights()).floats(), layer.biasValues(graph), floatInputs);
    }

    /** The int8 layer's result before its activation, up to the rounding of its bias. */
    float[][] approximation() {
      QuantizedWeights q = recipe.weights.get(operator);
      return beforeActivation(
          q.dequantize(layer, graph.tensor(layer.weights()).shape()),
          recipe.bias(operator, layer),
          int8Inputs);
    }
  }

  private final Recipe recipe;
  private final Graph graph;
  private final int threads;

  private LayerWalk(Recipe recipe, int threads) {
    this.recipe = recipe;
    this.graph = recipe.graph;
    this.threads = threads;
  }

  private MiniPlan linear(Layer layer, float[] weights, float[] bias) {
    Tensor w = graph.tensor(layer.weights());
    List<Tensor> tensors =
        List.of(
            graph.tensor(layer.input()),
            Tensor.constant(w.name(), w.shape(), weights),
            Tensor.constant("bias", Shape.of(bias.length), bias),
            graph.tensor(layer.output()));
    Operator op = layer.with(0, 1, 2, 3, Activation.NONE);
    Graph g = new Graph("", tensors, List.of(op), List.of(0), List.of(3), Map.of());
    return new MiniPlan(g, op, threads);
  }

  /** Walks once, refining every layer that is not float. */
  static void walk(
      Recipe recipe,
      List<float[][]> inputs,
      int threads,
      Progress progress,
      String stage,
      Refinement refinement) {
    new LayerWalk(recipe, threads).walk(inputs, progress, stage, refinement);
  }

  private void walk(
      List<float[][]> inputs, Progress progress, String stage, Refinement refinement) {
    Quantizer.Quantized q = Quantizer.quantize(recipe);
    Map<Integer, Object[]> floats = new HashMap<>();
    Map<Integer, Object[]> ints = new HashMap<>();
    for (int i = 0; i < graph.inputs().size(); i++) {
      int t = graph.inputs().get(i);
      int tq = q.graph().inputs().get(i);
      Object[] f = new Object[inputs.size()];
      Object[] b = new Object[inputs.size()];
      for (int n = 0; n < f.length; n++) {
        f[n] = inputs.get(n)[i];
        Tensor in = q.graph().tensor(tq);
        b[n] = in.type() == DataType.FLOAT32 ? f[n] : quantize(inputs.get(n)[i], in.quantization());
      }
      floats.put(t, f);
      ints.put(tq, b);
    }
    int done = 0;
    int operators = graph.operators().size();
    progress.report(stage, 0, operators);
    int next = 0;
    for (int i = 0; i < operators; i++) {
      Operator op = graph.operators().get(i);
      for (; next < q.operatorOf()[i]; next++) {
        run(q.graph(), next, ints);
      }
      Layer layer = Layer.of(op);
      if (layer != null && !recipe.floatOperators.contains(i)) {
        Operator mine = q.graph().operators().get(next);
        float[][] seen =
            dequantize(ints.get(mine.inputs().get(0)), q.graph().tensor(mine.inputs().get(0)));
        float[][] wanted =
            java.util.Arrays.copyOf(floats.get(layer.input()), inputs.size(), float[][].class);
        refinement.refine(i, layer, new Site(i, layer, wanted, seen), recipe);
        q = Quantizer.quantize(recipe);
      }
      run(q.graph(), next++, ints);
      run(graph, i, floats);
      progress.report(stage, ++done, operators);
    }
  }

  private void run(Graph g, int operator, Map<Integer, Object[]> values) {
    Operator op = g.operators().get(operator);
    try (MiniPlan plan = new MiniPlan(g, op, threads)) {
      int count = values.values().iterator().next().length;
      List<Object[]> results = new ArrayList<>();
      for (int n = 0; n < count; n++) {
        List<Object> in = new ArrayList<>();
        for (int t : plan.inputs) {
          in.add(values.get(t)[n]);
        }
        results.add(plan.run(in));
      }
      for (int k = 0; k < op.outputs().size(); k++) {
        Object[] of = new Object[count];
        for (int n = 0; n < count; n++) {
          of[n] = results.get(n)[k];
        }
        values.put(op.outputs().get(k), of);
      }
    }
    for (int t : op.presentInputs()) {
      boolean needed = false;
      for (int later = operator + 1; later < g.operators().size() && !needed; later++) {
        needed = g.operators().get(later).presentInputs().contains(t);
      }
      if (!needed && !g.tensor(t).isConstant()) {
        values.remove(t);
      }
    }
  }

  /**
   * Real numbers to int8 levels, as whoever runs the network will turn inputs into them: pixels
   * often lie half-way between two levels, and then it matters which one is taken.
   */
  static byte[] quantize(float[] values, Quantization q) {
    byte[] r = new byte[values.length];
    TensorCodec.quantize(
        Tensor.activation("", DataType.INT8, Shape.of(values.length), q), values, r);
    return r;
  }

  /** int8 levels to the real numbers that they stand for. */
  static float[] dequantize(byte[] levels, Quantization q) {
    float[] r = new float[levels.length];
    for (int i = 0; i < r.length; i++) {
      r[i] = q.scale() * (levels[i] - q.zeroPoint());
    }
    return r;
  }

  private static float[][] dequantize(Object[] values, Tensor t) {
    float[][] r = new float[values.length][];
    for (int n = 0; n < r.length; n++) {
      r[n] = dequantize((byte[]) values[n], t.quantization());
    }
    return r;
  }
}
