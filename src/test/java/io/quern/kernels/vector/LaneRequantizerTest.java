package io.quern.kernels.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.kernels.Requantization;
import io.quern.kernels.Scratch;
import io.quern.quant.FixedPoint;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Lanes against {@link FixedPoint} on both sides of every step of the output. */
class LaneRequantizerTest {
  private static final int BOUND = 1 << 24;

  private int inFloats;

  private static int formula(int acc, Requantization r, int c) {
    int q = FixedPoint.multiply(acc, r.multipliers()[c], r.shifts()[c]) + r.zeroPoint();
    return Math.min(Math.max(q, r.qmin()), r.qmax());
  }

  /**
   * The least sum in [-BOUND, BOUND] that gives at least {@code q} with the bias; BOUND if there is
   * none.
   */
  private static int leastSum(Requantization r, int c, int bias, int q) {
    int below = -BOUND - 1;
    int above = BOUND;
    while (above - below > 1) {
      int middle = below + above >> 1;
      if (formula(middle + bias, r, c) >= q) {
        above = middle;
      } else {
        below = middle;
      }
    }
    return above;
  }

  private void check(Requantization r, int[] biases, String what) {
    int n = r.multipliers().length;
    long[] least = new long[n];
    long[] greatest = new long[n];
    Arrays.setAll(least, c -> biases[c] - BOUND);
    Arrays.setAll(greatest, c -> biases[c] + BOUND);
    double[] rest = Arrays.stream(biases).anyMatch(b -> b != 0) ? toDoubles(biases) : null;
    FloatSums sums = new FloatSums(new float[n], rest, least, greatest);
    boolean unsigned = r.qmin() >= r.zeroPoint();
    FloatScales scales = new FloatScales(r, sums, unsigned);
    for (int c = 0; c < n; c++) {
      inFloats += scales.proven(c, 1) ? 1 : 0;
    }
    int steps = r.qmax() - r.qmin();
    int pixels = 2 * steps + 5;
    int padded = Lanes.roundUp(n);
    float[] acc = new float[pixels * padded + Lanes.HALF];
    for (int c = 0; c < n; c++) {
      int[] at = new int[pixels];
      for (int k = 0; k < steps; k++) {
        at[2 * k] = leastSum(r, c, biases[c], r.qmin() + 1 + k);
        at[2 * k + 1] = Math.max(-BOUND, at[2 * k] - 1);
      }
      int[] others = {-BOUND, BOUND, 0, -1, 1};
      System.arraycopy(others, 0, at, 2 * steps, 5);
      for (int p = 0; p < pixels; p++) {
        acc[p * padded + c] = at[p];
      }
    }
    int[] sumAt = new int[pixels];
    Arrays.setAll(sumAt, p -> p * padded);
    byte[] out = new byte[pixels * n];
    Scratch scratch = new Scratch(LaneRequantizer.scratch(pixels * Lanes.COUNT, 0));
    LaneRequantizer lanes = new LaneRequantizer(r, sums);
    for (int c = padded - Lanes.COUNT; c >= 0; c -= Lanes.COUNT) {
      int count = Math.min(Lanes.COUNT, n - c);
      lanes.vector(acc, c, sumAt, out, c, n, c, count, pixels, scratch, 0);
    }
    for (int p = 0; p < pixels; p++) {
      for (int c = 0; c < n; c++) {
        int sum = (int) acc[p * padded + c] + biases[c];
        String where =
            what + " sum " + sum + " * " + r.multipliers()[c] + ", shift " + r.shifts()[c];
        assertEquals(formula(sum, r, c), out[p * n + c], where);
      }
    }
  }

  private static double[] toDoubles(int[] values) {
    return Arrays.stream(values).asDoubleStream().toArray();
  }

  private static Requantization random(Random random, int channels, int leastShift, int shifts) {
    int[] m = new int[channels];
    int[] s = new int[channels];
    for (int c = 0; c < channels; c++) {
      int kind = random.nextInt(8);
      m[c] =
          kind == 0 ? 1 << 30 : kind == 1 ? Integer.MAX_VALUE : (1 << 30) + random.nextInt(1 << 30);
      s[c] = -(leastShift + random.nextInt(shifts));
    }
    int z = random.nextInt(4) == 0 ? -128 : random.nextInt(256) - 128;
    int lo = random.nextBoolean() ? z : -128;
    int hi = random.nextInt(3) == 0 ? lo + random.nextInt(128 - lo) : 127;
    return new Requantization(m, s, z, lo, hi);
  }

  private void check(int leastShift, int shifts) {
    for (int seed = 0; seed < 60; seed++) {
      Random random = new Random(seed);
      int channels = 1 + random.nextInt(2 * Lanes.COUNT + 1);
      check(random(random, channels, leastShift, shifts), new int[channels], "seed " + seed);
    }
  }

  @Test
  void everyStepOfOrdinaryChannels() {
    check(3, 8);
    assertTrue(inFloats > 300, inFloats + " channels in float lanes");
  }

  @Test
  void everyStepOfUnusualShifts() {
    check(0, 22);
    assertTrue(inFloats > 100, inFloats + " channels in float lanes");
  }

  /** Of which some vectors have none, so that one layer has both kinds of lanes. */
  @Test
  void everyStepOfLargeBiases() {
    for (int seed = 0; seed < 60; seed++) {
      Random random = new Random(seed);
      Requantization r = random(random, 1 + random.nextInt(3 * Lanes.COUNT), 3, 16);
      int[] biases = new int[r.multipliers().length];
      for (int c = 0; c < biases.length; c += 1 + random.nextInt(2 * Lanes.COUNT)) {
        biases[c] = (random.nextBoolean() ? 1 : -1) * (BOUND / 2 + random.nextInt(1 << 29));
      }
      check(r, biases, "seed " + seed);
    }
    assertTrue(inFloats > 100, inFloats + " channels in float lanes");
  }
}
