package io.quern.bench;

import io.quern.kernels.Conv2dInt8;
import io.quern.kernels.ConvGeometry;
import io.quern.kernels.DepthwiseConv2dInt8;
import io.quern.kernels.FullyConnectedInt8;
import io.quern.kernels.KernelParams;
import io.quern.kernels.Requantization;
import io.quern.quant.FixedPoint;
import java.util.Arrays;
import java.util.Random;

/**
 * Layers of real networks with seeded weights, by name: {@code conv_224x3_32_s2} is a 3x3
 * convolution of 224x224x3 to 32 channels at stride 2, {@code dw_14x512_s1} a depthwise 3x3 one,
 * {@code pw_14x256_256} a pointwise one, {@code fc_64_10} a fully connected layer.
 */
final class Layers {
  private Layers() {}

  /** Parameters of a layer: its input at offset 0 of the arena's bytes, its output after it. */
  static KernelParams of(String name) {
    String[] p = name.split("[_x]");
    Random random = new Random(name.hashCode());
    int a = Integer.parseInt(p[1]);
    int b = Integer.parseInt(p[2]);
    switch (p[0]) {
      case "fc":
        return new FullyConnectedInt8(
            0, a, 1, a, b, bytes(random, a * b), 0, ints(random, b), 3, scales(b), output(b));
      case "dw":
        {
          ConvGeometry g = geometry(a, b, b, 3, p[3]);
          return new DepthwiseConv2dInt8(
              0, inLength(g), g, bytes(random, 9 * b), 0, ints(random, b), 1, 3, output(b));
        }
      default:
        {
          int kernel = p[0].equals("pw") ? 1 : 3;
          int outC = Integer.parseInt(p[3]);
          ConvGeometry g = geometry(a, b, outC, kernel, p.length > 4 ? p[4] : "s1");
          byte[] w = bytes(random, outC * kernel * kernel * b);
          return new Conv2dInt8(0, inLength(g), g, w, 0, ints(random, outC), 1, 3, output(outC));
        }
    }
  }

  /** Arena bytes that a layer needs. */
  static int bytesOf(KernelParams p) {
    if (p instanceof FullyConnectedInt8 f) {
      return f.inputs() + f.outputs();
    }
    ConvGeometry g =
        p instanceof Conv2dInt8 c ? c.geometry() : ((DepthwiseConv2dInt8) p).geometry();
    return inLength(g) + g.pixels() * g.outC();
  }

  /** Multiply-accumulates of a layer. */
  static long macsOf(KernelParams p) {
    if (p instanceof FullyConnectedInt8 f) {
      return (long) f.inputs() * f.outputs();
    }
    ConvGeometry g =
        p instanceof Conv2dInt8 c ? c.geometry() : ((DepthwiseConv2dInt8) p).geometry();
    long perOutput = (long) g.kernelH() * g.kernelW() * (p instanceof Conv2dInt8 ? g.inC() : 1);
    return perOutput * g.pixels() * g.outC();
  }

  private static int inLength(ConvGeometry g) {
    return g.batch() * g.inH() * g.inW() * g.inC();
  }

  private static ConvGeometry geometry(int size, int inC, int outC, int kernel, String s) {
    int stride = Integer.parseInt(s.substring(1));
    int out = (size + stride - 1) / stride;
    int pad = Math.max((out - 1) * stride + kernel - size, 0) / 2;
    return new ConvGeometry(
        1, size, size, inC, out, out, outC, kernel, kernel, stride, stride, 1, 1, pad, pad);
  }

  private static byte[] bytes(Random random, int n) {
    byte[] b = new byte[n];
    for (int i = 0; i < n; i++) {
      b[i] = (byte) Math.max(-127, Math.min(127, Math.round(random.nextGaussian() * 40)));
    }
    return b;
  }

  private static int[] ints(Random random, int n) {
    return random.ints(n, -2000, 2000).toArray();
  }

  private static double[] scales(int n) {
    double[] s = new double[n];
    Arrays.fill(s, 0.0007);
    return s;
  }

  private static Requantization output(int n) {
    int[] multipliers = new int[n];
    int[] shifts = new int[n];
    for (int c = 0; c < n; c++) {
      double factor = 0.0005 + 0.00001 * (c % 50);
      multipliers[c] = FixedPoint.multiplier(factor);
      shifts[c] = FixedPoint.shift(factor);
    }
    return new Requantization(multipliers, shifts, -5, -128, 127);
  }
}
