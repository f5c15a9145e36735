package io.quern.calibrate;

import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Padding;
import io.quern.model.Shape;

/**
 * The inputs that one output position of a convolution, depthwise convolution or fully connected
 * layer reads, in the order of the weights.
 */
final class Patches {
  private final Operator op;
  private final int[] in;
  private final int[] out;
  private final int[] kernel;
  private final int[] stride = new int[2];
  private final int[] dilation = new int[2];
  private final int[] before = new int[2];

  Patches(Graph g, Layer layer) {
    this.op = layer.operator();
    Shape w = g.tensor(layer.weights()).shape();
    if (op instanceof Operator.FullyConnected) {
      int depth = w.dim(1);
      this.in = new int[] {1, 1, g.tensor(layer.input()).shape().elements() / depth, depth};
      this.out = new int[] {1, 1, in[2], w.dim(0)};
      this.kernel = new int[] {1, 1};
      stride[0] = stride[1] = dilation[0] = dilation[1] = 1;
      return;
    }
    this.in = g.tensor(layer.input()).shape().toArray();
    this.out = g.tensor(layer.output()).shape().toArray();
    this.kernel = new int[] {w.dim(1), w.dim(2)};
    Padding padding;
    if (op instanceof Operator.Conv2d o) {
      stride[0] = o.strideH();
      stride[1] = o.strideW();
      dilation[0] = o.dilationH();
      dilation[1] = o.dilationW();
      padding = o.padding();
    } else {
      Operator.DepthwiseConv2d o = (Operator.DepthwiseConv2d) op;
      stride[0] = o.strideH();
      stride[1] = o.strideW();
      dilation[0] = o.dilationH();
      dilation[1] = o.dilationW();
      padding = o.padding();
    }
    for (int d = 0; d < 2; d++) {
      before[d] = padding.before(in[1 + d], kernel[d], stride[d], dilation[d]);
    }
  }

  /** Whether patches can be formed: not for transposed or grouped convolutions. */
  static boolean supports(Graph g, Layer layer) {
    if (layer.operator() instanceof Operator.Conv2d) {
      return g.tensor(layer.weights()).shape().dim(3) == g.tensor(layer.input()).shape().dim(3);
    }
    return layer.isDepthwise() || layer.isFullyConnected();
  }

  /** Output positions: batch * height * width. */
  int positions() {
    return out[0] * out[1] * out[2];
  }

  /** Kernel positions times input channels. */
  int length() {
    return kernel[0] * kernel[1] * in[3];
  }

  /**
   * Reads one patch.
   *
   * @param x the layer's input
   * @param position in [0, positions)
   * @param patch receives {@link #length} values, [KH, KW, C]; padding is 0
   */
  void read(float[] x, int position, double[] patch) {
    int ox = position % out[2];
    int oy = position / out[2] % out[1];
    int n = position / out[2] / out[1];
    int k = 0;
    for (int ky = 0; ky < kernel[0]; ky++) {
      int iy = oy * stride[0] - before[0] + ky * dilation[0];
      for (int kx = 0; kx < kernel[1]; kx++) {
        int ix = ox * stride[1] - before[1] + kx * dilation[1];
        boolean inside = iy >= 0 && iy < in[1] && ix >= 0 && ix < in[2];
        int at = ((n * in[1] + iy) * in[2] + ix) * in[3];
        for (int c = 0; c < in[3]; c++) {
          patch[k++] = inside ? x[at + c] : 0;
        }
      }
    }
  }
}
