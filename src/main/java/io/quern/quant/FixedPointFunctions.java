package io.quern.quant;

import static io.quern.quant.FixedPoint.roundingDivideByPowerOfTwo;
import static io.quern.quant.FixedPoint.saturatingRoundingDoublingHighMul;

/**
 * Real functions in 32-bit fixed point. {@code Qm.n} means m integer bits, n fractional bits and a
 * sign: a stored integer x stands for {@code x * 2^-n}.
 *
 * <p>Source: gemmlowp fixedpoint.h, whose results they equal bit for bit.
 */
public final class FixedPointFunctions {
  private static final int EXP_FRACTIONAL_BITS = 26;
  private static final int ONE_QUARTER = 1 << (EXP_FRACTIONAL_BITS - 2);

  /** exp(-1/8) and 1/3 as Q0.31. */
  private static final int EXP_MINUS_EIGHTH = 1895147668;

  private static final int ONE_THIRD = 715827883;

  /** exp(-2^k) as Q0.31, for k = -2 to 4. */
  private static final int[] EXP_MINUS_POWER_OF_TWO = {
    1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242
  };

  /** 48/17 and -32/17 as Q2.29: the line that is closest to 1/d for d in [1/2, 1]. */
  private static final int FORTY_EIGHT_SEVENTEENTHS = 1515870810;

  private static final int MINUS_THIRTY_TWO_SEVENTEENTHS = -1010580540;

  private FixedPointFunctions() {}

  /**
   * exp(x).
   *
   * <p>The fraction modulo 1/4 goes through a polynomial about -1/8; the rest of x multiplies by
   * exp(-1/4), exp(-1/2), exp(-1), ... as its bits say.
   *
   * @param x Q5.26, at most 0
   * @return Q0.31; 2^31 - 1 for exp(0)
   */
  public static int exp(int x) {
    if (x == 0) {
      return Integer.MAX_VALUE;
    }
    int fraction = (x & (ONE_QUARTER - 1)) - ONE_QUARTER;
    int result = expOfFraction(shiftLeft(fraction, 5));
    int rest = fraction - x;
    for (int k = -2; k <= 4; k++) {
      if ((rest & (1 << (EXP_FRACTIONAL_BITS + k))) != 0) {
        result = saturatingRoundingDoublingHighMul(result, EXP_MINUS_POWER_OF_TWO[k + 2]);
      }
    }
    return result;
  }

  /** exp(a) for a in [-1/4, 0), both Q0.31: a Taylor polynomial of degree 4 about -1/8. */
  private static int expOfFraction(int a) {
    int x = a + (1 << 28);
    int x2 = saturatingRoundingDoublingHighMul(x, x);
    int x3 = saturatingRoundingDoublingHighMul(x2, x);
    int x4 = saturatingRoundingDoublingHighMul(x2, x2);
    int x4Over4 = roundingDivideByPowerOfTwo(x4, 2);
    int higherTerms =
        roundingDivideByPowerOfTwo(
            saturatingRoundingDoublingHighMul(x4Over4 + x3, ONE_THIRD) + x2, 1);
    return EXP_MINUS_EIGHTH + saturatingRoundingDoublingHighMul(EXP_MINUS_EIGHTH, x + higherTerms);
  }

  /**
   * {@code 1 / (1 + x)}: three Newton steps for the reciprocal of {@code (1 + x) / 2}.
   *
   * @param x Q0.31 in [0, 1)
   * @return Q0.31
   */
  public static int oneOverOnePlus(int x) {
    int halfDenominator = (int) (((long) x + Integer.MAX_VALUE + 1) / 2);
    int r =
        FORTY_EIGHT_SEVENTEENTHS
            + saturatingRoundingDoublingHighMul(halfDenominator, MINUS_THIRTY_TWO_SEVENTEENTHS);
    for (int step = 0; step < 3; step++) {
      int product = saturatingRoundingDoublingHighMul(halfDenominator, r);
      int error = (1 << 29) - product;
      r += shiftLeft(saturatingRoundingDoublingHighMul(r, error), 2);
    }
    return shiftLeft(r, 1);
  }

  /** {@code x * 2^bits}, saturating. */
  private static int shiftLeft(int x, int bits) {
    long shifted = (long) x << bits;
    return (int) Math.max(Integer.MIN_VALUE, Math.min(Integer.MAX_VALUE, shifted));
  }

  /**
   * The 256 exponentials of a quantized softmax: {@code exp(-scale * beta * d)} as Q0.31 for {@code
   * d} = 0 to 255, 0 where {@code scale * beta * d} reaches 31 or so and TensorFlow Lite skips the
   * element.
   *
   * @param scale of the input
   * @param beta at least 0; {@code scale * beta} must exceed 2^-26
   * @throws IllegalArgumentException if it does not
   */
  public static int[] softmaxExponentials(float scale, float beta) {
    double factor = Math.min((double) beta * scale * (1 << EXP_FRACTIONAL_BITS), 0x7fffffffL);
    if (!(factor > 1)) {
      throw new IllegalArgumentException("scale * beta = " + beta * scale + " is below 2^-26");
    }
    int multiplier = FixedPoint.multiplier(factor);
    int shift = FixedPoint.shift(factor);
    // Largest difference whose product stays within 31, the greatest integer of Q5.26.
    int radius = (int) Math.floor(31.0 * (1 << EXP_FRACTIONAL_BITS) / (1L << shift));
    int[] table = new int[256];
    for (int d = 0; d < 256 && d <= radius; d++) {
      table[d] = exp(saturatingRoundingDoublingHighMul(-d << shift, multiplier));
    }
    return table;
  }
}
