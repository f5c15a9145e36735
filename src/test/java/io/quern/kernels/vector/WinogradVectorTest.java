package io.quern.kernels.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.quern.kernels.Conv2dInt8;
import io.quern.kernels.ConvGeometry;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Requantization;
import io.quern.kernels.Scratch;
import io.quern.kernels.reference.ReferenceTier;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class WinogradVectorTest {
  private static final int GUARD = 67;

  private static Conv2dInt8 conv(
      Random random, int n, int h, int w, int pad, int inC, int outC, int largest) {
    ConvGeometry g =
        new ConvGeometry(
            n, h, w, inC, h + 2 * pad - 2, w + 2 * pad - 2, outC, 3, 3, 1, 1, 1, 1, pad, pad);
    byte[] weights = new byte[9 * inC * outC];
    boolean extremes = random.nextInt(4) == 0;
    for (int i = 0; i < weights.length; i++) {
      int any = random.nextInt(2 * largest + 1) - largest;
      weights[i] = (byte) (extremes ? largest * (random.nextInt(2) * 2 - 1) : any);
    }
    int[] bias = random.ints(outC, -20_000, 20_000).toArray();
    int[] multipliers = random.ints(outC, 1 << 30, Integer.MAX_VALUE).toArray();
    int[] shifts = random.ints(outC, -10, -3).toArray();
    int zero = random.nextInt(256) - 128;
    int qmin = random.nextBoolean() ? -128 : Math.min(zero, 100);
    Requantization r = new Requantization(multipliers, shifts, zero, qmin, 127);
    int in = GUARD;
    int out = in + n * h * w * inC + GUARD;
    return new Conv2dInt8(in, out, g, weights, 0, bias, 1, random.nextInt(256) - 128, r);
  }

  private static byte[] run(Kernel k, Conv2dInt8 p, Random random, int parts) {
    Memory memory = new Memory(p.out() + p.geometry().pixels() * p.geometry().outC() + GUARD, 0, 0);
    random.nextBytes(memory.bytes);
    if (random.nextInt(4) == 0) {
      byte extreme = (byte) (random.nextBoolean() ? -128 : 127);
      Arrays.fill(memory.bytes, p.in(), p.out() - GUARD, extreme);
    }
    for (int i = 0; i < parts; i++) {
      Scratch scratch = new Scratch(k.scratch());
      Arrays.fill(scratch.floats, Float.NaN);
      Arrays.fill(scratch.ints, Integer.MIN_VALUE);
      k.run(memory, scratch, k.units() * i / parts, k.units() * (i + 1) / parts);
    }
    return memory.bytes;
  }

  @Test
  void sameBytesAsReference() {
    for (int seed = 0; seed < 80; seed++) {
      Random random = new Random(seed);
      int inC = 16 + 8 * random.nextInt(4);
      int outC = 16 + random.nextInt(40);
      int pad = random.nextInt(2);
      int h = 4 - 2 * pad + random.nextInt(18);
      int w = 4 - 2 * pad + random.nextInt(18);
      int n = 1 + random.nextInt(2);
      Conv2dInt8 p = conv(random, n, h, w, pad, inC, outC, 1 + random.nextInt(50));
      Kernel winograd = new VectorTier().create(p);
      assertInstanceOf(WinogradVector.class, winograd, "seed " + seed);
      byte[] expected = run(new ReferenceTier().create(p), p, new Random(seed), 1);
      byte[] actual = run(winograd, p, new Random(seed), 1 + random.nextInt(3));
      assertArrayEquals(expected, actual, "seed " + seed);
    }
  }

  /** Sums of 4 inputs times sums of 9 weights reach 2^24 before the convolution does. */
  @Test
  void weightsThatMayLeaveExactFloatsAreLeftToAnotherKernel() {
    Conv2dInt8 p = conv(new Random(1), 1, 8, 8, 1, 32, 16, 127);
    Arrays.fill(p.weights(), (byte) 127);
    assertNull(WinogradVector.create(p));
  }
}
