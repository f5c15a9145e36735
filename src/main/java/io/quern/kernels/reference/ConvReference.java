package io.quern.kernels.reference;

import io.quern.kernels.Conv2dInt8;
import io.quern.kernels.ConvGeometry;
import io.quern.kernels.DepthwiseConv2dInt8;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Requantization;
import io.quern.kernels.Scratch;

/**
 * {@link Conv2dInt8} and {@link DepthwiseConv2dInt8}, whose formulas differ in the input channels
 * that an output reads and in the order of the weights. A unit is an output row of one image.
 *
 * <p>Most of the first result of a small network in a new process is computed here, interpreted and
 * then compiled in haste. So the loops over a kernel are one method and use local variables.
 */
final class ConvReference implements Kernel {
  private final ConvGeometry g;
  private final int in;
  private final int out;
  private final byte[] weights;
  private final int weightsZero;
  private final int[] bias;
  private final int inputZero;
  private final Requantization requantization;

  /** Input channels that an output reads, and outputs that read the same ones. */
  private final int depth;

  private final int sharing;

  /** Elements of the weights from one output, kernel row and kernel column to the next. */
  private final int outputStride;

  private final int rowStride;
  private final int columnStride;

  /**
   * @param p a depthwise layer as one of as many groups; its weights lie as the strides say
   */
  private ConvReference(Conv2dInt8 p, int outputStride, int columnStride) {
    g = p.geometry();
    in = p.in();
    out = p.out();
    weights = p.weights();
    weightsZero = p.weightsZeroPoint();
    bias = p.bias();
    inputZero = p.inputZeroPoint();
    requantization = p.requantization();
    depth = g.inC() / p.groups();
    sharing = g.outC() / p.groups();
    this.outputStride = outputStride;
    this.columnStride = columnStride;
    rowStride = g.kernelW() * columnStride;
  }

  /** The kernel of a convolution. */
  static Kernel of(Conv2dInt8 p) {
    int depth = p.geometry().inC() / p.groups();
    return new ConvReference(p, p.geometry().kernelH() * p.geometry().kernelW() * depth, depth);
  }

  /** The kernel of a depthwise convolution: a group for each input channel. */
  static Kernel of(DepthwiseConv2dInt8 p) {
    ConvGeometry g = p.geometry();
    Conv2dInt8 grouped =
        new Conv2dInt8(
            p.in(),
            p.out(),
            g,
            p.weights(),
            p.weightsZeroPoint(),
            p.bias(),
            g.inC(),
            p.inputZeroPoint(),
            p.requantization());
    return new ConvReference(grouped, 1, g.outC());
  }

  @Override
  public int units() {
    return g.batch() * g.outH();
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    byte[] bytes = memory.bytes;
    Requantization r = requantization;
    int outC = g.outC();
    int at = out + from * g.outW() * outC;
    for (int unit = from; unit < to; unit++) {
      int n = unit / g.outH();
      int top = unit % g.outH() * g.strideH() - g.padTop();
      int i = first(top, g.dilationH());
      int rows = end(top, g.dilationH(), g.inH(), g.kernelH()) - i;
      int inY = top + i * g.dilationH();
      for (int x = 0; x < g.outW(); x++) {
        int left = x * g.strideW() - g.padLeft();
        int j = first(left, g.dilationW());
        int columns = end(left, g.dilationW(), g.inW(), g.kernelW()) - j;
        int inX = left + j * g.dilationW();
        int inAt = in + ((n * g.inH() + inY) * g.inW() + inX) * g.inC();
        int weightsAt = i * rowStride + j * columnStride;
        for (int o = 0; o < outC; o++) {
          int acc = bias[o] + sum(bytes, inAt + o / sharing * depth, weightsAt, rows, columns);
          bytes[at++] = r.output(acc, o);
          weightsAt += outputStride;
        }
      }
    }
  }

  /**
   * {@code sum (w[i,j,c] - weightsZero) * (in[y+i,x+j,c] - inputZero)} over the rows and columns of
   * the kernel that lie inside the input; 0 when there are none.
   */
  private int sum(byte[] bytes, int inAt, int weightsAt, int rows, int columns) {
    byte[] w = weights;
    int wZero = weightsZero;
    int zero = inputZero;
    int n = depth;
    int inColumn = g.dilationW() * g.inC();
    int inRow = g.dilationH() * g.inW() * g.inC();
    int acc = 0;
    for (int i = 0; i < rows; i++) {
      int a = inAt + i * inRow;
      int b = weightsAt + i * rowStride;
      for (int j = 0; j < columns; j++) {
        for (int c = 0; c < n; c++) {
          acc += (w[b + c] - wZero) * (bytes[a + c] - zero);
        }
        a += inColumn;
        b += columnStride;
      }
    }
    return acc;
  }

  /**
   * The first kernel element, of those {@code dilation} apart from {@code start} on, at 0 or more.
   */
  private static int first(int start, int dilation) {
    return start >= 0 ? 0 : (dilation - 1 - start) / dilation;
  }

  /** One more than the last of {@code kernel} elements that lie below {@code size}. */
  private static int end(int start, int dilation, int size, int kernel) {
    return start >= size ? 0 : Math.min(kernel, (size - start + dilation - 1) / dilation);
  }
}
