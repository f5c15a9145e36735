package io.quern.quant;

import io.quern.model.Quantization;

/**
 * Functions of one int8 tensor as tables of 256 results, for -128 first. All quantization
 * parameters are per tensor and those of int8: zero points in [-128, 127].
 *
 * <p>Each table holds what TensorFlow Lite 2.21.0's reference kernel computes for that element.
 */
public final class Int8Functions {
  private Int8Functions() {}

  /** A function of real numbers. */
  @FunctionalInterface
  public interface RealFunction {
    /** The function's value. */
    float apply(float x);
  }

  /** From one scale and zero point to another, by {@link FixedPoint#multiply}. */
  public static byte[] requantize(Quantization in, Quantization out) {
    return clampedLinear(
        in, out, (double) in.scale() / out.scale(), Byte.MIN_VALUE, Byte.MAX_VALUE);
  }

  /**
   * {@code min(max(x, min), max)}, requantized.
   *
   * @param max may be infinite
   */
  public static byte[] relu(Quantization in, Quantization out, float min, float max) {
    int qmin = Math.max(Byte.MIN_VALUE, quantizeBound(min, out));
    int qmax = Math.min(Byte.MAX_VALUE, quantizeBound(max, out));
    return clampedLinear(in, out, in.scale() / out.scale(), qmin, qmax);
  }

  /** Where a real bound lies in the output, unclamped. */
  public static int quantizeBound(float bound, Quantization out) {
    return out.zeroPoint() + Rounding.toInt(bound / out.scale());
  }

  private static byte[] clampedLinear(
      Quantization in, Quantization out, double factor, int qmin, int qmax) {
    int multiplier = FixedPoint.multiplier(factor);
    int shift = FixedPoint.shift(factor);
    byte[] table = new byte[256];
    for (int q = Byte.MIN_VALUE; q <= Byte.MAX_VALUE; q++) {
      int r = FixedPoint.multiply(q - in.zeroPoint(), multiplier, shift) + out.zeroPoint();
      table[q + 128] = (byte) Math.min(Math.max(r, qmin), qmax);
    }
    return table;
  }

  /** x for x at least 0, else alpha * x; both sides by {@link FixedPoint#multiply}. */
  public static byte[] leakyRelu(Quantization in, Quantization out, float alpha) {
    byte[] positive = clampedLinear(in, out, in.scale() / out.scale(), -128, 127);
    byte[] table = clampedLinear(in, out, in.scale() * alpha / out.scale(), -128, 127);
    int zero = in.zeroPoint() + 128;
    System.arraycopy(positive, zero, table, zero, 256 - zero);
    return table;
  }

  /** Dequantized, applied in float, quantized with the reciprocal of the output's scale. */
  public static byte[] throughFloat(Quantization in, Quantization out, RealFunction function) {
    float inverseScale = 1 / out.scale();
    byte[] table = new byte[256];
    for (int q = Byte.MIN_VALUE; q <= Byte.MAX_VALUE; q++) {
      float y = function.apply(in.scale() * (q - in.zeroPoint()));
      int r = Rounding.toInt(y * inverseScale) + out.zeroPoint();
      table[q + 128] = (byte) Math.min(Math.max(r, Byte.MIN_VALUE), Byte.MAX_VALUE);
    }
    return table;
  }

  /**
   * {@code x * min(max(x + 3, 0), 6) / 6} in 16-bit fixed point.
   *
   * <p>The input gains 7 bits. One product brings it to the output's scale, short of a right shift;
   * another brings it to a scale on which 3 is 2^15, where saturation does the clamping.
   *
   * @throws IllegalArgumentException if the input's scale is 128 times the output's or more
   */
  public static byte[] hardSwish(Quantization in, Quantization out) {
    float highResolutionScale = (1.0f / 128.0f) * in.scale();
    float outputFactor = highResolutionScale / out.scale();
    float reluFactor = highResolutionScale / (3.0f / 32768.0f);
    int outputShift = FixedPoint.shift(outputFactor);
    int reluShift = FixedPoint.shift(reluFactor);
    if (outputShift > 0) {
      throw new IllegalArgumentException(
          "input scale " + in.scale() + " is at least 128 * output scale " + out.scale());
    }
    short outputMultiplier = to16Bits(FixedPoint.multiplier(outputFactor));
    short reluMultiplier = to16Bits(FixedPoint.multiplier(reluFactor));
    byte[] table = new byte[256];
    for (int q = Byte.MIN_VALUE; q <= Byte.MAX_VALUE; q++) {
      short x = (short) ((q - in.zeroPoint()) << 7);
      short onOutputScale = roundingDoublingHighMul(x, outputMultiplier);
      short relu = x;
      if (reluShift > 0) {
        relu = saturate((long) relu << (reluShift - 1));
      }
      relu = roundingDoublingHighMul(relu, reluMultiplier);
      if (reluShift > 0) {
        relu = saturate((long) relu << 1);
      } else if (reluShift < 0) {
        relu = (short) FixedPoint.roundingDivideByPowerOfTwo(relu, -reluShift);
      }
      relu = (short) ((relu + (1 << 15)) >> 1);
      short product = (short) (relu * onOutputScale / (1 << 15));
      int r = FixedPoint.roundingDivideByPowerOfTwo(product, -outputShift) + out.zeroPoint();
      table[q + 128] = (byte) Math.min(Math.max(r, Byte.MIN_VALUE), Byte.MAX_VALUE);
    }
    return table;
  }

  /** A Q31 multiplier rounded to Q15. */
  private static short to16Bits(int multiplier) {
    return multiplier >= Integer.MAX_VALUE - (1 << 15)
        ? Short.MAX_VALUE
        : (short) ((multiplier + (1 << 15)) >> 16);
  }

  private static short roundingDoublingHighMul(short a, short b) {
    int product = a * b;
    int nudge = product >= 0 ? 1 << 14 : 1 - (1 << 14);
    return saturate((product + nudge) / (1 << 15));
  }

  private static short saturate(long x) {
    return (short) Math.min(Math.max(x, Short.MIN_VALUE), Short.MAX_VALUE);
  }
}
