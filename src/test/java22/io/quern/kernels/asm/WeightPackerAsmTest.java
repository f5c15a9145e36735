package io.quern.kernels.asm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;

/** Sums of weights in machine code against plain loops. */
@EnabledOnOs(architectures = {"amd64", "x86_64"})
class WeightPackerAsmTest {
  @Test
  void sumsOfRows() throws AsmUnavailableException {
    WeightPackerX86 packer = WeightPackerX86.install(new LinuxMemory());
    Random random = new Random(7);
    for (int depth = 1; depth < 200; depth = depth < 100 ? depth + 1 : depth + 31) {
      int rows = 1 + depth % 5;
      byte[] weights = new byte[rows * depth];
      random.nextBytes(weights);
      for (int i = 0; i < depth; i++) {
        weights[i] = (byte) (depth % 2 == 0 ? -128 : 127);
      }
      int[] sums = packer.sums(weights, rows, depth);
      for (int r = 0; r < rows; r++) {
        int sum = 0;
        int magnitudes = 0;
        for (int i = r * depth; i < (r + 1) * depth; i++) {
          sum += weights[i];
          magnitudes += Math.abs(weights[i]);
        }
        assertEquals(sum, sums[2 * r], "depth " + depth + " row " + r);
        assertEquals(magnitudes, sums[2 * r + 1], "depth " + depth + " row " + r);
      }
    }
    byte[] many = new byte[1 << 16];
    Arrays.fill(many, Byte.MIN_VALUE);
    int[] sums = packer.sums(many, 1, many.length);
    assertEquals(-128 << 16, sums[0]);
    assertEquals(128 << 16, sums[1]);
  }
}
