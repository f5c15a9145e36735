package io.quern.calibrate;

import io.quern.data.TensorCodec;
import io.quern.model.Activation;
import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Quantization;
import io.quern.model.Shape;
import io.quern.model.Tensor;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntFunction;

/**
 * Walks a float graph and its int8 form side by side, operator by operator, with all refinement
 * inputs at once; at each layer a {@link Refinement} may change the layer's weights and bias,
 * knowing what the float layer sees and what the int8 layer sees after all changes before it.
 *
 * <p>The int8 values are those of the real int8 kernels. What later operators read is kept for all
 * inputs where it takes at most {@link #keptBytes} (five bytes a value), and computed anew for one
 * input at a time, from where it was last kept, where the network is wider. That changes no figure.
 */
final class LayerWalk {
  private static final long LEAST_KEPT = 1L << 28;

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
  final class Site implements AutoCloseable {
    private final int operator;
    private final Layer layer;
    private final Values.Reader floatInputs;
    private final Values.Reader int8Inputs;
    private final Quantization quantization;

    /**
     * A site.
     *
     * @param floatInputs what the float layer reads, float[]
     * @param int8Inputs what the int8 layer reads, byte[]
     * @param quantization of the int8 layer's input
     */
    Site(
        int operator,
        Layer layer,
        Values.Reader floatInputs,
        Values.Reader int8Inputs,
        Quantization quantization) {
      this.operator = operator;
      this.layer = layer;
      this.floatInputs = floatInputs;
      this.int8Inputs = int8Inputs;
      this.quantization = quantization;
    }

    /** How many inputs there are. */
    int inputs() {
      return count;
    }

    /** What the float layer reads; not to be modified. Asked for one input again, it is quick. */
    float[] floatInput(int n) {
      return (float[]) floatInputs.of(n);
    }

    /** What the int8 layer reads, as real numbers. */
    float[] int8Input(int n) {
      return dequantize((byte[]) int8Inputs.of(n), quantization);
    }

    @Override
    public void close() {
      floatInputs.close();
      int8Inputs.close();
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

  /**
   * What one of the two networks has computed so far, for all inputs: the values of the tensors
   * that operators from {@code next} on read.
   */
  private final class Values {
    private final Map<Integer, Object[]> kept = new HashMap<>();
    private int next;

    /** The values of one tensor, input by input. */
    final class Reader implements AutoCloseable {
      private final Object[] ready;
      private final MiniPlan plan;
      private int last = -1;
      private Object value;

      /** Of a tensor that is kept, or is written by operators before {@code to}. */
      Reader(Graph g, int to, int tensor) {
        ready = kept.get(tensor);
        plan =
            ready != null
                ? null
                : new MiniPlan(g, g.operators().subList(next, to), List.of(tensor), threads);
      }

      Object of(int n) {
        if (ready != null) {
          return ready[n];
        }
        if (n != last) {
          value = plan.run(inputs(plan, n))[0];
          last = n;
        }
        return value;
      }

      @Override
      public void close() {
        if (plan != null) {
          plan.close();
        }
      }
    }

    private List<Object> inputs(MiniPlan plan, int n) {
      return plan.inputs.stream().map(t -> kept.get(t)[n]).toList();
    }

    /** The tensors that operators from {@code to} on read and that the network itself computes. */
    private List<Integer> read(Graph g, int to) {
      Set<Integer> r = new TreeSet<>();
      Set<Integer> later = new HashSet<>();
      for (Operator op : g.operators().subList(to, g.operators().size())) {
        r.addAll(op.presentInputs());
        later.addAll(op.outputs());
      }
      r.removeIf(t -> g.tensor(t).isConstant() || later.contains(t));
      return List.copyOf(r);
    }

    /** What it takes to keep what operators from {@code to} on read. */
    long bytes(Graph g, int to) {
      return count * read(g, to).stream().mapToLong(t -> g.tensor(t).bytes()).sum();
    }

    /** Runs all operators before {@code to} and keeps what is read later. */
    void advance(Graph g, int to) {
      List<Integer> wanted = read(g, to);
      List<Integer> written = wanted.stream().filter(t -> !kept.containsKey(t)).toList();
      for (int t : written) {
        kept.put(t, new Object[count]);
      }
      List<Integer> unread = kept.keySet().stream().filter(t -> !wanted.contains(t)).toList();
      if (!written.isEmpty()) {
        List<Operator> operators = g.operators().subList(next, to);
        try (MiniPlan plan = new MiniPlan(g, operators, written, threads)) {
          for (int n = 0; n < count; n++) {
            Object[] results = plan.run(inputs(plan, n));
            for (int k = 0; k < results.length; k++) {
              kept.get(written.get(k))[n] = results[k];
            }
            // Before the next input: there need not be room for all values before and after.
            for (int t : unread) {
              kept.get(t)[n] = null;
            }
          }
        }
      }
      unread.forEach(kept::remove);
      next = to;
    }
  }

  private final Recipe recipe;
  private final Graph graph;
  private final int threads;
  private final int count;
  private final long most;

  private LayerWalk(Recipe recipe, int inputs, int threads, long most) {
    this.recipe = recipe;
    this.graph = recipe.graph;
    this.count = inputs;
    this.threads = threads;
    this.most = most;
  }

  /** Most bytes that one walk keeps of a network's values: a part of the heap. */
  static long keptBytes() {
    return Math.max(LEAST_KEPT, Runtime.getRuntime().maxMemory() / 8);
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
    walk(recipe, inputs, threads, progress, stage, refinement, keptBytes());
  }

  /** Walks with at most this many bytes of values kept, the network's inputs apart. */
  static void walk(
      Recipe recipe,
      List<float[][]> inputs,
      int threads,
      Progress progress,
      String stage,
      Refinement refinement,
      long most) {
    new LayerWalk(recipe, inputs.size(), threads, most).walk(inputs, progress, stage, refinement);
  }

  private void walk(
      List<float[][]> inputs, Progress progress, String stage, Refinement refinement) {
    Quantizer.Quantized q = Quantizer.quantize(recipe);
    Values floats = new Values();
    Values ints = new Values();
    for (int i = 0; i < graph.inputs().size(); i++) {
      Tensor in = q.graph().tensor(q.graph().inputs().get(i));
      Object[] f = new Object[count];
      Object[] b = new Object[count];
      for (int n = 0; n < count; n++) {
        f[n] = inputs.get(n)[i];
        b[n] = in.type() == DataType.FLOAT32 ? f[n] : quantize(inputs.get(n)[i], in.quantization());
      }
      floats.kept.put(graph.inputs().get(i), f);
      ints.kept.put(q.graph().inputs().get(i), b);
    }
    int operators = graph.operators().size();
    for (int i = 0; i < operators; i++) {
      progress.report(stage, i, operators);
      int mine = q.operatorOf()[i];
      if (floats.bytes(graph, i) + ints.bytes(q.graph(), mine) <= most) {
        floats.advance(graph, i);
        ints.advance(q.graph(), mine);
      }
      Layer layer = Layer.of(graph.operators().get(i));
      if (layer != null && !recipe.floatOperators.contains(i)) {
        int input = q.graph().operators().get(mine).inputs().get(0);
        try (Site site =
            new Site(
                i,
                layer,
                floats.new Reader(graph, i, layer.input()),
                ints.new Reader(q.graph(), mine, input),
                q.graph().tensor(input).quantization())) {
          refinement.refine(i, layer, site, recipe);
        }
        q = Quantizer.quantize(recipe);
      }
    }
    progress.report(stage, operators, operators);
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
