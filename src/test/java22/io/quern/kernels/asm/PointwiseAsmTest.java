package io.quern.kernels.asm;

import static org.junit.jupiter.api.Assertions.assertFalse;

import io.quern.kernels.asm.KernelHarness.Input;
import io.quern.kernels.asm.KernelHarness.Scaling;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every pointwise routine that this processor can run, against the scalar formula. */
class PointwiseAsmTest {
  private static final int[] ROWS = {1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 17};
  private static final int[] COLUMNS = {1, 2, 3, 4, 5, 7, 8, 9, 11, 15, 16, 17, 31, 32, 33, 37};
  private static final int[] DEPTHS = {
    1, 2, 3, 4, 5, 7, 8, 9, 13, 15, 16, 17, 24, 31, 32, 33, 47, 61, 64, 67, 127, 129
  };

  private final KernelHarness harness = new KernelHarness();
  private final AsmSupport support = AsmSupport.find(new LinuxMemory(), null);

  PointwiseAsmTest() throws AsmUnavailableException {}

  static Stream<String> routines() throws AsmUnavailableException {
    List<String> names = AsmSupport.find(new LinuxMemory(), null).pointwiseRoutines();
    assertFalse(names.isEmpty(), "no routine for this processor");
    System.out.println("pointwise routines: " + names);
    return names.stream();
  }

  @ParameterizedTest
  @MethodSource("routines")
  void shapesAroundTheTile(String routine) throws AsmUnavailableException {
    int index = 0;
    for (int m : ROWS) {
      for (int n : COLUMNS) {
        // every depth meets every height and width without the full product
        for (int i = 0; i < 2; i++) {
          int k = DEPTHS[(index * 5 + i * 11) % DEPTHS.length];
          run(routine, index * 10L + i, m, k, n, Input.RANDOM);
        }
        index++;
      }
    }
  }

  @ParameterizedTest
  @MethodSource("routines")
  void blocksOfRows(String routine) throws AsmUnavailableException {
    run(routine, 1, 67, 1024, 16, Input.RANDOM);
    run(routine, 2, 40, 4099, 5, Input.RANDOM);
    run(routine, 3, 196, 256, 256, Input.RANDOM);
  }

  @ParameterizedTest
  @MethodSource("routines")
  void saturatingInputs(String routine) throws AsmUnavailableException {
    long seed = 100;
    for (Input input : new Input[] {Input.ALL_MIN, Input.ALL_MAX}) {
      for (int k : new int[] {1, 16, 33, 512}) {
        run(routine, seed++, 7, k, 17, input);
      }
    }
  }

  private void run(String routine, long seed, int m, int k, int n, Input kind)
      throws AsmUnavailableException {
    Random random = new Random(seed);
    Scaling scaling = Scaling.values()[(int) (seed % 3)];
    int[] zeroPoints = {-128, 0, 127, 3};
    PointwiseLayer layer =
        new PointwiseLayer(
            m,
            k,
            n,
            KernelHarness.weights(random, n * k, kind != Input.RANDOM),
            KernelHarness.biases(random, n),
            zeroPoints[random.nextInt(4)],
            KernelHarness.requantization(random, scaling, n, k));
    byte[] in = KernelHarness.input(random, kind, m * k);
    harness.check(
        "seed " + seed + " m " + m + " k " + k + " n " + n + " " + scaling + " " + kind,
        support.pointwise(routine, layer),
        in,
        KernelHarness.pointwise(layer, in, m),
        m);
  }
}
