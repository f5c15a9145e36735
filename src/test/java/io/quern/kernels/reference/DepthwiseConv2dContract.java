package io.quern.kernels.reference;

import io.quern.kernels.ConvGeometry;
import io.quern.kernels.DepthwiseConv2dFloat;
import io.quern.kernels.DepthwiseConv2dInt8;
import io.quern.kernels.Memory;
import org.junit.jupiter.api.Test;

/**
 * Depthwise convolutions: sizes around tiles, borders, multipliers, extremes of every parameter.
 */
public abstract class DepthwiseConv2dContract extends KernelContract {
  private static final int[] AROUND_TILES = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33};

  private final class Case {
    int batch = 1;
    int h = 7;
    int w = 6;
    int inC = 8;
    int multiplier = 1;
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
    int inputZeroPoint = -3;
    int outputZeroPoint = 11;
    int weightsZeroPoint;
    int qmin = -128;
    int qmax = 127;
    int inMin = -128;
    int inMax = 127;
    int weightMin = -127;
    int weightMax = 127;

    Case pixels(int height, int width) {
      h = height;
      w = width;
      return this;
    }

    Case channels(int in, int depthMultiplier) {
      inC = in;
      multiplier = depthMultiplier;
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
          batch,
          h,
          w,
          inC,
          outH,
          outW,
          inC * multiplier,
          kernelH,
          kernelW,
          strideH,
          strideW,
          dilationH,
          dilationW,
          padTop,
          padLeft);
    }

    void check() {
      ConvGeometry g = geometry();
      int depth = kernelH * kernelW;
      int inElements = batch * h * w * inC;
      byte[] weights = new byte[depth * g.outC()];
      fill(weights, 0, weights.length, weightMin, weightMax);
      DepthwiseConv2dInt8 p =
          new DepthwiseConv2dInt8(
              IN,
              outAfter(inElements),
              g,
              weights,
              weightsZeroPoint,
              bias(g.outC(), depth),
              multiplier,
              inputZeroPoint,
              requantization(g.outC(), depth, outputZeroPoint, qmin, qmax));
      Memory memory = int8Memory(inElements, g.pixels() * g.outC());
      fill(memory.bytes, IN, inElements, inMin, inMax);
      DepthwiseConv2dContract.this.check(
          g
              + " multiplier "
              + multiplier
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
      int inElements = batch * h * w * inC;
      float[] weights = new float[kernelH * kernelW * g.outC()];
      fill(weights, 0, weights.length);
      float[] bias = new float[g.outC()];
      fill(bias, 0, g.outC());
      DepthwiseConv2dFloat p =
          new DepthwiseConv2dFloat(IN, outAfter(inElements), g, weights, bias, multiplier, -1, 6);
      Memory memory = floatMemory(inElements, g.pixels() * g.outC());
      fill(memory.floats, IN, inElements);
      DepthwiseConv2dContract.this.check(g + " multiplier " + multiplier, p, memory, 1e-5f);
    }
  }

  @Test
  void channelsAroundTile() {
    for (int c : AROUND_TILES) {
      new Case().channels(c, 1).check();
    }
  }

  @Test
  void widthsAroundTile() {
    for (int w : AROUND_TILES) {
      new Case().pixels(3, w).check();
      new Case().pixels(5, w).stride(2, 2).check();
    }
  }

  @Test
  void severalPixelsToAVector() {
    for (int c : new int[] {1, 2, 4, 8}) {
      for (int w : new int[] {8, 16, 24, 64}) {
        new Case().channels(c, 1).pixels(13, w).check();
        new Case().channels(c, 1).pixels(13, w).stride(2, 1).dilation(2, 3).pad(2, 3, 2, 3).check();
        new Case().channels(c, 1).pixels(13, w + 1).kernel(2, 2).pad(1, 0, 0, 0).check();
        new Case().channels(c, 1).pixels(70, w).kernel(5, 5).pad(2, 1, 2, 3).check();
        new Case().channels(c, 1).pixels(13, w + 3).pad(1, 0, 1, -1).check();
      }
    }
    Case batches = new Case().channels(8, 1).pixels(30, 8);
    batches.batch = 3;
    batches.check();
  }

  @Test
  void depthMultipliers() {
    for (int m : new int[] {2, 3, 4, 8}) {
      new Case().channels(1, m).check();
      new Case().channels(5, m).check();
    }
  }

  @Test
  void kernelShapes() {
    for (int kh : new int[] {1, 2, 3, 5, 10}) {
      for (int kw : new int[] {1, 2, 4, 5}) {
        new Case().kernel(kh, kw).pixels(12, 9).check();
      }
    }
  }

  @Test
  void strides() {
    for (int sh = 1; sh <= 3; sh++) {
      for (int sw = 1; sw <= 3; sw++) {
        new Case().stride(sh, sw).pixels(11, 10).check();
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
    new Case().pixels(1, 1).check();
    new Case().pixels(1, 2).stride(2, 2).check();
  }

  @Test
  void oneSidedPadding() {
    new Case().pad(0, 0, 1, 1).stride(2, 2).pixels(8, 8).check();
    new Case().pad(2, 0, 0, 1).check();
    new Case().pad(0, 0, 0, 0).check();
  }

  @Test
  void batches() {
    Case c = new Case();
    c.batch = 3;
    c.check();
  }

  @Test
  void inputZeroPoints() {
    for (int z : new int[] {-128, 0, 127}) {
      Case c = new Case();
      c.inputZeroPoint = z;
      c.check();
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
    for (int in : new int[] {-128, 127}) {
      for (int w : new int[] {-128, -127, 127}) {
        for (int z : new int[] {-128, 127}) {
          Case c = new Case().channels(17, 1);
          c.inMin = in;
          c.inMax = in;
          c.weightMin = w;
          c.weightMax = w;
          c.inputZeroPoint = z;
          c.check();
        }
      }
    }
  }

  @Test
  void weightsZeroPoints() {
    for (int z : new int[] {-128, 5, 127}) {
      Case c = new Case();
      c.weightsZeroPoint = z;
      c.weightMin = -128;
      c.check();
    }
  }

  @Test
  void qminEqualsQmax() {
    Case c = new Case();
    c.qmin = 11;
    c.qmax = 11;
    c.check();
  }

  @Test
  void inFloat() {
    for (int c : AROUND_TILES) {
      new Case().channels(c, 1).checkFloat();
      new Case().channels(3, 2).pixels(5, c).stride(2, 1).checkFloat();
    }
    new Case().dilation(2, 3).pixels(11, 10).pad(2, 3, 2, 3).checkFloat();
    new Case().kernel(5, 2).pixels(2, 3).pad(2, 2, 2, 2).checkFloat();
  }
}
