package io.quern.kernels.asm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.kernels.ConvGeometry;
import io.quern.kernels.Requantization;
import io.quern.kernels.asm.KernelHarness.Input;
import io.quern.kernels.asm.KernelHarness.Scaling;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Layers whose weights are small numbers times a factor, against the scalar formula. */
class SmallWeightsAsmTest {
  private final KernelHarness harness = new KernelHarness();
  private final AsmSupport support = AsmSupport.find(new LinuxMemory(), "avx2,neon");

  SmallWeightsAsmTest() throws AsmUnavailableException {}

  @Test
  void greatestAndFactors() {
    SmallWeights small = SmallWeights.of(layer(4, new byte[] {6, -4, 0, 2, 127, -127, 127, 0}), 3);
    assertNotNull(small);
    assertEquals(3, small.greatest());
    assertEquals(2, small.factors()[0]);
    assertEquals(127, small.factors()[1]);
    assertNull(SmallWeights.of(layer(4, new byte[] {6, -4, 0, 2, 127, -127, 127, 1}), 3));
    SmallWeights least = SmallWeights.of(layer(2, new byte[] {-128, -128, 0, 0}), 1);
    assertNotNull(least);
    assertEquals(128, least.factors()[0]);
    assertEquals(1, least.factors()[1]);
  }

  private static PointwiseLayer layer(int k, byte[] weights) {
    int n = weights.length / k;
    int[] shifts = new int[n];
    return new PointwiseLayer(
        1, k, n, weights, new int[n], 0, new Requantization(shifts.clone(), shifts, 0, -128, 127));
  }

  @Test
  void shapesAroundTheTile() throws AsmUnavailableException {
    long seed = 0;
    int[] depths = {1, 2, 3, 4, 5, 7, 16, 17, 33, 64, 67, 129, 255, 256, 257};
    for (int m : new int[] {1, 2, 5, 6, 7, 13}) {
      for (int n : new int[] {1, 3, 8, 9, 16, 17, 33}) {
        pointwise(seed, m, depths[(int) (seed * 7 % depths.length)], n, 1, Input.RANDOM);
        seed++;
      }
    }
  }

  @Test
  void manySegments() throws AsmUnavailableException {
    long seed = 100;
    for (int greatest : new int[] {1, 2, 3, 7, 15, 16}) {
      for (int k : new int[] {16, 60, 257, 511, 512, 1027, 2032, 4099}) {
        pointwise(seed++, 7, k, 19, greatest, Input.RANDOM);
      }
    }
  }

  @Test
  void extremes() throws AsmUnavailableException {
    long seed = 200;
    for (Input input : new Input[] {Input.ALL_MIN, Input.ALL_MAX}) {
      for (int greatest : new int[] {1, 3, 16}) {
        for (int k : new int[] {4, 64, 256, 1100, 2048}) {
          pointwise(seed++, 8, k, 17, greatest, input);
        }
      }
    }
  }

  private void pointwise(long seed, int m, int k, int n, int greatest, Input kind)
      throws AsmUnavailableException {
    Random random = new Random(seed);
    PointwiseLayer layer = product(random, seed, m, k, n, greatest, kind);
    byte[] in = KernelHarness.input(random, kind, m * k);
    KernelCode code = support.pointwise(layer);
    if (code.isa() == Isa.X86_64) {
      assertTrue(code.name().contains("MADDUBS"), code.name());
    }
    String message = "seed " + seed + " k " + k + " greatest " + greatest;
    harness.check(message, code, in, KernelHarness.pointwise(layer, in, m), m);
  }

  @Test
  void convolutions() throws AsmUnavailableException {
    long seed = 300;
    for (int[] s :
        new int[][] {
          {5, 4, 3, 16, 1, 1}, {8, 8, 16, 17, 1, 1}, {7, 9, 64, 24, 2, 1}, {9, 8, 130, 8, 1, 2}
        }) {
      for (int greatest : new int[] {1, 7, 16}) {
        for (Input kind : Input.values()) {
          conv2d(seed++, s, greatest, kind);
        }
      }
    }
  }

  /** A kernel of 3 x 3 on height, width, channels in and out, stride and dilation. */
  private void conv2d(long seed, int[] s, int greatest, Input kind) throws AsmUnavailableException {
    Random random = new Random(seed);
    int outH = (s[0] + 2 - 2 * s[5] - 1) / s[4] + 1;
    int outW = (s[1] + 2 - 2 * s[5] - 1) / s[4] + 1;
    ConvGeometry g =
        new ConvGeometry(1, s[0], s[1], s[2], outH, outW, s[3], 3, 3, s[4], s[4], s[5], s[5], 1, 1);
    PointwiseLayer product = product(random, seed, outH * outW, 9 * s[2], s[3], greatest, kind);
    Conv2dLayer layer = new Conv2dLayer(g, product);
    KernelCode code = support.conv2d(layer);
    byte[] in = KernelHarness.input(random, kind, s[0] * s[1] * s[2]);
    if (code == null) {
      // this processor multiplies patches, which the other tests cover
      assertEquals(Isa.AARCH64, support.cpu().isa());
      return;
    }
    String message = "seed " + seed + " " + g + " greatest " + greatest;
    harness.check(message, code, in, KernelHarness.conv2d(layer, in), outH);
  }

  private static PointwiseLayer product(
      Random random, long seed, int m, int k, int n, int greatest, Input kind) {
    byte[] weights = new byte[n * k];
    for (int c = 0; c < n; c++) {
      int factor = 1 + random.nextInt(127 / greatest);
      for (int i = c * k; i < (c + 1) * k; i++) {
        int w = random.nextInt(2 * greatest + 1) - greatest;
        if (greatest == 1 || kind != Input.RANDOM) {
          // in a column of one sign, sums are as large as they can be
          boolean minus = kind == Input.RANDOM ? random.nextBoolean() : (c & 1) != 0;
          w = minus ? -greatest : greatest;
        }
        weights[i] = (byte) (factor * w);
      }
    }
    int[] zeroPoints = {-128, 0, 127, 3};
    return new PointwiseLayer(
        m,
        k,
        n,
        weights,
        KernelHarness.biases(random, n),
        zeroPoints[random.nextInt(4)],
        KernelHarness.requantization(random, Scaling.values()[(int) (seed % 3)], n, k));
  }
}
