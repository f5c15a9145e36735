package io.quern.report;

import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Shape;
import io.quern.runtime.Costs;
import java.util.ArrayList;
import java.util.List;

/**
 * Multiply-accumulates and weights (biases left out) of a layer in its possible forms. With an
 * output of H x W positions, C input channels, N output channels and a k x k kernel: standard
 * {@code HW k^2 C N}; depthwise {@code HW k^2 C}; pointwise {@code HW C N}; separable is depthwise
 * then pointwise, and costs {@code 1/N + 1/k^2} of standard.
 *
 * <p>Source: A. Howard et al., MobileNets, 2017, arXiv:1704.04861, section 3.1 (forms) and 3.3, 3.4
 * (multipliers).
 */
public final class CostModel {
  private CostModel() {}

  /**
   * A convolution as it could be built.
   *
   * @param height output positions, vertically
   * @param width output positions, horizontally
   * @param channels input channels
   * @param filters output channels
   * @param kernelH kernel height
   * @param kernelW kernel width
   */
  public record Layer(int height, int width, int channels, int filters, int kernelH, int kernelW) {
    /** Checks that everything is at least 1 and that counts fit in 63 bits. */
    public Layer {
      if (height < 1 || width < 1 || channels < 1 || filters < 1 || kernelH < 1 || kernelW < 1) {
        throw new IllegalArgumentException(
            "a layer's sizes must be at least 1: "
                + height
                + "x"
                + width
                + "x"
                + channels
                + ", "
                + filters
                + " filters of "
                + kernelH
                + "x"
                + kernelW);
      }
      try {
        long n = Math.multiplyExact((long) height * width, (long) channels * filters);
        Math.multiplyExact(n, (long) kernelH * kernelW);
      } catch (ArithmeticException e) {
        throw new IllegalArgumentException("a layer of more than 2^63 multiply-accumulates", e);
      }
    }

    private long positions() {
      return (long) height * width;
    }

    private long taps() {
      return (long) kernelH * kernelW;
    }

    /** MACs and weights of the standard convolution. */
    public Cost standard() {
      return new Cost(positions() * taps() * channels * filters, taps() * channels * filters);
    }

    /** One filter per channel. */
    public Cost depthwise() {
      return new Cost(positions() * taps() * channels, taps() * channels);
    }

    /** 1x1 filters over all channels. */
    public Cost pointwise() {
      return new Cost(positions() * channels * filters, (long) channels * filters);
    }

    /** Depthwise, then pointwise. */
    public Cost separable() {
      return depthwise().plus(pointwise());
    }

    /** What the separable form costs of the standard one: {@code 1/N + 1/k^2}. */
    public double ratio() {
      return 1.0 / filters + 1.0 / taps();
    }

    /**
     * The layer of a network made thinner and smaller.
     *
     * @param widthMultiplier of channels and filters, rounded to nearest, at least 1
     * @param resolutionMultiplier of height and width, likewise
     */
    public Layer scaled(double widthMultiplier, double resolutionMultiplier) {
      return new Layer(
          scale(height, resolutionMultiplier),
          scale(width, resolutionMultiplier),
          scale(channels, widthMultiplier),
          scale(filters, widthMultiplier),
          kernelH,
          kernelW);
    }

    private static int scale(int n, double by) {
      return (int) Math.max(1, Math.round(n * by));
    }
  }

  /**
   * What something costs.
   *
   * @param macs multiply-accumulates
   * @param weights elements, biases left out
   */
  public record Cost(long macs, long weights) {
    /** Both together. */
    public Cost plus(Cost o) {
      return new Cost(macs + o.macs, weights + o.weights);
    }
  }

  /**
   * One operator of a model.
   *
   * @param name of the operator
   * @param form standard, grouped, depthwise, pointwise or fully connected
   * @param output shape of its output
   * @param cost its own
   * @param standard the standard convolution that it stands in for: of a depthwise and the
   *     pointwise that alone follows it, both together, said at the pointwise; null when it stands
   *     in for nothing
   */
  public record Row(String name, String form, Shape output, Cost cost, Cost standard) {}

  /** The operators of a model that multiply, in order. */
  public static List<Row> of(Graph g) {
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < g.operators().size(); i++) {
      Operator op = g.operators().get(i);
      if (op instanceof Operator.Conv2d c) {
        Shape w = g.tensor(c.weights()).shape();
        Shape out = g.tensor(c.output()).shape();
        boolean point = w.dim(1) == 1 && w.dim(2) == 1;
        boolean grouped = w.dim(3) != g.tensor(c.input()).shape().dim(3);
        Operator before = producer(g, c.input());
        Cost standard = null;
        if (point && !grouped && before instanceof Operator.DepthwiseConv2d d) {
          Shape k = g.tensor(d.weights()).shape();
          int inputChannels = g.tensor(d.input()).shape().dim(3);
          standard =
              new Layer(out.dim(1), out.dim(2), inputChannels, out.dim(3), k.dim(1), k.dim(2))
                  .standard();
        }
        rows.add(
            row(g, i, grouped ? "grouped" : point ? "pointwise" : "standard", out, w, standard));
      } else if (op instanceof Operator.DepthwiseConv2d d) {
        rows.add(
            row(
                g,
                i,
                "depthwise",
                g.tensor(d.output()).shape(),
                g.tensor(d.weights()).shape(),
                null));
      } else if (op instanceof Operator.FullyConnected f) {
        rows.add(
            row(
                g,
                i,
                "fully connected",
                g.tensor(f.output()).shape(),
                g.tensor(f.weights()).shape(),
                null));
      } else if (op instanceof Operator.TransposeConv t) {
        rows.add(
            row(
                g,
                i,
                "transposed",
                g.tensor(t.output()).shape(),
                g.tensor(t.weights()).shape(),
                null));
      }
    }
    return rows;
  }

  private static Row row(Graph g, int i, String form, Shape out, Shape weights, Cost standard) {
    return new Row(
        g.operatorName(i), form, out, new Cost(Costs.macs(g, i), weights.elements()), standard);
  }

  private static Operator producer(Graph g, int tensor) {
    for (Operator op : g.operators()) {
      if (op.outputs().contains(tensor)) {
        return op;
      }
    }
    return null;
  }
}
