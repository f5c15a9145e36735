package io.quern.runtime;

import io.quern.kernels.Kernel;
import io.quern.kernels.KernelParams;
import io.quern.kernels.Tier;
import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Tensor;
import io.quern.model.UnsupportedModelException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Decides everything about a run: which operators become one step, where every tensor lives, which
 * tier computes each step, how the work is divided.
 *
 * <ol>
 *   <li>Operators become drafts of steps. Padding before a convolution becomes part of its
 *       geometry, a depthwise convolution and the pointwise one that alone reads it become one
 *       kernel when the tier says it is worthwhile, operators that only change the shape become an
 *       alias.
 *   <li>Live ranges are found, element-wise operators write over an input that nobody reads
 *       afterwards, and {@link ArenaPlanner} places what remains.
 *   <li>Every draft is lowered to parameters and given to the first tier that has a kernel for it.
 * </ol>
 */
public final class Planner {
  /**
   * Steps with fewer multiply-accumulates and fewer elements than these stay on one thread. All
   * threads meet after every step anyway, so that dividing one costs little more than fetching the
   * other core's results: it pays from about 1 microsecond of work on. asm, 2 threads, x86-64,
   * 2026-11-24: ResNet-8 1.5 times and visual wake words 1.1 times as fast as with 50,000 and
   * 32,000.
   */
  private static final long PARALLEL_MACS = 20_000;

  private static final long PARALLEL_ELEMENTS = 2_000;

  private final Graph graph;
  private final PlanOptions options;
  private final List<Tier> tiers;

  /**
   * Tensor whose memory a tensor shares, perhaps in several steps; itself when it has its own. See
   * {@link #root}.
   */
  private final int[] sharedWith;

  private final int[] readers;

  /** The last operator that reads a tensor: the only one when {@code readers} is 1. */
  private final int[] consumer;

  private final int[] producer;
  private final boolean[] graphOutput;

  /** Steps to be: the last operator is the one whose outputs are written. */
  private record Draft(List<Integer> operators) {}

  private Planner(Graph graph, PlanOptions options, List<Tier> tiers) {
    this.graph = graph;
    this.options = options;
    this.tiers = tiers;
    int n = graph.tensors().size();
    this.sharedWith = new int[n];
    this.readers = new int[n];
    this.consumer = new int[n];
    this.producer = new int[n];
    this.graphOutput = new boolean[n];
    Arrays.fill(producer, -1);
    for (int t = 0; t < n; t++) {
      sharedWith[t] = t;
    }
    for (int i = 0; i < graph.operators().size(); i++) {
      for (int t : graph.operators().get(i).presentInputs()) {
        readers[t]++;
        consumer[t] = i;
      }
      for (int t : graph.operators().get(i).outputs()) {
        producer[t] = i;
      }
    }
    for (int t : graph.outputs()) {
      graphOutput[t] = true;
    }
  }

  /**
   * Plans a graph.
   *
   * @throws UnsupportedModelException if an operator cannot run, naming it and its index, or the
   *     arena would not fit an array
   * @throws IllegalArgumentException if the wanted tier does not exist here
   */
  public static Plan plan(Graph graph, PlanOptions options) {
    List<Tier> tiers = Tiers.order(options.tier());
    Graph planned =
        options.fuse() && tiers.get(0).skipsConstantChannels()
            ? ConstantChannels.without(graph, options.keepIntermediates())
            : graph;
    return new Planner(planned, options, tiers).plan();
  }

  private Plan plan() {
    List<Draft> drafts = draft();
    Arena arena = placeTensors(drafts);
    List<PlanStep> steps = new ArrayList<>();
    for (Draft d : drafts) {
      steps.add(step(d, arena));
    }
    return new Plan(
        graph, options, steps, arena.slots, arena.lengths[0], arena.lengths[1], arena.lengths[2]);
  }

  // ---- drafts ----

  private List<Draft> draft() {
    List<Draft> drafts = new ArrayList<>();
    for (int i = 0; i < graph.operators().size(); i++) {
      Operator op = graph.operators().get(i);
      if (!options.keepIntermediates() && options.fuse()) {
        if (op instanceof Operator.Reshape r && !graph.tensor(r.input()).isConstant()) {
          sharedWith[r.output()] = r.input();
          continue;
        }
        if (op instanceof Operator.Pad p && foldsIntoConsumer(p)) {
          continue;
        }
      }
      List<Integer> ops = new ArrayList<>();
      int pad = paddingBefore(op);
      if (pad >= 0) {
        ops.add(pad);
      }
      ops.add(i);
      drafts.add(new Draft(ops));
    }
    return drafts;
  }

  /**
   * Whether padding only adds rows and columns of zeros and one convolution alone reads the result.
   */
  private boolean foldsIntoConsumer(Operator.Pad p) {
    Tensor in = graph.tensor(p.input());
    Tensor out = graph.tensor(p.output());
    boolean spatial =
        p.value() == Operator.NO_TENSOR
            && in.shape().rank() == 4
            && p.before().get(0) == 0
            && p.after().get(0) == 0
            && p.before().get(3) == 0
            && p.after().get(3) == 0;
    if (!spatial
        || in.isConstant()
        || graphOutput[p.output()]
        || readers[p.output()] != 1
        || in.type() != out.type()
        || !java.util.Objects.equals(in.quantization(), out.quantization())) {
      return false;
    }
    Operator op = graph.operators().get(consumer[p.output()]);
    return op instanceof Operator.Conv2d c && c.input() == p.output()
        || op instanceof Operator.DepthwiseConv2d d && d.input() == p.output();
  }

  /** The padding operator that is folded into this one, or -1. */
  private int paddingBefore(Operator op) {
    if (options.keepIntermediates() || !options.fuse()) {
      return -1;
    }
    int input =
        op instanceof Operator.Conv2d c
            ? c.input()
            : op instanceof Operator.DepthwiseConv2d d ? d.input() : -1;
    if (input < 0 || producer[input] < 0) {
      return -1;
    }
    return graph.operators().get(producer[input]) instanceof Operator.Pad p && foldsIntoConsumer(p)
        ? producer[input]
        : -1;
  }

  // ---- memory ----

  private record Arena(List<TensorSlot> slots, int[] lengths, int[] offsets) {}

  private Arena placeTensors(List<Draft> drafts) {
    int n = graph.tensors().size();
    int end = drafts.size();
    int[] first = new int[n];
    int[] last = new int[n];
    boolean[] placed = new boolean[n];
    Arrays.fill(first, Integer.MAX_VALUE);
    Arrays.fill(last, -1);
    for (int t : graph.inputs()) {
      use(t, -1, first, last, placed);
    }
    for (int s = 0; s < end; s++) {
      for (int t : reads(drafts.get(s))) {
        use(t, graph.tensor(t).isConstant() ? -1 : s, first, last, placed);
        if (graph.tensor(t).isConstant()) {
          use(t, end, first, last, placed);
        }
      }
      for (int t : writes(drafts.get(s))) {
        use(t, s, first, last, placed);
      }
    }
    for (int t : graph.outputs()) {
      use(t, graph.tensor(t).isConstant() ? -1 : end, first, last, placed);
      use(t, end, first, last, placed);
    }
    if (!options.keepIntermediates() && options.fuse()) {
      for (int s = 0; s < end; s++) {
        shareWithInput(drafts.get(s), s, first, last);
      }
    } else if (options.keepIntermediates()) {
      for (int t = 0; t < n; t++) {
        if (placed[t]) {
          first[t] = -1;
          last[t] = end;
        }
      }
    }
    return allocate(placed, first, last);
  }

  /** Tensor that holds a tensor's memory. */
  private int root(int tensor) {
    int t = tensor;
    while (sharedWith[t] != t) {
      sharedWith[t] = sharedWith[sharedWith[t]];
      t = sharedWith[t];
    }
    return t;
  }

  private void use(int tensor, int step, int[] first, int[] last, boolean[] placed) {
    int r = root(tensor);
    placed[tensor] = true;
    placed[r] = true;
    first[r] = Math.min(first[r], step);
    last[r] = Math.max(last[r], step);
  }

  /**
   * Tensors that a step's kernel reads from memory: not the weights, which kernels pack for
   * themselves.
   */
  private List<Integer> reads(Draft d) {
    Operator op = graph.operators().get(d.operators().get(0));
    if (op instanceof Operator.Conv2d c) {
      return List.of(c.input());
    }
    if (op instanceof Operator.DepthwiseConv2d c) {
      return List.of(c.input());
    }
    if (op instanceof Operator.FullyConnected c) {
      return List.of(c.input());
    }
    if (op instanceof Operator.TransposeConv c) {
      return List.of(c.input());
    }
    return op.presentInputs();
  }

  private List<Integer> writes(Draft d) {
    return graph.operators().get(d.operators().get(d.operators().size() - 1)).outputs();
  }

  /**
   * Lets an element-wise operator write over an input of the same size that is read here for the
   * last time.
   */
  private void shareWithInput(Draft d, int step, int[] first, int[] last) {
    Operator op = graph.operators().get(d.operators().get(0));
    boolean elementWise =
        op instanceof Operator.Unary
            || op instanceof Operator.Binary
            || op instanceof Operator.Prelu;
    if (!elementWise) {
      return;
    }
    int out = op.firstOutput();
    for (int in : op.presentInputs()) {
      int r = root(in);
      boolean fits =
          graph.tensor(in).shape().equals(graph.tensor(out).shape())
              && arrayOf(graph.tensor(in).type()) == arrayOf(graph.tensor(out).type())
              && !graph.tensor(r).isConstant()
              && last[r] == step;
      if (fits) {
        int own = root(out);
        last[r] = Math.max(last[r], last[own]);
        sharedWith[own] = r;
        return;
      }
    }
  }

  private static int arrayOf(DataType type) {
    return switch (type) {
      case INT8, UINT8, BOOL -> 0;
      case FLOAT32 -> 1;
      case INT32, INT64 -> 2;
      case INT16 -> throw new UnsupportedModelException("INT16 tensors cannot be run");
    };
  }

  private Arena allocate(boolean[] placed, int[] first, int[] last) {
    int n = graph.tensors().size();
    int[] offsets = new int[n];
    int[] lengths = new int[3];
    for (int array = 0; array < 3; array++) {
      List<Integer> buffers = new ArrayList<>();
      for (int t = 0; t < n; t++) {
        if (placed[t] && sharedWith[t] == t && arrayOf(graph.tensor(t).type()) == array) {
          buffers.add(t);
        }
      }
      int[] sizes = new int[buffers.size()];
      int[] from = new int[sizes.length];
      int[] to = new int[sizes.length];
      for (int b = 0; b < sizes.length; b++) {
        int t = buffers.get(b);
        sizes[b] = graph.tensor(t).shape().elements();
        from[b] = first[t];
        to[b] = last[t];
      }
      ArenaPlanner plan = ArenaPlanner.plan(sizes, from, to);
      if (plan.length() > Integer.MAX_VALUE - 64) {
        throw new UnsupportedModelException(
            "activations need " + plan.length() + " elements, more than one array holds");
      }
      lengths[array] = (int) plan.length();
      for (int b = 0; b < sizes.length; b++) {
        offsets[buffers.get(b)] = plan.offset(b);
      }
    }
    List<TensorSlot> slots = new ArrayList<>();
    for (int t = 0; t < n; t++) {
      if (placed[t]) {
        int r = root(t);
        offsets[t] = offsets[r];
        Tensor tensor = graph.tensor(t);
        slots.add(
            new TensorSlot(
                t,
                tensor.type(),
                offsets[r],
                tensor.shape().elements(),
                first[r],
                last[r],
                r == t ? -1 : r));
      }
    }
    return new Arena(slots, lengths, offsets);
  }

  // ---- steps ----

  private PlanStep step(Draft d, Arena arena) {
    List<Integer> ops = d.operators();
    StringBuilder name = new StringBuilder();
    long macs = 0;
    for (int i : ops) {
      name.append(name.isEmpty() ? "" : "+").append(graph.operatorName(i));
      macs += Costs.macs(graph, i);
    }
    KernelParams params = params(d, arena.offsets);
    for (Tier tier : tiers) {
      Kernel kernel = tier.create(params);
      if (kernel != null) {
        long elements = Math.max(elements(reads(d)), elements(writes(d)));
        boolean parallel = macs >= PARALLEL_MACS || elements >= PARALLEL_ELEMENTS;
        return new PlanStep(
            ops, name.toString(), tier.name(), kernel, macs, parallel && kernel.units() > 1);
      }
    }
    throw new UnsupportedModelException(
        "operator "
            + ops.get(ops.size() - 1)
            + ": no tier has a kernel for "
            + graph.operators().get(ops.get(ops.size() - 1)).kind()
            + " as "
            + params.getClass().getSimpleName());
  }

  private long elements(List<Integer> tensors) {
    long sum = 0;
    for (int t : tensors) {
      sum += graph.tensor(t).shape().elements();
    }
    return sum;
  }

  private KernelParams params(Draft d, int[] offsets) {
    List<Integer> ops = d.operators();
    Operator firstOp = graph.operators().get(ops.get(0));
    boolean hasPad = ops.size() > 1 && firstOp instanceof Operator.Pad;
    KernelParams p = Lowering.lower(graph, ops.get(hasPad ? 1 : 0), offsets);
    if (hasPad) {
      Operator.Pad pad = (Operator.Pad) firstOp;
      p = padded(p, pad, offsets[pad.input()]);
    }
    return p;
  }

  /** The convolution on the input of the padding instead of on its output. */
  private KernelParams padded(KernelParams p, Operator.Pad pad, int in) {
    return PaddingFold.fold(
        p, in, graph.tensor(pad.input()).shape(), pad.before().get(1), pad.before().get(2));
  }
}
