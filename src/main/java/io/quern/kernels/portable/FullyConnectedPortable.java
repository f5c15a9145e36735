package io.quern.kernels.portable;

import io.quern.kernels.FullyConnectedInt8;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;

/**
 * int8 fully connected layer: four outputs at a time share each input that is read; the weights
 * stay as they are, so that a large layer takes no more memory than its file. A unit is four
 * outputs of all batches.
 */
final class FullyConnectedPortable implements Kernel {
  private final FullyConnectedInt8 p;
  private final int[] bias;
  private final double[] scales;
  private final Requantizer requantizer;

  FullyConnectedPortable(FullyConnectedInt8 p) {
    this.p = p;
    bias = new int[p.outputs()];
    for (int o = 0; o < bias.length; o++) {
      int sum = 0;
      for (int i = 0; i < p.inputs(); i++) {
        sum += p.weights()[o * p.inputs() + i];
      }
      bias[o] = p.bias()[o] - p.inputZeroPoint() * (sum - p.inputs() * p.weightsZeroPoint());
    }
    scales = p.scales();
    requantizer = scales == null ? new Requantizer(p.requantization()) : null;
  }

  @Override
  public int units() {
    return (p.outputs() + 3) / 4;
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    int end = Math.min(p.outputs(), 4 * to);
    byte[] x = memory.bytes;
    byte[] w = p.weights();
    int n = p.inputs();
    for (int b = 0; b < p.batch(); b++) {
      int in = p.in() + b * n;
      int out = p.out() + b * p.outputs();
      int correction = p.weightsZeroPoint() == 0 ? 0 : p.weightsZeroPoint() * sum(x, in, n);
      int o = 4 * from;
      for (; o + 4 <= end; o += 4) {
        int w0 = o * n;
        int w1 = w0 + n;
        int w2 = w1 + n;
        int w3 = w2 + n;
        int a0 = 0;
        int a1 = 0;
        int a2 = 0;
        int a3 = 0;
        for (int i = 0; i < n; i++) {
          int v = x[in + i];
          a0 += v * w[w0 + i];
          a1 += v * w[w1 + i];
          a2 += v * w[w2 + i];
          a3 += v * w[w3 + i];
        }
        x[out + o] = output(a0 - correction, o);
        x[out + o + 1] = output(a1 - correction, o + 1);
        x[out + o + 2] = output(a2 - correction, o + 2);
        x[out + o + 3] = output(a3 - correction, o + 3);
      }
      for (; o < end; o++) {
        int a = 0;
        for (int i = 0; i < n; i++) {
          a += x[in + i] * w[o * n + i];
        }
        x[out + o] = output(a - correction, o);
      }
    }
  }

  private static int sum(byte[] x, int from, int n) {
    int s = 0;
    for (int i = 0; i < n; i++) {
      s += x[from + i];
    }
    return s;
  }

  private byte output(int sum, int o) {
    int acc = sum + bias[o];
    if (scales == null) {
      return requantizer.apply(acc, o);
    }
    double q = roundAwayFromZero(acc * scales[o]) + p.requantization().zeroPoint();
    return (byte) Math.min(Math.max(q, p.requantization().qmin()), p.requantization().qmax());
  }

  /** Nearest integer, ties away from zero; exact also just below one half. */
  private static double roundAwayFromZero(double v) {
    double magnitude = Math.abs(v);
    double floor = Math.floor(magnitude);
    double rounded = magnitude - floor >= 0.5 ? floor + 1 : floor;
    return v < 0 ? -rounded : rounded;
  }

  @Override
  public String microKernel() {
    return "dot4x1";
  }
}
