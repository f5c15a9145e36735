package io.quern.calibrate;

import io.quern.model.Activation;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Rescales channels between layers so that channels which share a scale fill it alike: {@code W1[c]
 * / s, b1[c] / s, W2[:, c] * s}. What ReLU, max, mean and reshapes of 1x1 images leave in place,
 * {@code relu(x / s) = relu(x) / s}, keeps the function.
 *
 * <p>What is equalised depends on what shares a scale. With one scale per tensor of weights: the
 * ranges of W1[c] and W2[:, c], {@code s = sqrt(range1 / range2)}, swept over all pairs until
 * nothing moves (Nagel et al., Data-Free Quantization Through Weight Equalization and Bias
 * Correction, 2019, section 4.1). With one scale per output channel W1's channels have their own;
 * then the ranges of the activations and of W2[:, c] are equalised, or, where W2 is depthwise, so
 * that its channels too have their own scales, those of the activations alone; the largest
 * activation of the tensor stays as large as it was.
 *
 * <p>RELU6 does not commute with scaling. Where {@code replaceRelu6} is false a channel that stays
 * under 6 on the calibration inputs is scaled so that it does afterwards as well, and one that does
 * not is left alone: the function is kept on those inputs. Where it is true RELU6 becomes RELU
 * first, which changes the function wherever a channel exceeded 6.
 */
final class CrossLayerEqualisation {
  static final String NAME = "equalise";

  private static final int SWEEPS = 60;
  private static final double SETTLED = 1e-3;
  private static final double LARGEST_STEP = 1e6;

  private CrossLayerEqualisation() {}

  /** Two layers with nothing between them but what commutes with a channel's scale. */
  record Pair(int first, int second) {}

  /** All pairs of a graph, in the order of the first. */
  static List<Pair> pairs(GraphEditor g, Graph graph) {
    List<Pair> r = new ArrayList<>();
    for (int i = 0; i < g.operators.size(); i++) {
      Layer first = Layer.ofConstant(graph, g.operators.get(i));
      if (first == null || first.activation() == Activation.RELU_N1_TO_1) {
        continue;
      }
      int next = g.onlyConsumer(first.output());
      while (next >= 0 && commutes(graph, g.operators.get(next))) {
        next = g.onlyConsumer(g.operators.get(next).firstOutput());
      }
      Layer second = next < 0 ? null : Layer.ofConstant(graph, g.operators.get(next));
      if (second != null
          && !(second.operator() instanceof Operator.TransposeConv)
          && inputChannels(graph, second) == first.channels(graph)) {
        r.add(new Pair(i, next));
      }
    }
    return r;
  }

  private static boolean commutes(Graph g, Operator op) {
    if (op instanceof Operator.Pool2d p) {
      return p.activation() == Activation.NONE;
    } else if (op instanceof Operator.Mean m) {
      return !m.axes().contains(g.tensor(m.input()).shape().rank() - 1);
    } else if (op instanceof Operator.Reshape r) {
      int[] in = g.tensor(r.input()).shape().toArray();
      return in[in.length - 1] == g.tensor(r.input()).shape().elements();
    }
    return op instanceof Operator.Unary u && u.function() == Operator.Unary.Function.RELU;
  }

  private static int inputChannels(Graph g, Layer l) {
    int[] w = g.tensor(l.weights()).shape().toArray();
    if (l.operator() instanceof Operator.DepthwiseConv2d d) {
      return w[3] / d.depthMultiplier();
    }
    int[] in = g.tensor(l.input()).shape().toArray();
    return in[in.length - 1] == w[w.length - 1] ? w[w.length - 1] : -1;
  }

  /**
   * Equalises.
   *
   * @param statistics of the graph's layers before their activations
   * @param perTensor whether the weights will have one scale per tensor
   * @param how not NONE
   */
  static PassResult apply(
      Graph graph,
      Map<Integer, ChannelStatistics> statistics,
      boolean perTensor,
      Equalisation how) {
    boolean replaceRelu6 = how == Equalisation.REPLACE_RELU6;
    GraphEditor g = new GraphEditor(graph);
    List<Pair> pairs = pairs(g, graph);
    if (how == Equalisation.DEPTHWISE) {
      pairs.removeIf(p -> !Layer.of(graph.operators().get(p.second())).isDepthwise());
    }
    int n = graph.operators().size();
    float[][] weights = new float[n][];
    float[][] biases = new float[n][];
    double[][] ceiling = new double[n][];
    double[][] reach = new double[n][];
    for (Pair p : pairs) {
      for (int i : new int[] {p.first(), p.second()}) {
        if (weights[i] == null) {
          Layer l = Layer.of(graph.operators().get(i));
          weights[i] = graph.tensor(l.weights()).floats();
          biases[i] = l.biasValues(graph);
        }
      }
      reach[p.first()] = reach(graph, p.first(), statistics.get(p.first()), replaceRelu6);
      ceiling[p.first()] = ceiling(graph, p.first(), statistics.get(p.first()), replaceRelu6);
    }
    double[][] total = new double[n][];
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
      double moved = 0;
      for (Pair p : pairs) {
        moved =
            Math.max(moved, equalise(graph, p, weights, biases, reach, ceiling, total, perTensor));
      }
      if (moved < SETTLED) {
        break;
      }
    }
    List<String> details = new ArrayList<>();
    boolean[] changed = new boolean[n];
    for (Pair p : pairs) {
      double lo = Double.POSITIVE_INFINITY;
      double hi = 0;
      for (double s : total[p.first()]) {
        lo = Math.min(lo, s);
        hi = Math.max(hi, s);
      }
      if (hi / lo > 1 + SETTLED) {
        changed[p.first()] = true;
        changed[p.second()] = true;
        details.add(
            String.format(
                java.util.Locale.ROOT,
                "%s -> %s: channels divided by %.3g to %.3g",
                graph.operatorName(p.first()),
                graph.operatorName(p.second()),
                lo,
                hi));
      }
    }
    int replaced = 0;
    for (int i = 0; i < n; i++) {
      Layer l = Layer.of(graph.operators().get(i));
      boolean relu =
          l != null && replaceRelu6 && l.activation() == Activation.RELU6 && reach[i] != null;
      if (relu) {
        replaced++;
      }
      if (changed[i] || relu) {
        Tensor w = graph.tensor(l.weights());
        int wt = g.add(Tensor.constant(w.name(), w.shape(), weights[i]));
        int bt = l.bias();
        if (bt != Operator.NO_TENSOR) {
          bt = g.add(Tensor.constant(graph.tensor(bt).name(), graph.tensor(bt).shape(), biases[i]));
        }
        g.operators.set(
            i, l.with(l.input(), wt, bt, l.output(), relu ? Activation.RELU : l.activation()));
      }
    }
    String summary =
        details.size()
            + " of "
            + pairs.size()
            + " pairs of layers rescaled"
            + (replaced > 0 ? ", " + replaced + " RELU6 became RELU" : "");
    return new PassResult(
        details.isEmpty() && replaced == 0 ? graph : g.build(),
        new PassReport(NAME, details.size(), summary, details));
  }

  /** Largest value of each channel after the activation. */
  private static double[] reach(Graph g, int op, ChannelStatistics s, boolean replaceRelu6) {
    Activation a = Layer.of(g.operators().get(op)).activation();
    double[] r = new double[s.max().length];
    for (int c = 0; c < r.length; c++) {
      double hi = s.max()[c];
      double lo = s.min()[c];
      r[c] =
          switch (a) {
            case RELU -> Math.max(0, hi);
            case RELU6 -> replaceRelu6 ? Math.max(0, hi) : Math.max(0, Math.min(6, hi));
            default -> Math.max(Math.abs(lo), Math.abs(hi));
          };
    }
    return r;
  }

  /**
   * Largest value that a channel may reach after scaling: infinite without RELU6, 0 where it must
   * not be scaled.
   */
  private static double[] ceiling(Graph g, int op, ChannelStatistics s, boolean replaceRelu6) {
    double[] r = new double[s.max().length];
    boolean relu6 =
        Layer.of(g.operators().get(op)).activation() == Activation.RELU6 && !replaceRelu6;
    for (int c = 0; c < r.length; c++) {
      r[c] = !relu6 ? Double.POSITIVE_INFINITY : s.max()[c] < 6 ? 6 : 0;
    }
    return r;
  }

  private static double equalise(
      Graph g,
      Pair p,
      float[][] weights,
      float[][] biases,
      double[][] reach,
      double[][] ceiling,
      double[][] total,
      boolean perTensor) {
    Layer a = Layer.of(g.operators().get(p.first()));
    Layer b = Layer.of(g.operators().get(p.second()));
    int channels = a.channels(g);
    var shapeA = g.tensor(a.weights()).shape();
    var shapeB = g.tensor(b.weights()).shape();
    double[] rangeA = new double[channels];
    double[] rangeB = new double[channels];
    float[] wa = weights[p.first()];
    float[] wb = weights[p.second()];
    for (int i = 0; i < wa.length; i++) {
      int c = a.channelOf(shapeA, i);
      rangeA[c] = Math.max(rangeA[c], Math.abs(wa[i]));
    }
    for (int i = 0; i < wb.length; i++) {
      int c = b.inputChannelOf(shapeB, i);
      rangeB[c] = Math.max(rangeB[c], Math.abs(wb[i]));
    }
    double[] reached = reach[p.first()];
    double[] cap = ceiling[p.first()];
    double largest = 0;
    for (double v : reached) {
      largest = Math.max(largest, v);
    }
    if (total[p.first()] == null) {
      total[p.first()] = new double[channels];
      java.util.Arrays.fill(total[p.first()], 1);
    }
    double[] wanted = new double[channels];
    double newLargest = 0;
    for (int c = 0; c < channels; c++) {
      if (perTensor) {
        wanted[c] = Math.sqrt(rangeA[c] / rangeB[c]);
      } else {
        wanted[c] = b.isDepthwise() ? reached[c] : Math.sqrt(reached[c] / rangeB[c]);
      }
      if (wanted[c] > 1 / LARGEST_STEP && wanted[c] < LARGEST_STEP) {
        newLargest = Math.max(newLargest, reached[c] / wanted[c]);
      } else {
        wanted[c] = 0;
      }
    }
    double level = perTensor || largest == 0 ? 1 : newLargest / largest;
    double moved = 0;
    double[] s = new double[channels];
    for (int c = 0; c < channels; c++) {
      s[c] = wanted[c] > 0 && cap[c] > 0 ? Math.max(wanted[c] * level, reached[c] / cap[c]) : 1;
      total[p.first()][c] *= s[c];
      reached[c] /= s[c];
      biases[p.first()][c] = (float) (biases[p.first()][c] / s[c]);
      moved = Math.max(moved, Math.abs(Math.log(s[c])));
    }
    for (int i = 0; i < wa.length; i++) {
      wa[i] = (float) (wa[i] / s[a.channelOf(shapeA, i)]);
    }
    for (int i = 0; i < wb.length; i++) {
      wb[i] = (float) (wb[i] * s[b.inputChannelOf(shapeB, i)]);
    }
    return moved;
  }
}
