package io.quern.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Locale;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class DecimalsTest {
  @Test
  void sameAsStringFormat() {
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 20_000; i++) {
      double scale = Math.pow(10, random.nextInt(-8, 12));
      check((random.nextDouble() - 0.5) * scale, random.nextInt(5));
      check((float) ((random.nextDouble() - 0.5) * scale), random.nextInt(1, 5));
      check(random.nextInt(-100_000, 100_000) / 32768.0, 4);
    }
  }

  @Test
  void edges() {
    double[] values = {
      0,
      -0.0,
      0.5,
      0.00005,
      0.00004999,
      0.99995,
      9.99995,
      999.99996,
      -0.00001,
      1e-300,
      1e300,
      1e7,
      9999999.5,
      Double.NaN,
      Double.POSITIVE_INFINITY,
      Double.NEGATIVE_INFINITY,
      0.03125f,
      0.1f
    };
    for (double v : values) {
      for (int places = 0; places < 6; places++) {
        check(v, places);
      }
    }
  }

  private static void check(double value, int places) {
    String expected = String.format(Locale.ROOT, "%." + places + "f", value);
    assertEquals(expected, Decimals.fixed(value, places), value + " to " + places);
  }
}
