package io.quern.quant;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Rounding of real numbers against exact decimals. */
class RoundingTest {
  private static final long SEED = 20261123;

  private static void assertRounds(double x) {
    BigDecimal exact = new BigDecimal(x).setScale(0, RoundingMode.HALF_UP);
    assertEquals(exact.doubleValue(), Rounding.round(x) + 0.0, "round " + x);
    if (exact.abs().compareTo(BigDecimal.valueOf(1 << 30)) <= 0) {
      assertEquals(exact.intValueExact(), Rounding.toInt(x), "toInt " + x);
    }
  }

  @Test
  void tiesAndTheirNeighbours() {
    for (int i = -1000; i <= 1000; i++) {
      double tie = i + 0.5;
      assertRounds(tie);
      assertRounds(Math.nextUp(tie));
      assertRounds(Math.nextDown(tie));
      assertRounds(i);
    }
    assertEquals(0, Rounding.toInt(0.49999999999999994));
    assertEquals(0, Rounding.toInt(-0.49999999999999994));
  }

  @Test
  void randomNumbers() {
    SplittableRandom random = new SplittableRandom(SEED);
    for (int i = 0; i < 50_000; i++) {
      assertRounds(random.nextDouble(-1, 1) * Math.scalb(1.0, random.nextInt(-5, 60)));
    }
  }

  @Test
  void toIntIsLimited() {
    assertEquals(1 << 30, Rounding.toInt(1e30));
    assertEquals(-(1 << 30), Rounding.toInt(-1e30));
    assertEquals(1 << 30, Rounding.toInt(Double.POSITIVE_INFINITY));
    assertEquals(0, Rounding.toInt(Double.NaN));
  }

  @Test
  void quantizeSaturates() {
    assertEquals(127, Rounding.quantize(1e30f, 1e-5f, -128));
    assertEquals(-128, Rounding.quantize(-1e30f, 1e-5f, 127));
    assertEquals(127, Rounding.quantize(Float.POSITIVE_INFINITY, 1, 0));
    assertEquals(5, Rounding.quantize(Float.NaN, 1, 5));
    assertEquals(127, Rounding.quantize(126.5f, 1, 0));
    assertEquals(-128, Rounding.quantize(-128.5f, 1, 0));
    assertEquals(-1, Rounding.quantize(-0.5f, 1, 0));
    assertEquals(1, Rounding.quantize(0.5f, 1, 0));
  }
}
