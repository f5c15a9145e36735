package io.quern.runtime;

import io.quern.kernels.Conv2dInt8;
import io.quern.kernels.DepthwiseConv2dInt8;
import io.quern.kernels.KernelParams;
import io.quern.kernels.Requantization;
import io.quern.model.Activation;
import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Quantization;
import io.quern.model.Shape;
import io.quern.model.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Channels of an int8 network that no input can change: training leaves many whose activation is
 * always cut off, and converters then write biases near the largest int. They are not computed.
 *
 * <p>A convolution's output channel is constant when its weights are 0, or when the least and the
 * greatest sum, {@code bias -+ 255 * 128 * depth}, give the same result. Where everything that
 * reads a channel also knows its value, the channel is left out of the tensors and weights, and its
 * part of each sum is added to the biases: exactly, since sums are of integers. Depthwise
 * convolutions, pooling and reshapes to a vector hand channels on, so that all their tensors keep
 * the same ones. Others stay, with weights and bias 0 where that has the same result.
 */
final class ConstantChannels {
  /** Channels are left out in multiples of this, as kernels compute them in vectors. */
  private static final int MULTIPLE = 8;

  /** Biases below this are taken for those of channels that change: most layers have no others. */
  private static final int LARGE_BIAS = 1 << 24;

  /** No value: the channel is not constant. */
  private static final int CHANGES = Integer.MIN_VALUE;

  private final Graph graph;
  private final Tensor[] tensors;

  /** Value of every channel of an activation, or {@link #CHANGES}; null when all do. */
  private final int[][] values;

  /** Whether all {@link #values} of an activation are its zero point. */
  private final boolean[] zeros;

  private final int[] uses;
  private final int[] producer;
  private boolean changed;

  private ConstantChannels(Graph graph) {
    this.graph = graph;
    int n = graph.tensors().size();
    tensors = graph.tensors().toArray(Tensor[]::new);
    values = new int[n][];
    zeros = new boolean[n];
    uses = new int[n];
    producer = new int[n];
    Arrays.fill(producer, -1);
    for (int i = 0; i < graph.operators().size(); i++) {
      for (int t : graph.operators().get(i).presentInputs()) {
        uses[t]++;
      }
      for (int t : graph.operators().get(i).outputs()) {
        producer[t] = i;
      }
    }
  }

  /**
   * A graph with the same outputs for the same inputs.
   *
   * @param keepTensors whether activations must keep their shapes and values
   */
  static Graph without(Graph graph, boolean keepTensors) {
    ConstantChannels c = new ConstantChannels(graph);
    if (!c.find()) {
      return graph;
    }
    if (!keepTensors) {
      c.leaveOut();
    }
    return c.changed
        ? new Graph(
            graph.name(),
            Arrays.asList(c.tensors),
            graph.operators(),
            graph.inputs(),
            graph.outputs(),
            graph.metadata())
        : graph;
  }

  // ---- which channels are constant ----

  private boolean find() {
    boolean any = false;
    for (int i = 0; i < graph.operators().size(); i++) {
      Operator op = graph.operators().get(i);
      if (op instanceof Operator.Conv2d c
          && editable(c.weights(), c.bias())
          && suspected(c.weights(), c.bias(), 0)) {
        Conv2dInt8 p = (Conv2dInt8) lower(i);
        boolean[] known = new boolean[p.bias().length];
        if (p.groups() == 1) {
          find(c.weights(), c.bias(), c.output(), p.bias(), p.requantization(), 0, known);
        }
      } else if (op instanceof Operator.DepthwiseConv2d d
          && d.depthMultiplier() == 1
          && editable(d.weights(), d.bias())
          && (values[d.input()] != null || suspected(d.weights(), d.bias(), 3))) {
        DepthwiseConv2dInt8 p = (DepthwiseConv2dInt8) lower(i);
        int[] in = values[d.input()];
        boolean[] known = new boolean[p.bias().length];
        for (int c = 0; in != null && c < known.length; c++) {
          known[c] = in[c] == p.inputZeroPoint();
        }
        find(d.weights(), d.bias(), d.output(), p.bias(), p.requantization(), 3, known);
      } else if (handsOn(op)) {
        handOn(op.presentInputs().get(0), op.outputs().get(0), op instanceof Operator.Pad);
      }
      any |= !op.outputs().isEmpty() && values[op.outputs().get(0)] != null;
    }
    return any;
  }

  /** Shares arrays wherever it can: a file may describe many large tensors. */
  private void handOn(int from, int to, boolean padded) {
    int[] v = values[from];
    zeros[to] = zeros[from];
    if (v != null && padded && !zeros[from]) {
      int zero = tensors[from].quantization().zeroPoint();
      v = v.clone();
      for (int c = 0; c < v.length; c++) {
        v[c] = v[c] == zero ? zero : CHANGES;
      }
      zeros[to] = true;
    }
    values[to] = v;
  }

  private KernelParams lower(int operator) {
    return Lowering.lower(graph, operator, new int[tensors.length]);
  }

  /** Whether some channel has a large bias or weights that are all 0. */
  private boolean suspected(int weights, int bias, int axis) {
    for (int b : tensors[bias].ints()) {
      if (Math.abs((long) b) >= LARGE_BIAS) {
        return true;
      }
    }
    byte[] w = tensors[weights].bytesOf8();
    int channels = tensors[weights].shape().dim(axis);
    for (int c = 0; c < channels; c++) {
      if (isZero(w, c, channels, axis)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isZero(byte[] w, int channel, int channels, int axis) {
    int depth = w.length / channels;
    for (int i = 0; i < depth; i++) {
      if (w[axis == 0 ? channel * depth + i : i * channels + channel] != 0) {
        return false;
      }
    }
    return true;
  }

  /**
   * @param axis of the weights, along which output channels lie
   * @param known whether all inputs of the channel are the zero point
   */
  private void find(
      int weights, int bias, int output, int[] b, Requantization r, int axis, boolean[] known) {
    byte[] w = tensors[weights].bytesOf8();
    int channels = b.length;
    int depth = w.length / channels;
    long most = 255L * 128 * depth;
    int ofZero = r.output(0, 0);
    int[] value = new int[channels];
    boolean cleared = false;
    for (int c = 0; c < channels; c++) {
      long size = Math.abs((long) b[c]);
      boolean fixed = known[c] || size < LARGE_BIAS && isZero(w, c, channels, axis);
      value[c] = CHANGES;
      if (r.shifts()[c] > 0 || !fixed && (size < LARGE_BIAS || size + most > Integer.MAX_VALUE)) {
        continue;
      }
      int v = r.output(fixed ? b[c] : (int) (b[c] - most), c);
      if (!fixed && v != r.output((int) (b[c] + most), c)) {
        continue;
      }
      value[c] = v;
      values[output] = value;
      if (v == ofZero && !(fixed && b[c] == 0)) {
        for (int i = 0; i < depth; i++) {
          w[axis == 0 ? c * depth + i : i * channels + c] = 0;
        }
        b[c] = 0;
        cleared = true;
      }
    }
    if (cleared) {
      replace(weights, tensors[weights].shape(), tensors[weights].quantization(), w);
      replace(bias, b, tensors[bias].quantization());
    }
  }

  // ---- leaving them out ----

  /** Whether the output has the channels of the input, constant ones with the same value. */
  private boolean handsOn(Operator op) {
    if (op instanceof Operator.Pool2d p) {
      return p.activation() == Activation.NONE && tensors[p.input()].type() == DataType.INT8;
    }
    if (op instanceof Operator.Pad p) {
      int last = p.before().size() - 1;
      return p.value() == Operator.NO_TENSOR
          && tensors[p.input()].type() == DataType.INT8
          && p.before().get(last) == 0
          && p.after().get(last) == 0;
    }
    return op instanceof Operator.Reshape r
        && tensors[r.input()].type() == DataType.INT8
        && channels(r.input()) == tensors[r.input()].shape().elements()
        && channels(r.output()) == channels(r.input());
  }

  private int channels(int t) {
    Shape s = tensors[t].shape();
    return s.rank() == 0 ? 1 : s.dim(-1);
  }

  private void leaveOut() {
    int n = tensors.length;
    int[] set = new int[n];
    List<List<Integer>> members = new ArrayList<>();
    List<List<int[]>> readers = new ArrayList<>();
    for (int t = 0; t < n; t++) {
      set[t] = t;
      members.add(new ArrayList<>());
      readers.add(new ArrayList<>());
    }
    for (int i = 0; i < graph.operators().size(); i++) {
      Operator op = graph.operators().get(i);
      boolean couples = couples(op);
      for (int t : op.presentInputs()) {
        if (couples && t == op.presentInputs().get(0)) {
          set[op.outputs().get(0)] = set[t];
        } else {
          readers.get(set[t]).add(new int[] {i, t});
        }
      }
    }
    for (int t = 0; t < n; t++) {
      members.get(set[t]).add(t);
    }
    for (int t : graph.outputs()) {
      members.get(set[t]).clear();
    }
    for (int t = 0; t < n; t++) {
      if (!members.get(t).isEmpty()) {
        leaveOut(t, members.get(t), readers.get(t));
      }
    }
  }

  private boolean couples(Operator op) {
    return handsOn(op)
        || op instanceof Operator.DepthwiseConv2d d
            && d.depthMultiplier() == 1
            && tensors[d.input()].type() == DataType.INT8
            && editable(d.weights(), d.bias());
  }

  private boolean editable(int weights, int bias) {
    return tensors[weights].type() == DataType.INT8
        && uses[weights] == 1
        && tensors[weights].isConstant()
        && bias != Operator.NO_TENSOR
        && uses[bias] == 1
        && tensors[bias].isConstant();
  }

  /**
   * @param first the tensor of these that is written first
   * @param members tensors that share their channels, none of them an output of the graph
   * @param readers operators, and which of the tensors they read
   */
  private void leaveOut(int first, List<Integer> members, List<int[]> readers) {
    if (readers.isEmpty()
        || producer[first] < 0
        || !(graph.operators().get(producer[first]) instanceof Operator.Conv2d source)
        || !editable(source.weights(), source.bias())
        || channels(source.weights()) != channels(source.input())) {
      return;
    }
    boolean[] unread = new boolean[channels(first)];
    Arrays.fill(unread, true);
    for (int[] r : readers) {
      if (!reads(graph.operators().get(r[0]), r[1], unread)) {
        return;
      }
    }
    int[] kept = kept(unread);
    if (kept.length == unread.length) {
      return;
    }
    for (int[] r : readers) {
      narrowInputs(graph.operators().get(r[0]), kept);
    }
    for (int t : members) {
      narrow(t, kept);
    }
  }

  /** Takes channels whose values the operator does not know from {@code unread}. */
  private boolean reads(Operator op, int t, boolean[] unread) {
    boolean everywhere;
    if (op instanceof Operator.Conv2d c && c.input() == t && editable(c.weights(), c.bias())) {
      Shape w = tensors[c.weights()].shape();
      if (w.dim(3) != unread.length) {
        return false;
      }
      // Padding has the zero point, which adds nothing; another value is not in all sums alike.
      everywhere = w.dim(1) == 1 && w.dim(2) == 1;
    } else if (op instanceof Operator.FullyConnected f
        && f.input() == t
        && editable(f.weights(), f.bias())
        && tensors[f.weights()].shape().dim(1) == unread.length) {
      everywhere = true;
    } else {
      return false;
    }
    int zero = tensors[t].quantization().zeroPoint();
    for (int c = 0; c < unread.length; c++) {
      int v = values[t] == null ? CHANGES : values[t][c];
      unread[c] &= v != CHANGES && (v == zero || everywhere);
    }
    return true;
  }

  private static int[] kept(boolean[] unread) {
    int needed = 0;
    for (boolean u : unread) {
      needed += u ? 0 : 1;
    }
    int n = Math.max(MULTIPLE, (needed + MULTIPLE - 1) / MULTIPLE * MULTIPLE);
    int spare = n - needed;
    int[] kept = new int[Math.min(n, unread.length)];
    int to = 0;
    for (int c = 0; c < unread.length && to < kept.length; c++) {
      if (!unread[c] || spare-- > 0) {
        kept[to++] = c;
      }
    }
    return kept;
  }

  private void narrowInputs(Operator op, int[] kept) {
    int input = op.presentInputs().get(0);
    int weights = op.presentInputs().get(1);
    int bias = op.presentInputs().get(2);
    int[] v = values[input].clone();
    for (int c = 0; c < v.length; c++) {
      v[c] -= tensors[input].quantization().zeroPoint();
    }
    for (int c : kept) {
      v[c] = 0;
    }
    byte[] w = tensors[weights].bytesOf8();
    int[] b = tensors[bias].ints();
    for (int c = 0; c < v.length; c++) {
      // Where it is not 0, an output has one weight for each channel.
      for (int o = 0; v[c] != 0 && o < b.length; o++) {
        b[o] += w[o * v.length + c] * v[c];
      }
    }
    replace(bias, b, tensors[bias].quantization());
    narrowLast(weights, kept, tensors[weights].quantization());
  }

  /** An activation, and what its producer has for each channel. */
  private void narrow(int t, int[] kept) {
    Operator op = graph.operators().get(producer[t]);
    if (op instanceof Operator.Conv2d c) {
      Tensor w = tensors[c.weights()];
      byte[] from = w.bytesOf8();
      int depth = from.length / w.shape().dim(0);
      byte[] to = new byte[kept.length * depth];
      for (int i = 0; i < kept.length; i++) {
        System.arraycopy(from, kept[i] * depth, to, i * depth, depth);
      }
      int[] shape = w.shape().toArray();
      shape[0] = kept.length;
      replace(c.weights(), Shape.of(shape), selected(w.quantization(), kept), to);
      narrowBias(c.bias(), kept);
    } else if (op instanceof Operator.DepthwiseConv2d d) {
      narrowLast(d.weights(), kept, selected(tensors[d.weights()].quantization(), kept));
      narrowBias(d.bias(), kept);
    }
    Tensor a = tensors[t];
    tensors[t] = Tensor.activation(a.name(), a.type(), last(a, kept.length), a.quantization());
  }

  private void narrowLast(int weights, int[] kept, Quantization quantization) {
    Tensor w = tensors[weights];
    byte[] from = w.bytesOf8();
    int channels = channels(weights);
    byte[] to = new byte[from.length / channels * kept.length];
    int i = 0;
    for (int row = 0; row < from.length; row += channels) {
      for (int c : kept) {
        to[i++] = from[row + c];
      }
    }
    replace(weights, last(w, kept.length), quantization, to);
  }

  private void narrowBias(int bias, int[] kept) {
    int[] from = tensors[bias].ints();
    int[] to = new int[kept.length];
    for (int i = 0; i < to.length; i++) {
      to[i] = from[kept[i]];
    }
    replace(bias, to, selected(tensors[bias].quantization(), kept));
  }

  private static Shape last(Tensor t, int n) {
    int[] shape = t.shape().toArray();
    shape[shape.length - 1] = n;
    return Shape.of(shape);
  }

  private static Quantization selected(Quantization q, int[] kept) {
    if (q == null || q.isPerTensor()) {
      return q;
    }
    float[] scales = new float[kept.length];
    int[] zeroPoints = new int[kept.length];
    for (int i = 0; i < kept.length; i++) {
      scales[i] = q.scale(kept[i]);
      zeroPoints[i] = q.zeroPoint(kept[i]);
    }
    return Quantization.perChannel(scales, zeroPoints, q.axis());
  }

  private void replace(int t, Shape shape, Quantization q, byte[] elements) {
    tensors[t] = Tensor.constant(tensors[t].name(), shape, q, elements);
    changed = true;
  }

  private void replace(int t, int[] elements, Quantization q) {
    tensors[t] = Tensor.constant(tensors[t].name(), Shape.of(elements.length), q, elements);
    changed = true;
  }
}
