package io.quern.quant;

/** Rounding of real numbers to integers: to the nearest, ties away from zero. */
public final class Rounding {
  /** Bound of {@link #toInt}: sums with any 8-bit zero point stay within an int. */
  private static final double LIMIT = 1 << 30;

  private Rounding() {}

  /** The nearest integer, ties away from zero, as {@code round} of the C library. */
  public static double round(double x) {
    double magnitude = Math.abs(x);
    double floor = Math.floor(magnitude);
    return Math.copySign(magnitude - floor >= 0.5 ? floor + 1 : floor, x);
  }

  /**
   * The nearest integer, ties away from zero, limited to [-2^30, 2^30]; 0 for NaN. TensorFlow Lite
   * leaves larger results undefined.
   */
  public static int toInt(double x) {
    return (int) Math.max(-LIMIT, Math.min(LIMIT, round(x)));
  }

  /**
   * {@code clamp(round(x / scale) + zeroPoint, -128, 127)}, the quotient in float, ties away from
   * zero; NaN gives the zero point.
   */
  public static byte quantize(float x, float scale, int zeroPoint) {
    int q = toInt(x / scale) + zeroPoint;
    return (byte) Math.max(Byte.MIN_VALUE, Math.min(Byte.MAX_VALUE, q));
  }
}
