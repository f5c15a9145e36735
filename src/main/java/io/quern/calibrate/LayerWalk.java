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
import java.util.function.IntFunction;

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

  /**
   * A layer's surroundings during the walk. What is asked for is computed anew for each input, so
   * that no more than the walk's own values are in memory.
   */
  final class Site {
    private final int operator;
    private final Layer layer;
    private final Object[] floatInputs;
    private final Object[] int8Inputs;
    private final Quantization quantization;

    /**
     * A site.
     *
     * @param floatInputs what the float layer reads, a float[] per input
     * @param int8Inputs what the int8 layer reads, a byte[] per input
     * @param quantization of the int8 layer's input
     */
    Site(
        int operator,
        Layer layer,
        Object[] floatInputs,
        Object[] int8Inputs,
        Quantization quantization) {
      this.operator = operator;
      this.layer = layer;
      this.floatInputs = floatInputs;
      this.int8Inputs = int8Inputs;
      this.quantization = quantization;
    }

    /** How many inputs there are. */
    int inputs() {
      return floatInputs.length;
    }

    /** What the float layer reads; not to be modified. */
    float[] floatInput(int n) {
      return (float[]) floatInputs[n];
    }

    /** What the int8 layer reads, as real numbers. */
    float[] int8Input(int n) {
      return dequantize((byte[]) int8Inputs[n], quantization);
    }

    /** The float layer's result before its activation. */
    Results target() {
      return new Results(
          linear(layer, graph.tensor(layer.weights()).floats(), layer.biasValues(graph)),
          this::floatInput);
    }

    /** The int8 layer's result before its activation, up to the rounding of its bias. */
    Results approximation() {
      QuantizedWeights q = recipe.weights.get(operator);
      return new Results(
          linear(
              layer,
              q.dequantize(layer, graph.tensor(layer.weights()).shape()),
              recipe.bias(operator, layer)),
          this::int8Input);
    }
  }

  /** A layer's results before its activation, computed in float when they are asked for. */
  static final class Results implements AutoCloseable {
    private final MiniPlan plan;
    private final IntFunction<float[]> inputs;

    private Results(MiniPlan plan, IntFunction<float[]> inputs) {
      this.plan = plan;
      this.inputs = inputs;
    }

    /** The results for input {@code n}: a new array. */
    float[] of(int n) {
      return (float[]) plan.run(List.of(inputs.apply(n)))[0];
    }

    @Override
    public void close() {
      plan.close();
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
        int input = mine.inputs().get(0);
        refinement.refine(
            i,
            layer,
            new Site(
                i,
                layer,
                floats.get(layer.input()),
                ints.get(input),
                q.graph().tensor(input).quantization()),
            recipe);
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
}
