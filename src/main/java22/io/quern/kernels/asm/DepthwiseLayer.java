package io.quern.kernels.asm;

import io.quern.kernels.Requantization;

/**
 * A depthwise convolution of one image with depth multiplier 1: {@code out[y,x,c] =
 * requantize(bias[c] + sum w[i,j,c] * (in[y * strideH + i * dilationH - padTop, x * strideW + j *
 * dilationW - padLeft, c] - inputZeroPoint))}; positions outside the input add nothing.
 *
 * @param weights [kernelH, kernelW, channels] in [-127, 127]
 * @param bias [channels]
 * @param inputZeroPoint [-128, 127]
 */
record DepthwiseLayer(
    int inH,
    int inW,
    int channels,
    int outH,
    int outW,
    int kernelH,
    int kernelW,
    int strideH,
    int strideW,
    int dilationH,
    int dilationW,
    int padTop,
    int padLeft,
    byte[] weights,
    int[] bias,
    int inputZeroPoint,
    Requantization requantization) {
  /** Most rows of a kernel: each needs a register. */
  static final int MAX_KERNEL_H = 8;

  DepthwiseLayer {
    Checks.range("inH", inH, 1, 1 << 15);
    Checks.range("inW", inW, 1, 1 << 15);
    Checks.range("channels", channels, 1, 1 << 15);
    Checks.range("inH * inW * channels", (long) inH * inW * channels, 1, Integer.MAX_VALUE);
    Checks.range("outH", outH, 1, 1 << 15);
    Checks.range("outW", outW, 1, 1 << 15);
    Checks.range("outH * outW * channels", (long) outH * outW * channels, 1, Integer.MAX_VALUE);
    Checks.range("kernelH", kernelH, 1, MAX_KERNEL_H);
    Checks.range("kernelW", kernelW, 1, 16);
    Checks.range("strideH", strideH, 1, 16);
    Checks.range("strideW", strideW, 1, 16);
    Checks.range("dilationH", dilationH, 1, 64);
    Checks.range("dilationW", dilationW, 1, 64);
    Checks.range("padTop", padTop, 0, (kernelH - 1) * dilationH);
    Checks.range("padLeft", padLeft, 0, (kernelW - 1) * dilationW);
    Checks.length("weights", weights.length, (long) kernelH * kernelW * channels);
    Checks.length("bias", bias.length, channels);
    Checks.range("inputZeroPoint", inputZeroPoint, -128, 127);
    Checks.requantization(requantization, channels);
    if (Checks.hasMinimum(weights)) {
      throw new IllegalArgumentException("a weight is -128, least is -127");
    }
  }

  int taps() {
    return kernelH * kernelW;
  }

  /** Bytes of one input row. */
  int rowBytes() {
    return inW * channels;
  }

  /** Whether tap column {@code j} of output column {@code x} lies in the input. */
  boolean columnInside(int x, int j) {
    int at = x * strideW + j * dilationW - padLeft;
    return at >= 0 && at < inW;
  }

  /** Whether all tap columns of output column {@code x} lie in the input. */
  boolean allColumnsInside(int x) {
    return columnInside(x, 0) && columnInside(x, kernelW - 1);
  }

  /** Whether any tap of any output lies outside the input. */
  boolean padded() {
    return padTop > 0
        || padLeft > 0
        || (outH - 1) * strideH + (kernelH - 1) * dilationH >= inH + padTop
        || (outW - 1) * strideW + (kernelW - 1) * dilationW >= inW + padLeft;
  }

  /** Greatest absolute value of any accumulator. */
  long maxAbsAcc() {
    int[] sums = new int[channels];
    for (int tap = 0, i = 0; tap < taps(); tap++) {
      for (int c = 0; c < channels; c++) {
        sums[c] += Math.abs(weights[i++]);
      }
    }
    long max = 0;
    for (int c = 0; c < channels; c++) {
      max = Math.max(max, Math.abs((long) bias[c]) + 255L * sums[c]);
    }
    return max;
  }

  /** Accumulators of inputs that are all 0: {@code bias - inputZeroPoint * sum w}. */
  int[] startValues() {
    int[] sums = new int[channels];
    for (int tap = 0, i = 0; tap < taps(); tap++) {
      for (int c = 0; c < channels; c++) {
        sums[c] += weights[i++];
      }
    }
    for (int c = 0; c < channels; c++) {
      sums[c] = bias[c] - inputZeroPoint * sums[c];
    }
    return sums;
  }
}
