package io.quern.calibrate;

import io.quern.model.Activation;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Operator.Conv2d;
import io.quern.model.Operator.FullyConnected;
import io.quern.model.Padding;
import io.quern.model.Shape;
import io.quern.model.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Replaces fully connected and pointwise layers, {@code W} of outputs x inputs, by two layers of
 * rank r: {@code W = U S V'} cut after r singular values, {@code sqrt(S) V'} (inputs to r, no bias,
 * no activation) then {@code U sqrt(S)} (r to outputs, with the layer's bias and activation).
 * Strides go to the first of them. A layer is left alone where the two would not be smaller than
 * the one: {@code r * (outputs + inputs) >= outputs * inputs}.
 *
 * <p>4096 x 4096 at rank 512 is a quarter of the weights. The decomposition of large layers takes
 * time in the order of outputs * inputs * r ({@link TruncatedSvd}).
 */
public final class LowRank {
  /** Name of the pass in reports. */
  public static final String NAME = "low-rank";

  /** Singular values that are looked at first where the criterion says nothing of their number. */
  private static final int FIRST_RANK = 64;

  private LowRank() {}

  /**
   * Factorises every layer where it pays.
   *
   * @param criterion how ranks are chosen
   * @param value what the criterion compares with, in (0, 1]
   * @throws IllegalArgumentException if the value is outside (0, 1]
   */
  public static PassResult apply(Graph graph, LowRankCriterion criterion, double value) {
    if (!(value > 0 && value <= 1)) {
      throw new IllegalArgumentException("low rank: value must be in (0, 1], is " + value);
    }
    if (criterion == LowRankCriterion.NONE) {
      return new PassResult(graph, new PassReport(NAME, 0, "no criterion", List.of()));
    }
    GraphEditor g = new GraphEditor(graph);
    List<Operator> operators = new ArrayList<>();
    List<String> details = new ArrayList<>();
    long before = 0;
    long after = 0;
    for (int i = 0; i < graph.operators().size(); i++) {
      Operator op = graph.operators().get(i);
      Layer layer = Layer.ofConstant(graph, op);
      if (layer == null) {
        operators.add(op);
        continue;
      }
      int weights = graph.tensor(layer.weights()).shape().elements();
      before += weights;
      after += weights;
      if (!isMatrix(graph, layer)) {
        operators.add(op);
        continue;
      }
      int rows = layer.channels(graph);
      int columns = weights / rows;
      int most = (weights - 1) / (rows + columns);
      TruncatedSvd svd =
          decompose(graph.tensor(layer.weights()).floats(), rows, columns, most, criterion, value);
      int rank = rank(svd, rows, columns, criterion, value);
      if (rank == 0 || (long) rank * (rows + columns) >= weights) {
        operators.add(op);
        continue;
      }
      int reduced = rank * (rows + columns);
      after += reduced - weights;
      details.add(
          String.format(
              Locale.ROOT,
              "%s: %dx%d at rank %d, %d -> %d weights, relative error %.3g",
              graph.operatorName(i),
              rows,
              columns,
              rank,
              weights,
              reduced,
              Math.sqrt(1 - svd.energy(rank))));
      split(g, layer, svd, rank, rows, columns, operators);
    }
    if (details.isEmpty()) {
      return new PassResult(graph, new PassReport(NAME, 0, "no layer became smaller", details));
    }
    g.operators.clear();
    g.operators.addAll(operators);
    String summary =
        details.size()
            + " layers factorised, "
            + before
            + " -> "
            + after
            + " weights in all layers";
    return new PassResult(g.build(), new PassReport(NAME, details.size(), summary, details));
  }

  private static boolean isMatrix(Graph g, Layer layer) {
    if (layer.operator() instanceof Conv2d) {
      Shape w = g.tensor(layer.weights()).shape();
      return w.dim(1) == 1 && w.dim(2) == 1 && w.dim(3) == g.tensor(layer.input()).shape().dim(3);
    }
    return layer.isFullyConnected();
  }

  /**
   * As many singular values as the criterion needs, at most {@code most}: beyond that factors are
   * no smaller than the layer.
   */
  private static TruncatedSvd decompose(
      float[] w, int rows, int columns, int most, LowRankCriterion criterion, double value) {
    if (criterion == LowRankCriterion.PARAMETERS) {
      return TruncatedSvd.of(w, rows, columns, Math.max(1, rankWithin(value, rows, columns)));
    }
    TruncatedSvd svd = null;
    for (int rank = FIRST_RANK; ; rank *= 2) {
      svd = TruncatedSvd.of(w, rows, columns, Math.max(1, Math.min(rank, most)));
      if (rank >= most || svd.energy(svd.values().length) >= needed(criterion, value)) {
        return svd;
      }
    }
  }

  private static double needed(LowRankCriterion criterion, double value) {
    return criterion == LowRankCriterion.ENERGY ? value : 1 - value * value;
  }

  private static int rankWithin(double value, int rows, int columns) {
    return (int) (value * rows * columns / (rows + columns));
  }

  /** The least rank that meets the criterion, or one that is too large to pay. */
  private static int rank(
      TruncatedSvd svd, int rows, int columns, LowRankCriterion criterion, double value) {
    if (criterion == LowRankCriterion.PARAMETERS) {
      return rankWithin(value, rows, columns);
    }
    double needed = needed(criterion, value);
    for (int rank = 1; rank <= svd.values().length; rank++) {
      if (svd.energy(rank) >= needed) {
        return rank;
      }
    }
    return Math.min(rows, columns);
  }

  private static void split(
      GraphEditor g,
      Layer layer,
      TruncatedSvd svd,
      int rank,
      int rows,
      int columns,
      List<Operator> to) {
    float[] first = new float[rank * columns];
    float[] second = new float[rows * rank];
    for (int k = 0; k < rank; k++) {
      double root = Math.sqrt(svd.values()[k]);
      for (int c = 0; c < columns; c++) {
        first[k * columns + c] = (float) (root * svd.right()[k][c]);
      }
      for (int r = 0; r < rows; r++) {
        second[r * rank + k] = (float) (root * svd.left()[k][r]);
      }
    }
    Tensor w = g.tensor(layer.weights());
    Tensor out = g.tensor(layer.output());
    int[] middle = out.shape().toArray();
    middle[middle.length - 1] = rank;
    boolean conv = layer.operator() instanceof Conv2d;
    int a =
        g.add(
            Tensor.constant(
                w.name() + "/in",
                conv ? Shape.of(rank, 1, 1, columns) : Shape.of(rank, columns),
                first));
    int b =
        g.add(
            Tensor.constant(
                w.name() + "/out",
                conv ? Shape.of(rows, 1, 1, rank) : Shape.of(rows, rank),
                second));
    int t = g.add(Tensor.activation(out.name() + "/rank", out.type(), Shape.of(middle), null));
    to.add(layer.with(layer.input(), a, Operator.NO_TENSOR, t, Activation.NONE));
    if (conv) {
      to.add(
          new Conv2d(
              t, b, layer.bias(), layer.output(), Padding.VALID, 1, 1, 1, 1, layer.activation()));
    } else {
      boolean keep = ((FullyConnected) layer.operator()).keepNumDims();
      to.add(new FullyConnected(t, b, layer.bias(), layer.output(), keep, layer.activation()));
    }
  }
}
