package io.quern.quant;

/**
 * Fixed-point multiplication with TensorFlow Lite's double rounding.
 *
 * <p>A positive real factor m is stored as {@code multiplier * 2^(shift - 31)} with {@code
 * multiplier} in [2^30, 2^31) and {@code shift} positive to the left. Source: gemmlowp
 * fixedpoint.h; TensorFlow Lite kernels/internal/quantization_util.
 */
public final class FixedPoint {
  private FixedPoint() {}

  /**
   * The multiplier of {@code factor}, in [2^30, 2^31), or 0 when the factor is 0 or below 2^-32;
   * the negated one of {@code -factor} when the factor is negative.
   *
   * @throws IllegalArgumentException if the factor is not finite
   */
  public static int multiplier(double factor) {
    return (int) (pack(factor) >> 32);
  }

  /**
   * The shift that belongs to {@link #multiplier}, at least -31; 30 or less for factors below 2^30.
   *
   * @throws IllegalArgumentException if the factor is not finite
   */
  public static int shift(double factor) {
    return (int) pack(factor);
  }

  private static long pack(double factor) {
    long bits = Double.doubleToRawLongBits(factor);
    int exponent = (int) (bits >> 52) & 0x7ff;
    if (exponent == 0x7ff) {
      throw new IllegalArgumentException("factor must be finite, is " + factor);
    }
    // magnitude = significand * 2^(shift - 53), significand in [2^52, 2^53)
    int shift = exponent - 1022;
    if (exponent == 0) {
      return 0;
    }
    long significand = bits & (1L << 52) - 1 | 1L << 52;
    long fixed = significand + (1L << 21) >> 22;
    if (fixed == 1L << 31) {
      fixed /= 2;
      shift++;
    }
    if (shift < -31) {
      return 0;
    }
    return (bits < 0 ? -fixed : fixed) << 32 | (shift & 0xffffffffL);
  }

  /**
   * {@code floor(a * b / 2^31 + 1/2)}, what gemmlowp's nudge and division by truncation come to;
   * saturates when both are the smallest int.
   */
  public static int saturatingRoundingDoublingHighMul(int a, int b) {
    if (a == Integer.MIN_VALUE && b == Integer.MIN_VALUE) {
      return Integer.MAX_VALUE;
    }
    return (int) ((long) a * b + (1L << 30) >> 31);
  }

  /**
   * {@code round(x / 2^exponent)}, ties away from zero.
   *
   * @param exponent 0..31
   */
  public static int roundingDivideByPowerOfTwo(int x, int exponent) {
    int mask = (int) ((1L << exponent) - 1);
    int remainder = x & mask;
    int threshold = (mask >> 1) + (x < 0 ? 1 : 0);
    return (x >> exponent) + (remainder > threshold ? 1 : 0);
  }

  /**
   * {@code x * multiplier * 2^(shift - 31)}, rounded twice: once by {@link
   * #saturatingRoundingDoublingHighMul}, once by {@link #roundingDivideByPowerOfTwo}. A left shift
   * wraps as 32-bit arithmetic does.
   */
  public static int multiply(int x, int multiplier, int shift) {
    int left = Math.max(shift, 0);
    int right = Math.max(-shift, 0);
    return roundingDivideByPowerOfTwo(
        saturatingRoundingDoublingHighMul(x << left, multiplier), right);
  }
}
