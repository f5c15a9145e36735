package io.quern.kernels.asm;

import io.quern.kernels.asm.KernelHarness.Input;
import io.quern.kernels.asm.KernelHarness.Scaling;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Every depthwise routine that this processor can run, against the scalar formula. */
class DepthwiseAsmTest {
  private static final int[] CHANNELS = {
    1, 2, 3, 4, 5, 7, 8, 9, 13, 15, 16, 17, 23, 31, 32, 33, 48, 67
  };

  private final KernelHarness harness = new KernelHarness();
  private final AsmSupport support = AsmSupport.find(new LinuxMemory(), null);

  DepthwiseAsmTest() throws AsmUnavailableException {}

  @Test
  void channelsAroundTheBlock() throws AsmUnavailableException {
    long seed = 0;
    for (int c : CHANNELS) {
      run(seed++, 5, 6, c, 3, 3, 1, 1, 1, 1, Input.RANDOM);
      run(seed++, 7, 5, c, 3, 3, 2, 2, 1, 0, Input.RANDOM);
    }
  }

  @Test
  void imagesAroundTheKernel() throws AsmUnavailableException {
    long seed = 1000;
    for (int h : new int[] {1, 2, 3, 4, 7}) {
      for (int w : new int[] {1, 2, 3, 4, 5, 8, 11}) {
        for (int stride = 1; stride <= 3; stride++) {
          run(seed++, h, w, 17, 3, 3, stride, stride, 1, 1, Input.RANDOM);
        }
      }
    }
  }

  @Test
  void kernelsStridesAndDilations() throws AsmUnavailableException {
    long seed = 2000;
    for (int kh : new int[] {1, 2, 3, 4, 5, 6, 7, 8}) {
      for (int kw : new int[] {1, 2, 3, 5, 10}) {
        run(seed++, 11, 13, 20, kh, kw, 1, 2, 1, kw / 2, Input.RANDOM);
        run(seed++, 19, 21, 6, kh, kw, 2, 1, 2, kw - 1, Input.RANDOM);
      }
    }
  }

  @Test
  void saturatingInputs() throws AsmUnavailableException {
    long seed = 3000;
    for (Input input : new Input[] {Input.ALL_MIN, Input.ALL_MAX}) {
      for (int c : new int[] {1, 4, 16, 40}) {
        run(seed++, 6, 7, c, 3, 3, 1, 1, 1, 1, input);
      }
    }
  }

  private void run(
      long seed,
      int inH,
      int inW,
      int channels,
      int kernelH,
      int kernelW,
      int strideH,
      int strideW,
      int dilation,
      int pad,
      Input kind)
      throws AsmUnavailableException {
    Random random = new Random(seed);
    Scaling scaling = Scaling.values()[(int) (seed % 3)];
    int[] zeroPoints = {-128, 0, 127, 3};
    int padTop = Math.min(pad, (kernelH - 1) * dilation);
    int padLeft = Math.min(pad, (kernelW - 1) * dilation);
    // SAME needs no more than this; without padding, only positions inside
    int outH = size(inH, kernelH, strideH, dilation, padTop);
    int outW = size(inW, kernelW, strideW, dilation, padLeft);
    DepthwiseLayer layer =
        new DepthwiseLayer(
            inH,
            inW,
            channels,
            outH,
            outW,
            kernelH,
            kernelW,
            strideH,
            strideW,
            dilation,
            dilation,
            padTop,
            padLeft,
            KernelHarness.weights(random, kernelH * kernelW * channels, kind != Input.RANDOM),
            KernelHarness.biases(random, channels),
            zeroPoints[random.nextInt(4)],
            KernelHarness.requantization(random, scaling, channels, kernelH * kernelW));
    byte[] in = KernelHarness.input(random, kind, inH * inW * channels);
    harness.check(
        "seed " + seed + " " + scaling + " " + kind + " " + layer,
        support.depthwise(layer),
        in,
        KernelHarness.depthwise(layer, in),
        outH);
  }

  private static int size(int in, int kernel, int stride, int dilation, int pad) {
    int valid = in - (kernel - 1) * dilation;
    return pad > 0 || valid < 1 ? (in + stride - 1) / stride : (valid + stride - 1) / stride;
  }
}
