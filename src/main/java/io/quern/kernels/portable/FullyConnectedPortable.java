package io.quern.kernels.portable;

import io.quern.kernels.FullyConnectedInt8;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;

/**
 * int8 fully connected layer. Where a row of outputs is long enough to be vectorised, the weights
 * of four inputs lie in the bytes of an int, one int per output: shifts take them apart, which C2
 * of JDK 17 and 25 vectorises where it does not vectorise sums of bytes (11 to 20 GMAC/s on AVX2 in
 * place of 1.2). A unit is then a block of outputs of all batches.
 *
 * <p>Else four outputs at a time share each input that is read, and the weights stay as they are,
 * so that a very large layer takes no more memory than its file. A unit is four outputs of all
 * batches.
 */
final class FullyConnectedPortable implements Kernel {
  /** From here on rows pay: 3 to 5 times as fast as sums of bytes. */
  private static final int LEAST_OUTPUTS = 32;

  /** Beyond, a second copy of the weights takes too much memory. */
  private static final int MOST_WEIGHTS = 1 << 23;

  /** Most outputs of a block, whose sums stay in the nearest cache. */
  private static final int BLOCK = 256;

  private final FullyConnectedInt8 p;
  private final int[] bias;
  private final double[] scales;
  private final Requantizer requantizer;

  /** Outputs of a block, but for the last. */
  private final int block;

  /** Weights: [block, four inputs, output]; null where rows do not pay. */
  private final int[][][] packed;

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
    block = Rows.tile(p.outputs(), BLOCK);
    packed =
        p.outputs() >= LEAST_OUTPUTS && p.weights().length <= MOST_WEIGHTS ? pack(p, block) : null;
  }

  private static int[][][] pack(FullyConnectedInt8 p, int block) {
    int groups = (p.inputs() + 3) / 4;
    int[][][] packed = new int[(p.outputs() + block - 1) / block][groups][];
    for (int b = 0; b < packed.length; b++) {
      int first = b * block;
      int n = Math.min(block, p.outputs() - first);
      for (int g = 0; g < groups; g++) {
        int[] row = new int[n];
        for (int q = 0; q < Math.min(4, p.inputs() - 4 * g); q++) {
          for (int i = 0; i < n; i++) {
            byte w = p.weights()[(first + i) * p.inputs() + 4 * g + q];
            row[i] |= (w & 255) << 8 * q;
          }
        }
        packed[b][g] = row;
      }
    }
    return packed;
  }

  @Override
  public int units() {
    return packed != null ? packed.length : (p.outputs() + 3) / 4;
  }

  @Override
  public ScratchSize scratch() {
    return new ScratchSize(0, 0, packed != null ? block : 0, 0);
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    for (int b = 0; b < p.batch(); b++) {
      int in = p.in() + b * p.inputs();
      int out = p.out() + b * p.outputs();
      int correction =
          p.weightsZeroPoint() == 0 ? 0 : p.weightsZeroPoint() * sum(memory.bytes, in, p.inputs());
      if (packed != null) {
        rows(memory.bytes, in, out, correction, scratch.ints, from, to);
      } else {
        dot4(memory.bytes, in, out, correction, from, to);
      }
    }
  }

  private void rows(byte[] x, int in, int out, int correction, int[] sums, int from, int to) {
    for (int unit = from; unit < to; unit++) {
      int first = unit * block;
      int n = Math.min(block, p.outputs() - first);
      sums(packed[unit], x, in, sums, n);
      for (int i = 0; i < n; i++) {
        x[out + first + i] = output(sums[i] - correction, first + i);
      }
    }
  }

  private void sums(int[][] weights, byte[] x, int in, int[] sums, int n) {
    java.util.Arrays.fill(sums, 0, n, 0);
    int whole = p.inputs() / 4;
    for (int g = 0; g < whole; g++) {
      int at = in + 4 * g;
      add(sums, weights[g], x[at], x[at + 1], x[at + 2], x[at + 3], n);
    }
    if (whole < weights.length) {
      int at = in + 4 * whole;
      int rest = p.inputs() - 4 * whole;
      int x1 = rest > 1 ? x[at + 1] : 0;
      add(sums, weights[whole], x[at], x1, rest > 2 ? x[at + 2] : 0, 0, n);
    }
  }

  /**
   * Four inputs times the bytes of {@code w}. With the sum of the products before the old sum C2 of
   * JDK 25 does not vectorise it.
   */
  private static void add(int[] sums, int[] w, int x0, int x1, int x2, int x3, int n) {
    for (int i = 0; i < n; i++) {
      int v = w[i];
      sums[i] =
          sums[i]
              + x0 * (v << 24 >> 24)
              + x1 * (v << 16 >> 24)
              + x2 * (v << 8 >> 24)
              + x3 * (v >> 24);
    }
  }

  private void dot4(byte[] x, int in, int out, int correction, int from, int to) {
    int end = Math.min(p.outputs(), 4 * to);
    byte[] w = p.weights();
    int n = p.inputs();
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
    return packed != null ? "outputRows4x" + block : "dot4x1";
  }
}
