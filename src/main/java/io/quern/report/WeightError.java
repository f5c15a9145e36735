package io.quern.report;

import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Quantization;
import io.quern.model.Tensor;

/** The error of a layer's weights, in steps of the scale of the channel that each belongs to. */
final class WeightError {
  private WeightError() {}

  /**
   * Compares a layer's weights with those of the float layer that it stands for.
   *
   * @return null when one of both has no constant weights, or they are not comparable
   */
  static LayerError.Figures of(Graph floatGraph, Operator floatOp, Graph graph, Operator op) {
    int f = weights(floatOp);
    int q = weights(op);
    if (f < 0 || q < 0) {
      return null;
    }
    Tensor expected = floatGraph.tensor(f);
    Tensor actual = graph.tensor(q);
    boolean comparable =
        expected.isConstant()
            && actual.isConstant()
            && expected.type() == DataType.FLOAT32
            && KeptNetwork.isReal(actual)
            && expected.shape().equals(actual.shape());
    return comparable ? compare(expected, actual) : null;
  }

  private static int weights(Operator op) {
    boolean layer =
        op instanceof Operator.Conv2d
            || op instanceof Operator.DepthwiseConv2d
            || op instanceof Operator.TransposeConv
            || op instanceof Operator.FullyConnected;
    return layer ? op.inputs().get(1) : -1;
  }

  private static LayerError.Figures compare(Tensor expected, Tensor actual) {
    float[] x = expected.floats();
    SignalError real = new SignalError();
    SignalError steps = new SignalError();
    if (actual.type() == DataType.FLOAT32) {
      real.add(x, actual.floats());
      return LayerError.Figures.of(real, Double.NaN);
    }
    byte[] w = actual.bytesOf8();
    Quantization p = actual.quantization();
    int inner = inner(actual);
    for (int i = 0; i < x.length; i++) {
      int channel = i / inner % p.channels();
      int q = actual.type() == DataType.UINT8 ? w[i] & 255 : w[i];
      double scale = p.scale(channel);
      double value = scale * (q - p.zeroPoint(channel));
      real.add(x[i], value);
      steps.add(x[i] / scale, value / scale);
    }
    return new LayerError.Figures(
        real.sqnrDb(), steps.rmse(), steps.max(), steps.mean(), real.cosine());
  }

  /** Elements from one slice along the quantized dimension to the next. */
  private static int inner(Tensor t) {
    int n = 1;
    for (int d = t.quantization().axis() + 1; d < t.shape().rank(); d++) {
      n *= t.shape().dim(d);
    }
    return n;
  }
}
