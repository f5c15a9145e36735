package io.quern.kernels.asm;

import io.quern.kernels.asm.KernelHarness.Input;
import io.quern.kernels.asm.KernelHarness.Scaling;
import io.quern.target.CostMark;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;

/**
 * Marks matrix products for {@code targets/cost}, with any weights and with binary ones:
 *
 * <pre>
 * targets/cost --board pi-4b,pi-5 --jdk 25 --enable-native-access=ALL-UNNAMED -cp target/classes:target/test-classes io.quern.kernels.asm.AsmCost
 * </pre>
 */
final class AsmCost {
  /** Long enough for what Java does around a call not to show. */
  private static final int[][] SHAPES = {{196, 256, 256}, {784, 128, 128}};

  private AsmCost() {}

  public static void main(String[] args) throws AsmUnavailableException {
    AsmSupport support = AsmSupport.find();
    Random random = new Random(1);
    for (int[] s : SHAPES) {
      byte[] any = KernelHarness.weights(random, s[1] * s[2], false);
      byte[] binary = new byte[any.length];
      for (int i = 0; i < any.length; i++) {
        binary[i] = (byte) (any[i] < 0 ? -127 : 127);
      }
      measure(support, random, s, any);
      measure(support, random, s, binary);
    }
  }

  private static void measure(AsmSupport support, Random random, int[] shape, byte[] weights)
      throws AsmUnavailableException {
    int m = shape[0];
    int k = shape[1];
    int n = shape[2];
    KernelCode code =
        support.pointwise(
            new PointwiseLayer(
                m,
                k,
                n,
                weights,
                KernelHarness.biases(random, n),
                3,
                KernelHarness.requantization(random, Scaling.USUAL, n, k)));
    try (AsmSupport.Loaded loaded = support.load(List.of(code))) {
      MemorySegment in = MemorySegment.ofArray(KernelHarness.input(random, Input.RANDOM, m * k));
      MemorySegment out = MemorySegment.ofArray(new byte[m * n]);
      MemorySegment scratch = MemorySegment.ofArray(new byte[code.scratchBytes()]);
      AsmKernel kernel = loaded.kernels().get(0);
      kernel.call(in, out, scratch, 0, m);
      CostMark mark = CostMark.region(code.name() + " " + m + "x" + k + "x" + n);
      mark.open();
      kernel.call(in, out, scratch, 0, m);
      mark.close((long) m * k * n);
    }
  }
}
