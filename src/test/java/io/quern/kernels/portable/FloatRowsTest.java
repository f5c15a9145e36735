package io.quern.kernels.portable;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class FloatRowsTest {
  private final SplittableRandom random = new SplittableRandom(20261127);

  private static void check(float a, float b, float c) {
    assertEquals(
        Float.floatToIntBits(Math.fma(a, b, c)),
        Float.floatToIntBits(FloatRows.fma(a, b, c)),
        () -> a + " * " + b + " + " + c);
  }

  private static void checkSigns(float a, float b, float c) {
    check(a, b, c);
    check(-a, b, c);
    check(a, b, -c);
    check(-a, b, -c);
  }

  @Test
  void anyBits() {
    for (int i = 0; i < 200_000; i++) {
      check(
          Float.intBitsToFloat(random.nextInt()),
          Float.intBitsToFloat(random.nextInt()),
          Float.intBitsToFloat(random.nextInt()));
    }
  }

  @Test
  void specialValues() {
    float[] values = {
      0,
      1,
      3,
      Float.MIN_VALUE,
      Float.MIN_NORMAL,
      Float.MAX_VALUE,
      1 + 0x1p-23f,
      0x1p-75f,
      Float.POSITIVE_INFINITY,
      Float.NaN
    };
    for (float a : values) {
      for (float b : values) {
        for (float c : values) {
          checkSigns(a, b, c);
        }
      }
    }
  }

  /** Half-way between two floats but for something that the sum in double does not show. */
  @Test
  void besideTies() {
    for (int i = 0; i < 100_000; i++) {
      float c = Math.scalb(1 + random.nextInt(1 << 23) * 0x1p-23f, random.nextInt(40) - 20);
      float a = Math.ulp(c) / 2 * (1 + random.nextInt(-2, 3) * 0x1p-23f);
      checkSigns(a, 1 + random.nextInt(-2, 3) * 0x1p-23f, c);
      checkSigns(c, 1 + random.nextInt(4) * 0x1p-23f, a);
      checkSigns(c, 1, Math.scalb(a, -random.nextInt(60)));
    }
  }

  @Test
  void subnormalResults() {
    for (int i = 0; i < 100_000; i++) {
      float a = Math.scalb(random.nextInt(1, 1 << 24), -90 - random.nextInt(20));
      float b = Math.scalb(random.nextInt(1, 1 << 24), -70 - random.nextInt(20));
      checkSigns(a, b, random.nextInt(1 << 24) * Float.MIN_VALUE);
    }
  }

  @Test
  void rows() {
    int n = 67;
    int from = 3;
    int to = n - 2;
    float[][] rows = new float[8][n];
    float[] s = new float[8];
    for (float[] row : rows) {
      for (int i = 0; i < n; i++) {
        row[i] = (float) random.nextDouble(-3, 3);
      }
    }
    for (int i = 0; i < s.length; i++) {
      s[i] = (float) random.nextDouble(-3, 3);
    }
    float[][] expected = {rows[0].clone(), rows[1].clone(), rows[2].clone(), rows[3].clone()};
    for (int i = from; i < to; i++) {
      for (int q = 0; q < 4; q++) {
        float first = Math.fma(s[2 * q], rows[4][i], rows[q][i]);
        expected[q][i] = Math.fma(s[2 * q + 1], rows[5][i], first);
      }
    }
    float[] r = rows[4];
    FloatRows.addScaled4x2(
        rows[0], rows[1], rows[2], rows[3], r, rows[5], s[0], s[1], s[2], s[3], s[4], s[5], s[6],
        s[7], from, to);
    for (int q = 0; q < 4; q++) {
      assertArrayEquals(expected[q], rows[q]);
    }
    float[] acc = rows[7].clone();
    expected[0] = acc.clone();
    expected[1] = acc.clone();
    for (int i = 0; i < n; i++) {
      expected[2][i] = Math.fma(rows[0][i], rows[1][i], acc[i]);
    }
    for (int i = from; i < to; i++) {
      float two = Math.fma(s[1], rows[1][i], Math.fma(s[0], rows[0][i], acc[i]));
      expected[0][i] = Math.fma(s[3], rows[3][i], Math.fma(s[2], rows[2][i], two));
      expected[1][i] = Math.fma(s[0], rows[0][i], acc[i]);
    }
    FloatRows.addScaled(acc, rows[0], rows[1], rows[2], rows[3], s[0], s[1], s[2], s[3], from, to);
    assertArrayEquals(expected[0], acc);
    acc = rows[7].clone();
    FloatRows.addScaled(acc, rows[0], s[0], from, to);
    assertArrayEquals(expected[1], acc);
    acc = rows[7].clone();
    FloatRows.addProducts(acc, rows[0], rows[1], n);
    assertArrayEquals(expected[2], acc);
  }
}
