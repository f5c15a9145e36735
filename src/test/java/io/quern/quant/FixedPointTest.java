package io.quern.quant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Fixed-point arithmetic against exact integers and decimals. */
class FixedPointTest {
  private static final long SEED = 20261123;
  private static final BigInteger TWO = BigInteger.TWO;

  private final SplittableRandom random = new SplittableRandom(SEED);

  private static final int[] EDGES = {
    Integer.MIN_VALUE,
    Integer.MIN_VALUE + 1,
    -(1 << 30) - 1,
    -(1 << 30),
    -(1 << 30) + 1,
    -3,
    -2,
    -1,
    0,
    1,
    2,
    3,
    (1 << 30) - 1,
    1 << 30,
    (1 << 30) + 1,
    Integer.MAX_VALUE - 1,
    Integer.MAX_VALUE
  };

  /** round(a * b / 2^31), halves up, saturated to an int. */
  private static int exactHighMul(int a, int b) {
    BigInteger product = BigInteger.valueOf(a).multiply(BigInteger.valueOf(b));
    BigInteger rounded = product.add(TWO.pow(30)).shiftRight(31);
    return rounded.min(BigInteger.valueOf(Integer.MAX_VALUE)).intValueExact();
  }

  /** round(x / 2^exponent), halves away from zero. */
  private static int exactDivide(int x, int exponent) {
    return new BigDecimal(x)
        .divide(new BigDecimal(TWO.pow(exponent)))
        .setScale(0, RoundingMode.HALF_UP)
        .intValueExact();
  }

  @Test
  void highMulAtEdges() {
    for (int a : EDGES) {
      for (int b : EDGES) {
        assertEquals(
            exactHighMul(a, b), FixedPoint.saturatingRoundingDoublingHighMul(a, b), a + " * " + b);
      }
    }
  }

  @Test
  void highMulOfRandomNumbers() {
    for (int i = 0; i < 200_000; i++) {
      int a = random.nextInt() >> random.nextInt(31);
      int b = random.nextInt();
      assertEquals(
          exactHighMul(a, b),
          FixedPoint.saturatingRoundingDoublingHighMul(a, b),
          a + " * " + b + ", seed " + SEED);
    }
  }

  @Test
  void highMulTiesGoUp() {
    // a * 2^30 / 2^31 = a / 2: 1/2 to 1, -1/2 to 0, -3/2 to -1.
    int half = 1 << 30;
    assertEquals(1, FixedPoint.saturatingRoundingDoublingHighMul(1, half));
    assertEquals(2, FixedPoint.saturatingRoundingDoublingHighMul(3, half));
    assertEquals(0, FixedPoint.saturatingRoundingDoublingHighMul(-1, half));
    assertEquals(-1, FixedPoint.saturatingRoundingDoublingHighMul(-3, half));
  }

  @Test
  void onlySmallestTimesSmallestSaturates() {
    int min = Integer.MIN_VALUE;
    assertEquals(Integer.MAX_VALUE, FixedPoint.saturatingRoundingDoublingHighMul(min, min));
    assertEquals(
        -Integer.MAX_VALUE, FixedPoint.saturatingRoundingDoublingHighMul(min, Integer.MAX_VALUE));
  }

  @Test
  void divisionByEveryPowerOfTwo() {
    for (int exponent = 0; exponent <= 31; exponent++) {
      for (int x : EDGES) {
        assertDivides(x, exponent);
      }
      for (int i = 0; i < 2_000; i++) {
        assertDivides(random.nextInt() >> random.nextInt(31), exponent);
      }
    }
  }

  @Test
  void divisionTiesGoAwayFromZeroOnBothSides() {
    for (int exponent = 1; exponent <= 30; exponent++) {
      int half = 1 << (exponent - 1);
      for (int odd = 1; odd <= 7 && (long) odd * half <= Integer.MAX_VALUE; odd += 2) {
        for (int off = -1; off <= 1; off++) {
          assertDivides(odd * half + off, exponent);
          assertDivides(-odd * half + off, exponent);
        }
        assertEquals((odd + 1) / 2, FixedPoint.roundingDivideByPowerOfTwo(odd * half, exponent));
        assertEquals(-(odd + 1) / 2, FixedPoint.roundingDivideByPowerOfTwo(-odd * half, exponent));
      }
    }
  }

  private static void assertDivides(int x, int exponent) {
    assertEquals(
        exactDivide(x, exponent),
        FixedPoint.roundingDivideByPowerOfTwo(x, exponent),
        x + " / 2^" + exponent + ", seed " + SEED);
  }

  @Test
  void multiplicationWithEveryShift() {
    for (int shift = -31; shift <= 30; shift++) {
      for (int i = 0; i < 3_000; i++) {
        int x = i < EDGES.length ? EDGES[i] : random.nextInt() >> random.nextInt(31);
        int multiplier = i % 3 == 0 ? 1 << 30 : random.nextInt(1 << 30, Integer.MAX_VALUE);
        int left = Math.max(shift, 0);
        int shifted = BigInteger.valueOf(x).shiftLeft(left).intValue();
        int expected = exactDivide(exactHighMul(shifted, multiplier), Math.max(-shift, 0));
        assertEquals(
            expected,
            FixedPoint.multiply(x, multiplier, shift),
            x + " * " + multiplier + " shift " + shift + ", seed " + SEED);
      }
    }
  }

  @Test
  void multiplicationIsMonotone() {
    for (int i = 0; i < 500; i++) {
      int multiplier = random.nextInt(1 << 30, Integer.MAX_VALUE);
      int shift = random.nextInt(-20, 1);
      int previous = Integer.MIN_VALUE;
      for (int x = -3_000; x <= 3_000; x += 7) {
        int y = FixedPoint.multiply(x, multiplier, shift);
        assertTrue(y >= previous, multiplier + " shift " + shift + " at " + x);
        previous = y;
      }
    }
  }

  /** The multiplier and shift by exact arithmetic: factor = m * 2^(shift - 31). */
  private static void assertMultiplier(double factor) {
    BigDecimal exact = new BigDecimal(factor);
    int shift = 0;
    BigDecimal q = exact;
    while (q.compareTo(BigDecimal.ONE) >= 0) {
      q = q.divide(BigDecimal.valueOf(2));
      shift++;
    }
    while (q.compareTo(new BigDecimal("0.5")) < 0) {
      q = q.multiply(BigDecimal.valueOf(2));
      shift--;
    }
    BigInteger m =
        q.multiply(new BigDecimal(TWO.pow(31)))
            .setScale(0, RoundingMode.HALF_UP)
            .toBigIntegerExact();
    if (m.equals(TWO.pow(31))) {
      m = TWO.pow(30);
      shift++;
    }
    if (shift < -31) {
      m = BigInteger.ZERO;
      shift = 0;
    }
    assertEquals(m.intValueExact(), FixedPoint.multiplier(factor), "multiplier of " + factor);
    assertEquals(shift, FixedPoint.shift(factor), "shift of " + factor);
  }

  @Test
  void multipliersOfRandomFactors() {
    for (int i = 0; i < 20_000; i++) {
      assertMultiplier(random.nextDouble(0.5, 1) * Math.scalb(1.0, random.nextInt(-40, 31)));
    }
  }

  @Test
  void multipliersAroundPowersOfTwo() {
    for (int e = -36; e <= 30; e++) {
      double power = Math.scalb(1.0, e);
      for (double f :
          new double[] {
            power,
            Math.nextUp(power),
            Math.nextDown(power),
            power * (1 - Math.scalb(1.0, -32)),
            power * (1 - Math.scalb(1.0, -33)),
            power * (1 - Math.scalb(3.0, -33)),
            power * (1 + Math.scalb(1.0, -31)),
            power * (1 + Math.scalb(3.0, -32))
          }) {
        assertMultiplier(f);
      }
    }
  }

  @Test
  void factorsThatVanish() {
    for (double f : new double[] {0, Double.MIN_VALUE, Double.MIN_NORMAL, 1e-300, 1e-10 / 10}) {
      assertEquals(0, FixedPoint.multiplier(f), "multiplier of " + f);
      assertEquals(0, FixedPoint.shift(f), "shift of " + f);
    }
    assertEquals(1 << 30, FixedPoint.multiplier(Math.scalb(1.0, -32)));
    assertEquals(-31, FixedPoint.shift(Math.scalb(1.0, -32)));
  }

  @Test
  void negativeFactorsMirror() {
    for (double f : new double[] {0.3, 1, 0.5, 17.25, 1e-5}) {
      assertEquals(-FixedPoint.multiplier(f), FixedPoint.multiplier(-f));
      assertEquals(FixedPoint.shift(f), FixedPoint.shift(-f));
    }
  }

  @Test
  void factorsThatAreNotFinite() {
    for (double f : new double[] {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
      assertThrows(IllegalArgumentException.class, () -> FixedPoint.multiplier(f));
      assertThrows(IllegalArgumentException.class, () -> FixedPoint.shift(f));
    }
  }
}
