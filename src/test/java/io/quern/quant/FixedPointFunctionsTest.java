package io.quern.quant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Functions in fixed point against the real functions; the oracle checks their bits. */
class FixedPointFunctionsTest {
  private static final double Q31 = Math.scalb(1.0, -31);

  @Test
  void expIsWithinAMillionth() {
    for (int x = 0; x > -(1 << 30); x -= 99_991) {
      double exact = Math.exp(Math.scalb((double) x, -26));
      double actual = FixedPointFunctions.exp(x) * Q31;
      assertEquals(exact, actual, 1e-6, "exp of " + x + " / 2^26");
    }
    assertEquals(Integer.MAX_VALUE, FixedPointFunctions.exp(0));
  }

  @Test
  void reciprocalIsWithinATenMillionth() {
    for (long x = 0; x <= Integer.MAX_VALUE; x += 199_999) {
      double exact = 1 / (1 + x * Q31);
      assertEquals(exact, FixedPointFunctions.oneOverOnePlus((int) x) * Q31, 1e-7, "x " + x);
    }
  }

  @Test
  void exponentialsOfASoftmaxFall() {
    for (float scale : new float[] {1e-6f, 0.001f, 0.1f, 1, 31, 1000, 1e9f}) {
      int[] table = FixedPointFunctions.softmaxExponentials(scale, 1);
      assertEquals(256, table.length);
      assertEquals(Integer.MAX_VALUE, table[0]);
      for (int d = 1; d < 256; d++) {
        assertTrue(table[d] >= 0 && table[d] <= table[d - 1], "scale " + scale + ", " + d);
        assertEquals(Math.exp(-(double) scale * d), table[d] * Q31, 1e-6, scale + ", " + d);
      }
    }
  }

  @Test
  void scalesBelowTheInputsResolution() {
    assertThrows(
        IllegalArgumentException.class, () -> FixedPointFunctions.softmaxExponentials(1e-8f, 1));
    assertThrows(
        IllegalArgumentException.class,
        () -> FixedPointFunctions.softmaxExponentials(1, Float.NaN));
  }
}
