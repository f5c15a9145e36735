package io.quern.kernels.asm;

import static org.junit.jupiter.api.Assertions.assertFalse;

import io.quern.kernels.ConvGeometry;
import io.quern.kernels.asm.KernelHarness.Input;
import io.quern.kernels.asm.KernelHarness.Scaling;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Convolutions that read their input in place, against the scalar formula and guard pages. */
@EnabledOnOs(architectures = "amd64")
class DirectConv2dAsmTest {
  private final KernelHarness harness = new KernelHarness();
  private final WeightPackerX86 packer = WeightPackerX86.install(new LinuxMemory());
  private final Snippets snippets = new Snippets();

  DirectConv2dAsmTest() throws AsmUnavailableException {}

  static Stream<DotX86> routines() throws AsmUnavailableException {
    CpuFeatures cpu = CpuFeatures.detect(new LinuxMemory());
    List<DotX86> dots =
        Arrays.stream(DotX86.values())
            .filter(d -> cpu.has(d.needs) && d != DotX86.MADDUBS)
            .toList();
    assertFalse(dots.isEmpty(), "no routine for this processor");
    return dots.stream();
  }

  /** Height and width of the input, channels in and out. */
  private static final int[][] SHAPES = {
    {1, 1, 1, 1},
    {5, 4, 3, 16},
    {7, 9, 2, 5},
    {8, 8, 16, 17},
    {3, 13, 7, 33},
    {12, 5, 4, 48},
    {6, 6, 33, 64},
    {2, 3, 65, 31},
    {20, 33, 5, 8},
    {1, 40, 1, 100},
  };

  /** Kernel height and width, strides, dilations. */
  private static final int[][] KERNELS = {
    {3, 3, 1, 1, 1, 1},
    {3, 3, 2, 2, 1, 1},
    {1, 1, 2, 2, 1, 1},
    {1, 3, 3, 1, 1, 1},
    {5, 1, 1, 3, 1, 1},
    {10, 4, 2, 2, 1, 1},
    {3, 3, 1, 1, 2, 3},
    {2, 5, 1, 2, 4, 2},
    {2, 2, 5, 4, 1, 1},
  };

  @ParameterizedTest
  @MethodSource("routines")
  void shapesKernelsAndPadding(DotX86 dot) throws AsmUnavailableException {
    long seed = 0;
    for (int[] s : SHAPES) {
      for (int[] k : KERNELS) {
        run(dot, seed++, s, k, 0, Input.RANDOM);
        run(dot, seed++, s, k, 1, Input.RANDOM);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("routines")
  void severalBlocksOfRows(DotX86 dot) throws AsmUnavailableException {
    run(dot, 500, new int[] {40, 31, 16, 16}, KERNELS[0], 1, Input.RANDOM);
    run(dot, 501, new int[] {97, 97, 3, 8}, KERNELS[1], 1, Input.RANDOM);
    run(dot, 502, new int[] {9, 70, 129, 3}, KERNELS[0], 1, Input.RANDOM);
  }

  @ParameterizedTest
  @MethodSource("routines")
  void saturatingInputs(DotX86 dot) throws AsmUnavailableException {
    long seed = 600;
    for (Input input : new Input[] {Input.ALL_MIN, Input.ALL_MAX}) {
      for (int[] s : SHAPES) {
        run(dot, seed++, s, KERNELS[0], 1, input);
      }
    }
  }

  /**
   * One case.
   *
   * @param pad 0 for none, where the input is large enough, else any that leaves an output
   */
  private void run(DotX86 dot, long seed, int[] shape, int[] kernel, int pad, Input kind)
      throws AsmUnavailableException {
    Random random = new Random(seed);
    int spanH = (kernel[0] - 1) * kernel[4];
    int spanW = (kernel[1] - 1) * kernel[5];
    int padTop = pad > 0 ? random.nextInt(spanH + 2) : 0;
    int padLeft = pad > 0 ? random.nextInt(spanW + 2) : 0;
    int outH = outputs(shape[0] + 2 * padTop - spanH, kernel[2]);
    int outW = outputs(shape[1] + 2 * padLeft - spanW, kernel[3]);
    ConvGeometry g =
        new ConvGeometry(
            1, shape[0], shape[1], shape[2], outH, outW, shape[3], kernel[0], kernel[1], kernel[2],
            kernel[3], kernel[4], kernel[5], padTop, padLeft);
    int n = shape[3];
    int k = kernel[0] * kernel[1] * shape[2];
    int[] zeroPoints = {-128, 0, 127, 3};
    PointwiseLayer product =
        new PointwiseLayer(
            outH * outW,
            k,
            n,
            KernelHarness.weights(random, n * k, kind != Input.RANDOM),
            KernelHarness.biases(random, n),
            zeroPoints[random.nextInt(4)],
            KernelHarness.requantization(random, Scaling.values()[(int) (seed % 3)], n, k));
    Conv2dLayer layer = new Conv2dLayer(g, product);
    byte[] in = KernelHarness.input(random, kind, shape[0] * shape[1] * shape[2]);
    harness.check(
        "seed " + seed + " " + g + " " + kind,
        Conv2dX86.emit(layer, dot, null, packer, snippets),
        in,
        KernelHarness.conv2d(layer, in),
        outH);
  }

  private static int outputs(int positions, int stride) {
    return positions < 1 ? 1 : (positions + stride - 1) / stride;
  }
}
