package io.quern.testing;

import static io.quern.model.DataType.FLOAT32;
import static io.quern.model.DataType.INT32;
import static io.quern.model.DataType.INT64;
import static io.quern.model.DataType.INT8;
import static io.quern.model.DataType.UINT8;

import io.quern.model.Activation;
import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Padding;
import io.quern.model.Quantization;
import java.util.ArrayList;
import java.util.List;

/** A small graph for every operator, in float, int8 and uint8, with its less usual attributes. */
public final class GraphGallery {
  private final List<Graph> graphs = new ArrayList<>();

  private GraphGallery() {}

  /** All graphs; the names say what they show. */
  public static List<Graph> all() {
    GraphGallery gallery = new GraphGallery();
    for (DataType type : List.of(FLOAT32, INT8, UINT8)) {
      gallery.weighted(type);
      gallery.windows(type);
      gallery.elementwise(type);
      gallery.moving(type);
      gallery.cutting(type);
      gallery.converting(type);
    }
    return gallery.graphs;
  }

  private void weighted(DataType type) {
    GraphBuilder g = new GraphBuilder(1);
    int x = g.input(type, 1, 7, 6, 4);
    int y = g.activation(type, 1, 4, 3, 6);
    g.operator(
        new Operator.Conv2d(
            x,
            g.weights(type, 0, 6, 3, 2, 4),
            g.bias(x, g.last(), 6),
            y,
            Padding.SAME,
            2,
            2,
            1,
            1,
            Activation.RELU6));
    int z = g.activation(type, 1, 4, 3, 12);
    g.operator(
        new Operator.DepthwiseConv2d(
            y,
            g.weights(type, 3, 1, 3, 3, 12),
            g.bias(y, g.last(), 12),
            z,
            Padding.SAME,
            1,
            1,
            2,
            1,
            2,
            Activation.RELU));
    int v = g.activation(type, 1, 2, 2, 4);
    g.operator(
        new Operator.Conv2d(
            z,
            g.weights(type, 0, 4, 3, 2, 12),
            g.bias(z, g.last(), 4),
            v,
            Padding.VALID,
            1,
            1,
            1,
            1,
            Activation.NONE));
    int w = g.activation(type, 1, 2, 5);
    int r = g.activation(type, 1, 2, 8);
    g.operator(new Operator.Reshape(Operator.Reshape.Mode.RESHAPE, v, r));
    g.operator(
        new Operator.FullyConnected(
            r, g.weights(type, 0, 5, 8), g.bias(r, g.last(), 5), w, true, Activation.RELU_N1_TO_1));
    int s = g.activation(type, 2, 3);
    g.operator(
        new Operator.FullyConnected(
            w, g.weights(type, 0, 3, 5), Operator.NO_TENSOR, s, false, Activation.NONE));
    g.metadata("quern", "{\"labels\":[\"caf\u00e9\"]}");
    graphs.add(g.build("weighted " + type));
    if (type == UINT8) {
      return;
    }
    g = new GraphBuilder(2);
    x = g.input(type, 1, 3, 4, 4);
    y = g.activation(type, 1, 6, 8, 3);
    g.operator(
        new Operator.TransposeConv(
            x,
            g.weights(type, 0, 3, 3, 3, 4),
            g.bias(x, g.last(), 3),
            y,
            Padding.SAME,
            2,
            2,
            Activation.NONE));
    z = g.activation(type, 1, 8, 10, 2);
    g.operator(
        new Operator.TransposeConv(
            y,
            g.weights(type, 0, 2, 3, 3, 3),
            Operator.NO_TENSOR,
            z,
            Padding.VALID,
            1,
            1,
            Activation.NONE));
    w = g.activation(type, 1, 8, 10, 4);
    g.operator(
        new Operator.Conv2d(
            z,
            g.weights(type, 0, 4, 1, 1, 1),
            g.bias(z, g.last(), 4),
            w,
            Padding.SAME,
            1,
            1,
            1,
            1,
            Activation.NONE));
    graphs.add(g.build("transposed and grouped " + type));
  }

  private void windows(DataType type) {
    GraphBuilder g = new GraphBuilder(3);
    int x = g.input(type, 2, 9, 7, 3);
    int y = g.activation(type, 2, 5, 3, 3);
    g.operator(
        new Operator.Pool2d(
            Operator.Pool2d.Mode.AVERAGE, x, y, Padding.SAME, 2, 3, 3, 2, Activation.RELU6));
    int z = g.activation(type, 2, 4, 2, 3);
    g.operator(
        new Operator.Pool2d(
            Operator.Pool2d.Mode.MAX, y, z, Padding.VALID, 1, 1, 2, 2, Activation.NONE));
    int r = g.activation(type, 2, 7, 5, 3);
    g.operator(new Operator.Resize(Operator.Resize.Mode.BILINEAR, z, r, false, true));
    int n = g.activation(type, 2, 3, 9, 3);
    g.operator(new Operator.Resize(Operator.Resize.Mode.NEAREST_NEIGHBOR, r, n, true, false));
    int m = g.activation(type, 2, 1, 1, 3);
    g.operator(new Operator.Mean(n, m, List.of(1, 2), true));
    int q = g.activation(type, 2, 1, 1);
    g.operator(new Operator.Mean(m, q, List.of(3), false));
    graphs.add(g.build("windows " + type));
  }

  private void elementwise(DataType type) {
    GraphBuilder g = new GraphBuilder(4);
    int x = g.input(type, 1, 4, 5, 3);
    int t = x;
    for (Operator.Unary.Function f : Operator.Unary.Function.values()) {
      int y =
          f == Operator.Unary.Function.LOGISTIC && type != FLOAT32
              ? g.activation(type, Quantization.perTensor(1f / 256, type.min()), 1, 4, 5, 3)
              : g.activation(type, 1, 4, 5, 3);
      g.operator(new Operator.Unary(f, t, y, f == Operator.Unary.Function.LEAKY_RELU ? 0.3f : 0));
      t = y;
    }
    int a = g.activation(type, 1, 4, 5, 3);
    g.operator(new Operator.Binary(Operator.Binary.Function.ADD, x, t, a, Activation.RELU));
    int b = g.activation(type, 1, 4, 5, 3);
    g.operator(
        new Operator.Binary(
            Operator.Binary.Function.MUL, a, g.constant(type, 3), b, Activation.NONE));
    int c = g.activation(type, 1, 4, 5, 3);
    g.operator(
        new Operator.Binary(
            Operator.Binary.Function.SUB, g.constant(type, 1, 5, 1), b, c, Activation.RELU6));
    int p = g.activation(type, 1, 4, 5, 3);
    g.operator(new Operator.Prelu(c, g.constant(type, 1, 1, 3), p));
    int s =
        type == FLOAT32
            ? g.activation(type, 1, 4, 5, 3)
            : g.activation(type, Quantization.perTensor(1f / 256, type.min()), 1, 4, 5, 3);
    g.operator(new Operator.Softmax(p, s, 0.5f));
    graphs.add(g.build("elementwise " + type));
  }

  private void moving(DataType type) {
    GraphBuilder g = new GraphBuilder(5);
    int x = g.input(type, 1, 3, 4, 2);
    int p = g.activation(type, 1, 6, 5, 2);
    g.operator(
        new Operator.Pad(x, Operator.NO_TENSOR, p, List.of(0, 1, 0, 0), List.of(0, 2, 1, 0)));
    int q = g.activation(type, 1, 6, 5, 5);
    g.operator(new Operator.Pad(p, g.constant(type), q, List.of(0, 0, 0, 1), List.of(0, 0, 0, 2)));
    int s = g.activation(type, 6, 5, 5);
    g.operator(new Operator.Reshape(Operator.Reshape.Mode.SQUEEZE, q, s));
    int e = g.activation(type, 6, 1, 5, 5);
    g.operator(new Operator.Reshape(Operator.Reshape.Mode.EXPAND_DIMS, s, e));
    int t = g.activation(type, 5, 6, 1, 5);
    g.operator(new Operator.Transpose(e, t, List.of(3, 0, 1, 2)));
    int r = g.activation(type, 15, 10);
    g.operator(new Operator.Reshape(Operator.Reshape.Mode.RESHAPE, t, r));
    graphs.add(g.build("moving " + type));
  }

  private void cutting(DataType type) {
    GraphBuilder g = new GraphBuilder(6);
    int x = g.input(type, 1, 6, 8, 4);
    int a = g.activation(type, 1, 6, 4, 4);
    int b = g.activation(type, 1, 6, 4, 4);
    g.operator(new Operator.Split(x, List.of(a, b), 2));
    int c = g.activation(type, 1, 6, 4, 8);
    g.operator(new Operator.Concatenation(List.of(a, b), c, 3, Activation.NONE));
    int d = g.activation(type, 1, 3, 4, 5);
    g.operator(
        new Operator.Slice(
            false, c, d, List.of(0, 2, 0, 1), List.of(1, 1, 1, 1), List.of(1, 3, 4, 5)));
    int e = g.activation(type, 3, 2, 2);
    g.operator(
        new Operator.Slice(
            true, d, e, List.of(0, 2, 1, 4), List.of(1, -1, 2, -3), List.of(1, 3, 2, 2)));
    graphs.add(g.build("cutting " + type));
    g = new GraphBuilder(7);
    x = g.input(type, 5, 4);
    int y = g.activation(type, 1, 2, 1);
    g.operator(new Operator.Slice(true, x, y, List.of(4, 3), List.of(1, -2), List.of(1, 2)));
    graphs.add(g.build("inserting " + type));
  }

  private void converting(DataType type) {
    GraphBuilder g = new GraphBuilder(8);
    int x = g.input(type, 2, 9);
    int q = g.activation(INT8, 2, 9);
    g.operator(new Operator.Quantize(x, q));
    int u = g.activation(UINT8, 2, 9);
    g.operator(new Operator.Quantize(q, u));
    int f = g.activation(FLOAT32, 2, 9);
    g.operator(new Operator.Dequantize(u, f));
    int i = g.activation(type == INT8 ? INT64 : INT32, 9);
    g.operator(new Operator.ArgMax(type == UINT8 ? u : f, i, 0));
    graphs.add(g.build("converting " + type));
  }
}
