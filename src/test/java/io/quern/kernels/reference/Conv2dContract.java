package io.quern.kernels.reference;

import io.quern.kernels.Conv2dFloat;
import io.quern.kernels.Conv2dInt8;
import io.quern.kernels.ConvGeometry;
import io.quern.kernels.Memory;
import io.quern.kernels.Requantization;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/**
 * Convolutions, pointwise ones included: sizes around tiles, borders, extremes of every parameter.
 */
public abstract class Conv2dContract extends KernelContract {
  private static final int[] AROUND_TILES = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33};

  /** One case; the defaults are an ordinary 3x3 convolution. */
  private final class Case {
    int batch = 1;
    int h = 7;
    int w = 6;
    int inC = 5;
    int outC = 9;
    int kernelH = 3;
    int kernelW = 3;
    int strideH = 1;
    int strideW = 1;
    int dilationH = 1;
    int dilationW = 1;
    int padTop = 1;
    int padLeft = 1;
    int padBottom = 1;
    int padRight = 1;
    int groups = 1;
    int inputZeroPoint = -3;
    int outputZeroPoint = 11;
    int weightsZeroPoint;
    int qmin = -128;
    int qmax = 127;
    int inMin = -128;
    int inMax = 127;
    int weightMin = -127;
    int weightMax = 127;

    /**
     * If not 0, weights are this times the number of the channel, limited to 127, or minus that.
     */
    int binaryFactor;

    Case binary(int factor) {
      binaryFactor = factor;
      return this;
    }

    Case inputs(int min, int max) {
      inMin = min;
      inMax = max;
      return this;
    }

    Case weights(int min, int max) {
      weightMin = min;
      weightMax = max;
      return this;
    }

    Case pixels(int height, int width) {
      h = height;
      w = width;
      return this;
    }

    Case channels(int in, int out) {
      inC = in;
      outC = out;
      return this;
    }

    Case kernel(int height, int width) {
      kernelH = height;
      kernelW = width;
      return this;
    }

    Case pad(int top, int left, int bottom, int right) {
      padTop = top;
      padLeft = left;
      padBottom = bottom;
      padRight = right;
      return this;
    }

    Case pointwise() {
      return kernel(1, 1).pad(0, 0, 0, 0);
    }

    Case stride(int height, int width) {
      strideH = height;
      strideW = width;
      return this;
    }

    Case dilation(int height, int width) {
      dilationH = height;
      dilationW = width;
      return this;
    }

    ConvGeometry geometry() {
      int outH = (h + padTop + padBottom - (kernelH - 1) * dilationH - 1) / strideH + 1;
      int outW = (w + padLeft + padRight - (kernelW - 1) * dilationW - 1) / strideW + 1;
      return new ConvGeometry(
          batch, h, w, inC, outH, outW, outC, kernelH, kernelW, strideH, strideW, dilationH,
          dilationW, padTop, padLeft);
    }

    void check() {
      ConvGeometry g = geometry();
      int depth = kernelH * kernelW * inC / groups;
      int inElements = batch * h * w * inC;
      int outElements = g.pixels() * outC;
      byte[] weights = new byte[outC * depth];
      fill(weights, 0, weights.length, weightMin, weightMax);
      for (int i = 0; binaryFactor > 0 && i < weights.length; i++) {
        int factor = Math.min(127, binaryFactor * (1 + i / depth));
        weights[i] = (byte) (weights[i] < 0 ? -factor : factor);
      }
      Requantization r = requantization(outC, depth, outputZeroPoint, qmin, qmax);
      Conv2dInt8 p =
          new Conv2dInt8(
              IN,
              outAfter(inElements),
              g,
              weights,
              weightsZeroPoint,
              bias(outC, depth),
              groups,
              inputZeroPoint,
              r);
      Memory memory = int8Memory(inElements, outElements);
      fill(memory.bytes, IN, inElements, inMin, inMax);
      Conv2dContract.this.check(
          g
              + " groups "
              + groups
              + " zero points "
              + inputZeroPoint
              + " "
              + weightsZeroPoint
              + " "
              + outputZeroPoint,
          p,
          memory);
    }

    void checkFloat() {
      ConvGeometry g = geometry();
      int depth = kernelH * kernelW * inC / groups;
      int inElements = batch * h * w * inC;
      float[] weights = new float[outC * depth];
      fill(weights, 0, weights.length);
      float[] bias = new float[outC];
      fill(bias, 0, outC);
      Conv2dFloat p = new Conv2dFloat(IN, outAfter(inElements), g, weights, bias, groups, -1, 6);
      Memory memory = floatMemory(inElements, g.pixels() * outC);
      fill(memory.floats, IN, inElements);
      Conv2dContract.this.check(g + " groups " + groups, p, memory, 1e-5f);
    }
  }

  @Test
  void pointwisePixelsAroundTile() {
    for (int m : AROUND_TILES) {
      new Case().pointwise().pixels(1, m).channels(8, 16).check();
    }
  }

  @Test
  void pointwiseOutputChannelsAroundTile() {
    for (int n : AROUND_TILES) {
      new Case().pointwise().pixels(3, 5).channels(8, n).check();
    }
  }

  @Test
  void pointwiseDepthAroundTile() {
    for (int k : AROUND_TILES) {
      new Case().pointwise().pixels(3, 3).channels(k, 17).check();
    }
    for (int k : new int[] {63, 64, 65, 127, 128, 129, 257}) {
      new Case().pointwise().pixels(2, 3).channels(k, 9).check();
    }
  }

  @Test
  void depthOfSeveralPasses() {
    for (int k : new int[] {1023, 1024, 1025, 1027, 2049, 3070}) {
      for (int n : new int[] {7, 13, 24, 33}) {
        new Case().pointwise().pixels(1, 5).channels(k, n).weights(-3, 3).check();
      }
    }
    new Case().channels(520, 10).kernel(1, 3).pixels(2, 7).weights(-3, 3).check();
  }

  @Test
  void eightChannelsAfterRelu() {
    for (int n : new int[] {16, 32, 48, 80, 112}) {
      for (int m : new int[] {1, 5, 24, 57, 113}) {
        Case c = new Case().pointwise().pixels(1, m).channels(8, n);
        c.outputZeroPoint = -128;
        c.check();
      }
    }
  }

  @Test
  void fewOutputsOfEvenWidths() {
    for (int n : new int[] {1, 2, 3, 4, 8}) {
      for (int sw = 1; sw <= 3; sw++) {
        new Case().channels(3, n).stride(2, sw).pixels(9, 4 * sw + 2).check();
        new Case().channels(3, n).stride(2, sw).pixels(9, 8 * sw + 1).pad(0, 0, 1, 1).check();
        new Case().channels(16, n).kernel(5, 2).stride(1, sw).pixels(9, 6 * sw).check();
      }
    }
    Case batches = new Case().channels(3, 8).pixels(11, 12);
    batches.batch = 3;
    batches.weightsZeroPoint = -128;
    batches.check();
  }

  @Test
  void binaryWeights() {
    for (int k : new int[] {64, 65, 67, 80, 191, 192, 193, 500}) {
      new Case().pointwise().pixels(8, 8).channels(k, 64).binary(k % 3).check();
    }
    for (int n : new int[] {64, 65, 66, 67, 255, 257, 300}) {
      new Case().pointwise().pixels(9, 8).channels(64, n).binary(1).check();
    }
    for (int m : new int[] {64, 65, 100, 255, 256, 257, 600}) {
      new Case().pointwise().pixels(m, 1).channels(70, 68).binary(1).check();
    }
    // Sums of 16 bits at their bounds.
    for (int weight : new int[] {-1, 1}) {
      Case extreme = new Case().pointwise().pixels(8, 9).channels(400, 64).binary(1);
      extreme.weightMin = weight;
      extreme.weightMax = weight;
      extreme.inputs(-128, -128).check();
      extreme.inputs(127, 127).check();
    }
  }

  @Test
  void binaryWeightsOfWiderKernels() {
    new Case().pixels(12, 13).channels(8, 66).binary(1).check();
    new Case().pixels(33, 9).channels(16, 64).stride(2, 1).binary(2).check();
    new Case().pixels(19, 24).channels(12, 64).stride(2, 3).pad(0, 2, 1, 0).binary(1).check();
    new Case().pixels(20, 20).channels(12, 64).dilation(2, 3).binary(1).check();
    Case batches = new Case().pixels(6, 5).channels(64, 64).binary(1);
    batches.batch = 4;
    batches.inputZeroPoint = -128;
    batches.check();
  }

  @Test
  void everySizeAroundTile() {
    for (int m : new int[] {1, 3, 5, 17}) {
      for (int n : new int[] {1, 3, 5, 17}) {
        for (int k : new int[] {1, 2, 3, 5, 17}) {
          new Case().pointwise().pixels(m, 1).channels(k, n).check();
        }
      }
    }
  }

  @Test
  void outputChannelsAroundTile() {
    for (int n : AROUND_TILES) {
      new Case().channels(3, n).check();
    }
  }

  @Test
  void widthsAroundTile() {
    for (int w : AROUND_TILES) {
      new Case().pixels(3, w).check();
    }
  }

  @Test
  void kernelShapes() {
    for (int kh : new int[] {1, 2, 3, 5}) {
      for (int kw : new int[] {1, 2, 4, 7}) {
        new Case().kernel(kh, kw).pixels(9, 8).check();
      }
    }
  }

  @Test
  void strides() {
    for (int sh = 1; sh <= 3; sh++) {
      for (int sw = 1; sw <= 3; sw++) {
        new Case().stride(sh, sw).pixels(11, 10).check();
        new Case().pointwise().stride(sh, sw).pixels(7, 9).check();
      }
    }
  }

  @Test
  void dilations() {
    for (int dh = 1; dh <= 3; dh++) {
      for (int dw = 1; dw <= 3; dw++) {
        new Case().dilation(dh, dw).pixels(11, 10).pad(dh, dw, dh, dw).check();
      }
    }
  }

  @Test
  void kernelLargerThanInput() {
    new Case().kernel(5, 5).pixels(2, 3).pad(2, 2, 2, 2).check();
    new Case().kernel(3, 3).pixels(1, 1).check();
  }

  @Test
  void oneSidedPadding() {
    new Case().pad(0, 0, 1, 1).stride(2, 2).pixels(8, 8).check();
    new Case().pad(2, 0, 0, 1).check();
    new Case().pad(0, 0, 0, 0).check();
  }

  @Test
  void paddingBeyondKernel() {
    new Case().pad(4, 5, 4, 5).check();
  }

  @Test
  void batches() {
    Case c = new Case();
    c.batch = 3;
    c.check();
    Case p = new Case().pointwise();
    p.batch = 2;
    p.check();
  }

  @Test
  void groups() {
    for (int groups : new int[] {2, 3}) {
      Case c = new Case().channels(6, 12);
      c.groups = groups;
      c.check();
    }
  }

  @Test
  void inputZeroPoints() {
    for (int z : new int[] {-128, 0, 127}) {
      Case c = new Case();
      c.inputZeroPoint = z;
      c.check();
      Case p = new Case().pointwise().channels(17, 9);
      p.inputZeroPoint = z;
      p.check();
    }
  }

  @Test
  void outputZeroPoints() {
    for (int z : new int[] {-128, 0, 127}) {
      Case c = new Case();
      c.outputZeroPoint = z;
      c.check();
    }
  }

  @Test
  void extremeInputsAndWeights() {
    int[][] inputs = {{-128, -128}, {127, 127}};
    int[][] weights = {{-127, -127}, {127, 127}, {-128, -128}};
    for (int[] in : inputs) {
      for (int[] w : weights) {
        for (int z : new int[] {-128, 127}) {
          Case c = new Case().channels(17, 9);
          c.inMin = in[0];
          c.inMax = in[1];
          c.weightMin = w[0];
          c.weightMax = w[1];
          c.inputZeroPoint = z;
          c.check();
          Case p = new Case().pointwise().channels(130, 9);
          p.inMin = in[0];
          p.inMax = in[1];
          p.weightMin = w[0];
          p.weightMax = w[1];
          p.inputZeroPoint = z;
          p.check();
        }
      }
    }
  }

  @Test
  void deepAccumulators() {
    for (int[] in : new int[][] {{-128, -128}, {127, 127}, {-128, 127}}) {
      Case p = new Case().pointwise().pixels(1, 3).channels(4099, 5);
      p.inMin = in[0];
      p.inMax = in[1];
      p.weightMin = 126;
      p.inputZeroPoint = in[0] == 127 ? -128 : 127;
      p.check();
    }
  }

  @Test
  void fullRangeOfWeights() {
    Case c = new Case();
    c.weightMin = -128;
    c.check();
  }

  @Test
  void weightsOfMinusOneAndOne() {
    Case c = new Case().channels(33, 16);
    c.weightMin = -1;
    c.weightMax = 1;
    c.check();
  }

  @Test
  void weightsZeroPoints() {
    for (int z : new int[] {-128, 5, 127}) {
      Case c = new Case();
      c.weightsZeroPoint = z;
      c.weightMin = -128;
      c.check();
      Case p = new Case().pointwise().channels(17, 9);
      p.weightsZeroPoint = z;
      p.weightMin = -128;
      p.check();
    }
  }

  @Test
  void narrowActivationBounds() {
    Case c = new Case();
    c.qmin = 11;
    c.qmax = 40;
    c.check();
  }

  @Test
  void qminEqualsQmax() {
    Case c = new Case();
    c.qmin = 11;
    c.qmax = 11;
    c.check();
    Case p = new Case().pointwise();
    p.qmin = -128;
    p.qmax = -128;
    p.check();
  }

  @Test
  void extremeMultipliers() {
    ConvGeometry g = new Case().pointwise().pixels(3, 3).channels(7, 6).geometry();
    int inElements = 63;
    int[] multipliers = {0, 1 << 30, Integer.MAX_VALUE, 1 << 30, Integer.MAX_VALUE, 1 << 30};
    int[] shifts = {0, -31, -31, 0, -1, 2};
    Conv2dInt8 p =
        new Conv2dInt8(
            IN,
            outAfter(inElements),
            g,
            weights(42),
            0,
            bias(6, 7),
            1,
            3,
            new Requantization(multipliers, shifts, -1, -128, 127));
    Memory memory = int8Memory(inElements, g.pixels() * 6);
    fill(memory.bytes, IN, inElements, -128, 127);
    check("extreme multipliers", p, memory);
  }

  @Test
  void tiesOfBothRoundings() {
    // acc * 2^30 / 2^31 ties at every odd acc; shifts tie again.
    int outC = 24;
    int[] multipliers = new int[outC];
    int[] shifts = new int[outC];
    int[] bias = new int[outC];
    for (int o = 0; o < outC; o++) {
      multipliers[o] = 1 << 30;
      shifts[o] = -(o % 4);
      bias[o] = o - 12;
    }
    ConvGeometry g = new Case().pointwise().pixels(4, 8).channels(1, outC).geometry();
    byte[] weights = new byte[outC];
    Arrays.fill(weights, (byte) 1);
    Conv2dInt8 p =
        new Conv2dInt8(
            IN,
            outAfter(32),
            g,
            weights,
            0,
            bias,
            1,
            0,
            new Requantization(multipliers, shifts, 0, -128, 127));
    Memory memory = int8Memory(32, 32 * outC);
    for (int i = 0; i < 32; i++) {
      memory.bytes[IN + i] = (byte) (i - 16);
    }
    check("ties", p, memory);
  }

  @Test
  void inFloat() {
    for (int n : AROUND_TILES) {
      new Case().channels(3, n).checkFloat();
      new Case().pointwise().pixels(3, 5).channels(n, 17).checkFloat();
      new Case().pointwise().pixels(1, n).channels(9, n).checkFloat();
    }
    new Case().stride(2, 3).dilation(2, 1).pixels(11, 13).checkFloat();
    new Case().kernel(5, 2).pixels(2, 3).pad(2, 2, 2, 2).checkFloat();
    Case grouped = new Case().channels(6, 12);
    grouped.groups = 3;
    grouped.batch = 2;
    grouped.checkFloat();
  }
}
