package io.quern.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import io.quern.kernels.reference.ReferenceTier;
import io.quern.quant.FixedPoint;
import java.util.Arrays;
import java.util.Random;

/**
 * Random operators for differential tests of fast tiers against {@link ReferenceTier}: sizes at
 * random around tiles, strides, dilations, groups, extreme zero points, weights and inputs. Outputs
 * start as 0xA5, between guards; units are run in one call, one by one and in two halves.
 */
public final class Differential {
  private static final int GUARD = 67;
  private static final int[] SIZES = {
    1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 23, 24, 31, 32, 33, 48, 64, 65, 67
  };

  private final Random random;

  /** Cases from one seed. */
  public Differential(long seed) {
    random = new Random(seed);
  }

  private int size() {
    return SIZES[random.nextInt(SIZES.length)];
  }

  private int between(int lo, int hi) {
    return lo + random.nextInt(hi - lo + 1);
  }

  private int zeroPoint() {
    return switch (random.nextInt(5)) {
      case 0 -> -128;
      case 1 -> 127;
      case 2 -> 0;
      default -> between(-128, 127);
    };
  }

  /** Bytes: uniform, all least, all greatest or sparse. */
  private byte[] bytes(int n, int lo) {
    byte[] r = new byte[n];
    int kind = random.nextInt(8);
    for (int i = 0; i < n; i++) {
      r[i] =
          (byte)
              switch (kind) {
                case 0 -> lo;
                case 1 -> 127;
                case 2 -> random.nextInt(4) == 0 ? between(lo, 127) : 0;
                case 3 -> random.nextBoolean() ? lo : 127;
                default -> between(lo, 127);
              };
    }
    return r;
  }

  private Requantization requantization(int channels, int depth) {
    int[] m = new int[channels];
    int[] s = new int[channels];
    boolean perTensor = random.nextInt(4) == 0;
    int extreme = random.nextInt(12);
    for (int c = 0; c < channels; c++) {
      double factor = (0.2 + 3 * random.nextDouble()) / Math.sqrt(depth) / 60;
      if (extreme == 0) {
        factor = Math.scalb(0.5 + random.nextDouble(), between(-30, 3));
      } else if (extreme == 1) {
        factor = random.nextInt(3) == 0 ? 0 : Math.scalb(1, -between(1, 12));
      }
      m[c] = perTensor && c > 0 ? m[0] : FixedPoint.multiplier(factor);
      s[c] = perTensor && c > 0 ? s[0] : FixedPoint.shift(factor);
    }
    int z = zeroPoint();
    int qmin = random.nextInt(3) == 0 ? z : -128;
    int qmax = random.nextInt(6) == 0 ? between(qmin, 127) : 127;
    return new Requantization(m, s, z, qmin, qmax);
  }

  private int[] bias(int channels, int depth) {
    int[] b = new int[channels];
    int limit = random.nextInt(8) == 0 ? 1 << 28 : 1 + (int) (2000 * Math.sqrt(depth));
    for (int c = 0; c < channels; c++) {
      b[c] = between(-limit, limit);
    }
    return b;
  }

  private ConvGeometry geometry(int inC, int outC, boolean small) {
    int kernelH = random.nextInt(3) == 0 ? between(1, 5) : 3;
    int kernelW = random.nextInt(3) == 0 ? between(1, 5) : 3;
    int strideH = between(1, 3);
    int strideW = random.nextInt(3) == 0 ? between(1, 3) : strideH;
    int dilationH = random.nextInt(4) == 0 ? between(1, 3) : 1;
    int dilationW = random.nextInt(4) == 0 ? between(1, 3) : 1;
    int outH = between(1, small ? 4 : 9);
    int outW = random.nextInt(4) == 0 ? size() : between(1, small ? 5 : 20);
    int spanH = (outH - 1) * strideH + (kernelH - 1) * dilationH + 1;
    int spanW = (outW - 1) * strideW + (kernelW - 1) * dilationW + 1;
    int padTop = Math.min(between(0, 2), spanH - 1);
    int padLeft = Math.min(between(0, 2), spanW - 1);
    int inH = Math.max(1, spanH - padTop - between(0, 2));
    int inW = Math.max(1, spanW - padLeft - between(0, 2));
    return new ConvGeometry(
        random.nextInt(4) == 0 ? 2 : 1,
        inH,
        inW,
        inC,
        outH,
        outW,
        outC,
        kernelH,
        kernelW,
        strideH,
        strideW,
        dilationH,
        dilationW,
        padTop,
        padLeft);
  }

  /** A pointwise convolution's geometry. */
  private ConvGeometry pointwise(int inC, int outC) {
    int h = between(1, 12);
    int w = random.nextInt(3) == 0 ? size() : between(1, 12);
    return new ConvGeometry(
        random.nextInt(4) == 0 ? 2 : 1, h, w, inC, h, w, outC, 1, 1, 1, 1, 1, 1, 0, 0);
  }

  private int weightsZeroPoint() {
    return random.nextInt(6) == 0 ? between(-128, 127) : 0;
  }

  /** A convolution, one time in two pointwise, sometimes grouped or deep. */
  public Conv2dInt8 conv2d() {
    int groups = random.nextInt(5) == 0 ? between(2, 3) : 1;
    int inC = groups * (groups > 1 ? between(1, 9) : size());
    int outC = groups * (groups > 1 ? between(1, 9) : size());
    ConvGeometry g;
    if (random.nextBoolean()) {
      if (random.nextInt(6) == 0) {
        inC = groups * between(500, 2500);
      }
      g = pointwise(inC, outC);
    } else {
      g = geometry(inC, outC, true);
    }
    int depth = g.kernelH() * g.kernelW() * inC / groups;
    int zero = weightsZeroPoint();
    return new Conv2dInt8(
        GUARD,
        GUARD + size(g.batch(), g.inH(), g.inW(), inC) + GUARD,
        g,
        bytes(outC * depth, zero == 0 && random.nextInt(3) > 0 ? -127 : -128),
        zero,
        bias(outC, depth),
        groups,
        zeroPoint(),
        requantization(outC, depth));
  }

  /** A depthwise convolution, one time in two with a kernel of 3 x 3. */
  public DepthwiseConv2dInt8 depthwise() {
    int multiplier = random.nextInt(4) == 0 ? between(2, 3) : 1;
    int inC = random.nextInt(6) == 0 ? between(100, 300) : size();
    int outC = inC * multiplier;
    ConvGeometry g = geometry(inC, outC, false);
    int depth = g.kernelH() * g.kernelW();
    return new DepthwiseConv2dInt8(
        GUARD,
        GUARD + size(g.batch(), g.inH(), g.inW(), inC) + GUARD,
        g,
        bytes(outC * depth, random.nextInt(3) > 0 ? -127 : -128),
        weightsZeroPoint(),
        bias(outC, depth),
        multiplier,
        zeroPoint(),
        requantization(outC, depth));
  }

  /** A fully connected layer, one time in two with real factors. */
  public FullyConnectedInt8 fullyConnected() {
    int inputs = random.nextInt(4) == 0 ? between(500, 3000) : size();
    int outputs = size();
    int batch = random.nextInt(3) == 0 ? between(2, 5) : 1;
    double[] scales = null;
    if (random.nextBoolean()) {
      scales = new double[outputs];
      for (int o = 0; o < outputs; o++) {
        scales[o] =
            random.nextInt(3) == 0
                ? Math.scalb(1, -between(1, 12))
                : (0.2 + 3 * random.nextDouble()) / Math.sqrt(inputs) / 60;
      }
    }
    return new FullyConnectedInt8(
        GUARD,
        GUARD + batch * inputs + GUARD,
        batch,
        inputs,
        outputs,
        bytes(outputs * inputs, random.nextInt(3) > 0 ? -127 : -128),
        weightsZeroPoint(),
        bias(outputs, inputs),
        zeroPoint(),
        scales,
        requantization(outputs, inputs));
  }

  private static int size(int... dims) {
    int n = 1;
    for (int d : dims) {
      n *= d;
    }
    return n;
  }

  /**
   * Runs the tier's kernel and the reference's on the same random input.
   *
   * @return false when the tier has none
   */
  public boolean check(Tier tier, KernelParams params, int out, int outLength, String message) {
    Kernel kernel = tier.create(params);
    if (kernel == null) {
      return false;
    }
    if (kernel.units() < 1) {
      fail(message + ": " + kernel.units() + " units");
    }
    int total = out + outLength + GUARD;
    byte[] input = bytes(total, -128);
    byte[] expected = run(new ReferenceTier(), params, input, out, outLength, 1);
    for (int parts = 1; parts <= 3; parts++) {
      byte[] actual = run(tier, params, input, out, outLength, parts);
      String m = message + " in " + parts + " parts, " + kernel.microKernel() + ", " + params;
      for (int i = 0; i < outLength; i++) {
        if (expected[out + i] != actual[out + i]) {
          assertEquals(expected[out + i], actual[out + i], "output " + i + " of " + m);
        }
      }
      assertArrayEquals(expected, actual, "outside of the output: " + m);
    }
    return true;
  }

  private static byte[] run(
      Tier tier, KernelParams params, byte[] input, int out, int outLength, int parts) {
    Memory memory = new Memory(input.length, 0, 0);
    System.arraycopy(input, 0, memory.bytes, 0, input.length);
    Arrays.fill(memory.bytes, out, out + outLength, (byte) 0xA5);
    Kernel kernel = tier.create(params);
    int units = kernel.units();
    if (parts == 2) {
      Scratch one = poisoned(kernel);
      Scratch other = poisoned(kernel);
      kernel.run(memory, other, units / 2, units);
      kernel.run(memory, one, 0, units / 2);
    } else if (parts == 3) {
      Scratch scratch = poisoned(kernel);
      for (int u = units - 1; u >= 0; u--) {
        kernel.run(memory, scratch, u, u + 1);
      }
    } else {
      kernel.run(memory, poisoned(kernel), 0, units);
    }
    return memory.bytes;
  }

  /** Scratch content is undefined: anything, NaN too. */
  private static Scratch poisoned(Kernel kernel) {
    Scratch s = new Scratch(kernel.scratch());
    Arrays.fill(s.bytes, (byte) 0x5A);
    Arrays.fill(s.shorts, (short) 0x5A5A);
    Arrays.fill(s.ints, 0x5A5A5A5A);
    Arrays.fill(s.floats, Float.NaN);
    for (float[] row : s.rows) {
      Arrays.fill(row, Float.NaN);
    }
    for (float[] row : s.shiftedRows) {
      Arrays.fill(row, Float.NaN);
    }
    s.shift = kernel.units() % 4;
    s.rowStart = 1 + 2 * s.shift;
    s.rowStartTimed = System.nanoTime();
    s.shiftTimed = s.rowStartTimed;
    return s;
  }

  /** Checks one random operator of each family. */
  public void checkAll(Tier tier, String message) {
    Conv2dInt8 c = conv2d();
    check(tier, c, c.out(), c.geometry().pixels() * c.geometry().outC(), message);
    DepthwiseConv2dInt8 d = depthwise();
    check(tier, d, d.out(), d.geometry().pixels() * d.geometry().outC(), message);
    FullyConnectedInt8 f = fullyConnected();
    check(tier, f, f.out(), f.batch() * f.outputs(), message);
  }
}
