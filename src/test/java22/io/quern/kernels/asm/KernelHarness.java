package io.quern.kernels.asm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.kernels.ConvGeometry;
import io.quern.kernels.Requantization;
import io.quern.kernels.asm.GuardedBuffer.Side;
import io.quern.quant.FixedPoint;
import java.util.List;
import java.util.Random;

/** Scalar references, random layers, and calls between guard pages. */
final class KernelHarness {
  private final NativeMemory os;

  KernelHarness() throws AsmUnavailableException {
    os = new LinuxMemory();
  }

  /** How multipliers and shifts are chosen. */
  enum Scaling {
    /** So that outputs use the range, as in a network. */
    USUAL,
    /** Any shift from -31 to 30, any multiplier: most outputs saturate or vanish. */
    EXTREME,
    /** Multiplier 2^30 and small shifts: exact ties are frequent. */
    TIES
  }

  /** The values that inputs take. */
  enum Input {
    RANDOM,
    ALL_MIN,
    ALL_MAX
  }

  static int requantize(int acc, Requantization q, int c) {
    int scaled = FixedPoint.multiply(acc, q.multipliers()[c], q.shifts()[c]);
    long shifted = (long) scaled + q.zeroPoint();
    return (int) Math.max(q.qmin(), Math.min(q.qmax(), shifted));
  }

  static Requantization requantization(Random random, Scaling scaling, int channels, int depth) {
    int[] multipliers = new int[channels];
    int[] shifts = new int[channels];
    for (int c = 0; c < channels; c++) {
      switch (scaling) {
        case USUAL -> {
          double factor = (0.2 + random.nextDouble()) / (60 * Math.sqrt(depth));
          multipliers[c] = FixedPoint.multiplier(factor);
          shifts[c] = FixedPoint.shift(factor);
        }
        case EXTREME -> {
          multipliers[c] =
              random.nextInt(8) == 0
                  ? 0
                  : random.nextInt(4) == 0
                      ? Integer.MAX_VALUE
                      : (1 << 30) + random.nextInt(1 << 30);
          shifts[c] = random.nextInt(62) - 31;
        }
        case TIES -> {
          multipliers[c] = random.nextBoolean() ? 1 << 30 : 3 << 29;
          shifts[c] = random.nextInt(12) - 11;
        }
        default -> throw new AssertionError(scaling);
      }
    }
    int[] zeroPoints = {-128, -5, 0, 7, 127};
    int qmin = random.nextInt(3) == 0 ? random.nextInt(256) - 128 : -128;
    int qmax = random.nextInt(3) == 0 ? qmin + random.nextInt(128 - qmin) : 127;
    return new Requantization(
        multipliers, shifts, zeroPoints[random.nextInt(zeroPoints.length)], qmin, qmax);
  }

  static byte[] weights(Random random, int length, boolean extreme) {
    byte[] w = new byte[length];
    for (int i = 0; i < length; i++) {
      w[i] = (byte) (extreme ? (random.nextBoolean() ? 127 : -127) : random.nextInt(255) - 127);
    }
    return w;
  }

  static int[] biases(Random random, int length) {
    int[] b = new int[length];
    for (int i = 0; i < length; i++) {
      b[i] = random.nextInt(20001) - 10000;
    }
    return b;
  }

  static byte[] input(Random random, Input kind, int length) {
    byte[] x = new byte[length];
    for (int i = 0; i < length; i++) {
      x[i] =
          switch (kind) {
            case RANDOM -> (byte) random.nextInt(256);
            case ALL_MIN -> -128;
            case ALL_MAX -> 127;
          };
    }
    return x;
  }

  static byte[] pointwise(PointwiseLayer p, byte[] in, int m) {
    byte[] out = new byte[m * p.n()];
    for (int r = 0; r < m; r++) {
      for (int c = 0; c < p.n(); c++) {
        int acc = p.bias()[c];
        for (int i = 0; i < p.k(); i++) {
          acc += p.weights()[c * p.k() + i] * (in[r * p.k() + i] - p.inputZeroPoint());
        }
        out[r * p.n() + c] = (byte) requantize(acc, p.requantization(), c);
      }
    }
    return out;
  }

  static byte[] conv2d(Conv2dLayer layer, byte[] in) {
    ConvGeometry g = layer.geometry();
    PointwiseLayer p = layer.product();
    byte[] out = new byte[p.m() * p.n()];
    for (int r = 0; r < p.m(); r++) {
      int top = r / g.outW() * g.strideH() - g.padTop();
      int left = r % g.outW() * g.strideW() - g.padLeft();
      for (int o = 0; o < p.n(); o++) {
        int acc = p.bias()[o];
        for (int i = 0; i < p.k(); i++) {
          int y = top + i / g.inC() / g.kernelW() * g.dilationH();
          int x = left + i / g.inC() % g.kernelW() * g.dilationW();
          if (y >= 0 && y < g.inH() && x >= 0 && x < g.inW()) {
            int at = (y * g.inW() + x) * g.inC() + i % g.inC();
            acc += p.weights()[o * p.k() + i] * (in[at] - p.inputZeroPoint());
          }
        }
        out[r * p.n() + o] = (byte) requantize(acc, p.requantization(), o);
      }
    }
    return out;
  }

  static byte[] depthwise(DepthwiseLayer p, byte[] in) {
    byte[] out = new byte[p.outH() * p.outW() * p.channels()];
    for (int y = 0; y < p.outH(); y++) {
      for (int x = 0; x < p.outW(); x++) {
        for (int c = 0; c < p.channels(); c++) {
          int acc = p.bias()[c];
          for (int i = 0; i < p.kernelH(); i++) {
            for (int j = 0; j < p.kernelW(); j++) {
              int iy = y * p.strideH() + i * p.dilationH() - p.padTop();
              int ix = x * p.strideW() + j * p.dilationW() - p.padLeft();
              if (iy >= 0 && iy < p.inH() && ix >= 0 && ix < p.inW()) {
                acc +=
                    p.weights()[(i * p.kernelW() + j) * p.channels() + c]
                        * (in[(iy * p.inW() + ix) * p.channels() + c] - p.inputZeroPoint());
              }
            }
          }
          out[(y * p.outW() + x) * p.channels() + c] =
              (byte) requantize(acc, p.requantization(), c);
        }
      }
    }
    return out;
  }

  /**
   * Runs the code with every buffer against an inaccessible page, in one call and in two, and
   * compares.
   *
   * @param message with the seed and the case
   */
  void check(String message, KernelCode code, byte[] in, byte[] expected, int rows)
      throws AsmUnavailableException {
    try (CodeMemory memory = CodeMemory.install(os, code.isa(), List.of(code.code()))) {
      for (Side side : Side.values()) {
        try (GuardedBuffer x = new GuardedBuffer(os, in.length, side);
            GuardedBuffer y = new GuardedBuffer(os, expected.length, side);
            GuardedBuffer packed = new GuardedBuffer(os, code.packed().length, side);
            GuardedBuffer scratch = new GuardedBuffer(os, code.scratchBytes(), side)) {
          x.set(in);
          packed.set(code.packed());
          AsmKernel kernel = new AsmKernel(code, memory, 0, packed.bytes);
          kernel.call(x.bytes, y.bytes, scratch.bytes, 0, rows);
          String where = message + " " + side + " " + code.name();
          assertArrayEquals(expected, y.get(), where);
          y.bytes.fill(GuardedBuffer.PATTERN);
          int half = rows / 2;
          kernel.call(x.bytes, y.bytes, scratch.bytes, half, rows - half);
          long untouched = half * code.outBytesPerRow();
          for (int i = 0; i < untouched; i++) {
            assertTrue(y.get()[i] == GuardedBuffer.PATTERN, where + " wrote before its rows");
          }
          kernel.call(x.bytes, y.bytes, scratch.bytes, 0, half);
          assertArrayEquals(expected, y.get(), where + " in two calls");
          assertArrayEquals(in, x.get(), where + " input");
          assertArrayEquals(code.packed(), packed.get(), where + " packed");
          assertTrue(
              x.surroundingsIntact()
                  && y.surroundingsIntact()
                  && packed.surroundingsIntact()
                  && scratch.surroundingsIntact(),
              where + " surroundings");
        }
      }
    }
  }
}
