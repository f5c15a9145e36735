package io.quern.calibrate;

import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Padding;
import io.quern.model.Quantization;
import io.quern.model.Shape;
import io.quern.model.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A layer, any number of depthwise layers after it, and the layer that reads the last of them: the
 * operators between which a channel can be taken away or computed twice without anybody else
 * noticing. All have biases; their constants are their own.
 *
 * @param operators indices of the operators in the graph, in order, at least two
 * @param channels of all activations between them
 */
record Chain(List<Integer> operators, int channels) {
  /** Means of a channel that nothing is computed for it. */
  static final int SILENT = -1;

  /** Constant means: differs by less than this share of a step. */
  private static final double STILL = 0.25;

  /** Deviations between the mean of a channel before its activation and where it would wake up. */
  private static final double ASLEEP = 4;

  /** All chains of a graph, in its order. */
  static List<Chain> of(Graph graph) {
    GraphEditor g = new GraphEditor(graph);
    List<Chain> r = new ArrayList<>();
    for (int i = 0; i < graph.operators().size(); i++) {
      Layer first = own(g, graph, i);
      if (first == null || first.isDepthwise()) {
        continue;
      }
      List<Integer> ops = new ArrayList<>(List.of(i));
      int channels = first.channels(graph);
      Layer l = first;
      do {
        int next = g.onlyConsumer(l.output());
        l = next < 0 ? null : own(g, graph, next);
        ops.add(next);
      } while (l != null && l.isDepthwise());
      if (l != null && graph.tensor(l.weights()).shape().dim(-1) == channels) {
        r.add(new Chain(List.copyOf(ops), channels));
      }
    }
    return r;
  }

  /** The layer that an operator is, if it has a bias and nothing else reads its constants. */
  private static Layer own(GraphEditor g, Graph graph, int op) {
    Layer l = Layer.ofConstant(graph, graph.operators().get(op));
    boolean multiplies =
        l != null && l.operator() instanceof Operator.DepthwiseConv2d d && d.depthMultiplier() != 1;
    return l != null
            && !multiplies
            && Patches.supports(graph, l)
            && l.bias() != Operator.NO_TENSOR
            && g.consumers(l.weights()).size() == 1
            && g.consumers(l.bias()).size() == 1
        ? l
        : null;
  }

  Layer layer(Graph graph, int position) {
    return Layer.of(graph.operators().get(operators.get(position)));
  }

  /** The layer that reads the last activation. */
  Layer last(Graph graph) {
    return layer(graph, operators.size() - 1);
  }

  /** Index of the operator that writes the last activation. */
  int lastWriter() {
    return operators.get(operators.size() - 2);
  }

  /**
   * Channels whose last activation is the same on all calibration inputs, well away from what would
   * change it, or that nothing reads.
   */
  boolean[] idle(Graph graph, Map<Integer, ChannelStatistics> statistics, Range[] ranges) {
    Layer end = layer(graph, operators.size() - 2);
    Layer last = last(graph);
    ChannelStatistics s = statistics.get(lastWriter());
    float[] w = graph.tensor(last.weights()).floats();
    boolean[] read = new boolean[channels];
    for (int i = 0; i < w.length; i++) {
      read[i % channels] |= w[i] != 0;
    }
    double still = STILL * step(ranges, end.output());
    boolean[] r = new boolean[channels];
    for (int c = 0; c < channels; c++) {
      double spread = ASLEEP * s.deviation()[c];
      double lo = clip(end, Math.min(s.min()[c], s.mean()[c] - spread));
      double hi = clip(end, Math.max(s.max()[c], s.mean()[c] + spread));
      r[c] = !read[c] || hi - lo <= still && (hi == 0 || !padded(graph, last));
    }
    return r;
  }

  private static double clip(Layer l, double v) {
    return Math.max(l.activation().min(), Math.min(l.activation().max(), v));
  }

  /** Whether some outputs of a layer do not see all weights. */
  private static boolean padded(Graph graph, Layer l) {
    Shape w = graph.tensor(l.weights()).shape();
    return l.operator() instanceof Operator.Conv2d c
        && c.padding() == Padding.SAME
        && (w.dim(1) > 1 || w.dim(2) > 1);
  }

  /** One level of an activation, as a real number. */
  static double step(Range[] ranges, int tensor) {
    Quantization q = ranges[tensor].toInt8();
    return q.scale();
  }

  /**
   * The graph with other channels in this chain. What a channel that goes away added, its mean,
   * moves into the biases of the last layer.
   *
   * <p>Of n channels with one source the k-th, from 0, gets {@code (k - (n - 1) / 2) / n} of a step
   * added to each of its biases and taken off again by the next layer, and each has 1/n of the last
   * layer's weights. The offsets add up to 0, so that where an activation cuts, the mean is exact.
   *
   * @param source for each channel of the new chain the old one that it computes, or {@link
   *     #SILENT}; at least as many as there were
   * @return tensors and operators keep their indices
   */
  Graph rebuilt(
      Graph graph, Map<Integer, ChannelStatistics> statistics, Range[] ranges, int[] source) {
    GraphEditor g = new GraphEditor(graph);
    int[] copies = new int[channels];
    int[] order = new int[source.length];
    for (int c = 0; c < source.length; c++) {
      if (source[c] != SILENT) {
        order[c] = copies[source[c]]++;
      }
    }
    double[] offset = new double[source.length];
    for (int i = 0; i < operators.size() - 1; i++) {
      Layer l = layer(graph, i);
      Tensor wt = graph.tensor(l.weights());
      Shape shape = wt.shape();
      float[] w = wt.floats();
      float[] b = l.biasValues(graph);
      int per = w.length / channels;
      float[] newW = new float[per * source.length];
      float[] newB = new float[source.length];
      double step = step(ranges, l.output());
      for (int c = 0; c < source.length; c++) {
        if (source[c] == SILENT) {
          continue;
        }
        double sum = 0;
        for (int k = 0; k < per; k++) {
          float v = l.isDepthwise() ? w[k * channels + source[c]] : w[source[c] * per + k];
          newW[l.isDepthwise() ? k * source.length + c : c * per + k] = v;
          sum += v;
        }
        double taken = l.isDepthwise() ? offset[c] * sum : 0;
        int n = copies[source[c]];
        offset[c] = step * (order[c] - (n - 1) / 2.0) / n;
        newB[c] = (float) (b[source[c]] - taken + offset[c]);
      }
      int[] dims = shape.toArray();
      dims[l.axis()] = source.length;
      replace(g, l, Shape.of(dims), newW, newB);
      Tensor out = graph.tensor(l.output());
      int[] to = out.shape().toArray();
      to[to.length - 1] = source.length;
      g.tensors.set(
          l.output(), Tensor.activation(out.name(), out.type(), Shape.of(to), out.quantization()));
    }
    last(g, graph, statistics, source, copies, offset);
    return g.build();
  }

  private void last(
      GraphEditor g,
      Graph graph,
      Map<Integer, ChannelStatistics> statistics,
      int[] source,
      int[] copies,
      double[] offset) {
    Layer last = last(graph);
    Layer end = layer(graph, operators.size() - 2);
    double[] mean = statistics.get(lastWriter()).mean();
    Shape shape = graph.tensor(last.weights()).shape();
    float[] w = graph.tensor(last.weights()).floats();
    float[] b = last.biasValues(graph);
    double[] moved = new double[b.length];
    int rows = w.length / channels;
    float[] newW = new float[rows * source.length];
    for (int row = 0; row < rows; row++) {
      int o = row / (rows / b.length);
      for (int c = 0; c < channels; c++) {
        if (copies[c] == 0) {
          moved[o] += w[row * channels + c] * clip(end, mean[c]);
        }
      }
      for (int c = 0; c < source.length; c++) {
        if (source[c] != SILENT) {
          float v = w[row * channels + source[c]] / copies[source[c]];
          newW[row * source.length + c] = v;
          moved[o] -= v * offset[c];
        }
      }
    }
    for (int o = 0; o < b.length; o++) {
      b[o] = (float) (b[o] + moved[o]);
    }
    int[] dims = shape.toArray();
    dims[dims.length - 1] = source.length;
    replace(g, last, Shape.of(dims), newW, b);
  }

  private static void replace(GraphEditor g, Layer l, Shape shape, float[] w, float[] b) {
    Tensor wt = g.tensor(l.weights());
    Tensor bt = g.tensor(l.bias());
    g.tensors.set(l.weights(), Tensor.constant(wt.name(), shape, w));
    g.tensors.set(l.bias(), Tensor.constant(bt.name(), Shape.of(b.length), b));
  }

  /** The float graph with the activations of this chain rounded to int8 and back. */
  Graph rounded(Graph graph, Range[] ranges) {
    GraphEditor g = new GraphEditor(graph);
    List<Operator> operators = new ArrayList<>();
    Map<Integer, Integer> forms = new HashMap<>();
    for (int i = 0; i < graph.operators().size(); i++) {
      Operator op = graph.operators().get(i);
      operators.add(Operators.map(op, t -> forms.getOrDefault(t, t), t -> t));
      if (this.operators.subList(0, this.operators.size() - 1).contains(i)) {
        Tensor out = graph.tensor(op.firstOutput());
        Quantization q = ranges[op.firstOutput()].toInt8();
        int levels = g.add(Tensor.activation(out.name() + "_int8", DataType.INT8, out.shape(), q));
        int real = g.add(Tensor.activation(out.name() + "_float", out.type(), out.shape(), null));
        operators.add(new Operator.Quantize(op.firstOutput(), levels));
        operators.add(new Operator.Dequantize(levels, real));
        forms.put(op.firstOutput(), real);
      }
    }
    return new Graph(
        graph.name(), g.tensors, operators, graph.inputs(), graph.outputs(), graph.metadata());
  }

  /** Every channel itself. */
  int[] identity() {
    int[] r = new int[channels];
    Arrays.setAll(r, c -> c);
    return r;
  }
}
