package io.quern.kernels.portable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.kernels.Requantization;
import io.quern.quant.FixedPoint;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RowRequantizerTest {
  private static final int[][] RANGES = {
    {-128, -128, 127}, {127, -128, 127}, {5, -128, 127}, {0, -128, 0}, {-128, -100, 50}, {3, 3, 3}
  };

  /** Every multiplier's steps, the sums beside them, and sums far outside. */
  @Test
  void sumsBesideEveryStep() {
    Random random = new Random(20261124);
    for (int round = 0; round < 400; round++) {
      int n = 1 + random.nextInt(9);
      int[] multipliers = new int[n];
      int[] shifts = new int[n];
      int[] bias = new int[n];
      for (int c = 0; c < n; c++) {
        multipliers[c] = multiplier(random);
        shifts[c] = -random.nextInt(16);
        bias[c] = random.nextInt(20001) - 10000;
      }
      int[] range = RANGES[random.nextInt(RANGES.length)];
      Requantization r = new Requantization(multipliers, shifts, range[0], range[1], range[2]);
      for (int c = 0; c < n; c++) {
        check(r, bias, c, sums(multipliers[c], -shifts[c], bias[c], random));
      }
    }
  }

  /** Scales whose steps fall on ties and beside them. */
  private static int multiplier(Random random) {
    return switch (random.nextInt(6)) {
      case 0 -> 1 << 30;
      case 1 -> Integer.MAX_VALUE;
      case 2 -> 3 << 29;
      case 3 -> 0;
      case 4 -> (1 << 30) + random.nextInt(1000);
      default -> (1 << 30) + random.nextInt(1 << 30);
    };
  }

  private static float[] sums(int multiplier, int e, int bias, Random random) {
    float[] sums = new float[4000];
    for (int i = 0; i < sums.length; i++) {
      int k = i / 8 - 256;
      long near = multiplier == 0 ? 0 : ((2L * k - 1) << 30 + e) / multiplier;
      long sum = near - 3 + i % 8 - bias;
      boolean far = Math.abs(sum) > 1 << 23 || i >= 3900;
      sums[i] = far ? random.nextInt(1 << 24) - (1 << 23) : sum;
    }
    return sums;
  }

  private static void check(Requantization r, int[] bias, int c, float[] sums) {
    int[] bounds = new int[bias.length];
    Arrays.fill(bounds, 1 << 23);
    RowRequantizer requantizer = new RowRequantizer(r, bias, bounds);
    byte[] out = new byte[2 * sums.length];
    int start = 5;
    float[] later = new float[start + sums.length];
    System.arraycopy(sums, 0, later, start, sums.length);
    requantizer.channel(later, start, c, sums.length, out, 1, 2);
    RowRequantizer.Segment segment = requantizer.segment(c, 1, sums.length);
    byte[] row = new byte[sums.length];
    float[] whole = Arrays.copyOf(sums, Rows.wholeFrom0(sums.length));
    requantizer.channels(whole, segment, sums.length, row, 0);
    for (int i = 0; i < sums.length; i++) {
      int q = FixedPoint.multiply((int) sums[i] + bias[c], r.multipliers()[c], r.shifts()[c]);
      int expected = Math.min(Math.max(q + r.zeroPoint(), r.qmin()), r.qmax());
      String message = (int) sums[i] + " + " + bias[c] + ", channel " + c + " of " + r;
      assertEquals(expected, out[1 + 2 * i], message);
      assertEquals(expected, row[i], message);
    }
  }

  /** Most channels with scales of real layers are computed in lanes. */
  @Test
  void fewChannelsAreScalar() {
    Random random = new Random(1);
    int n = 2000;
    int[] multipliers = new int[n];
    int[] shifts = new int[n];
    for (int c = 0; c < n; c++) {
      double factor = Math.exp(Math.log(0.0005) + random.nextDouble() * Math.log(100));
      multipliers[c] = FixedPoint.multiplier(factor);
      shifts[c] = FixedPoint.shift(factor);
    }
    int[] bounds = new int[n];
    Arrays.fill(bounds, 1 << 22);
    for (int zeroPoint : new int[] {-128, 4}) {
      Requantization r = new Requantization(multipliers, shifts, zeroPoint, -128, 127);
      LaneConstants constants = LaneConstants.of(r, new int[n], bounds);
      assertTrue(constants.scalarLanes.length < n / 50, constants.scalarLanes.length + " of " + n);
    }
  }
}
