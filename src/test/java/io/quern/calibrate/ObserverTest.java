package io.quern.calibrate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ObserverTest {
  /** Normal values, 1 in 10,000 of them twenty times as large. */
  private static float[] heavyTailed(int n, long seed) {
    Random r = new Random(seed);
    float[] v = new float[n];
    for (int i = 0; i < n; i++) {
      v[i] = (float) (r.nextGaussian() * (i % 10_000 == 0 ? 20 : 1));
    }
    return v;
  }

  @Test
  void minMaxIsExact() {
    Observer o = new MinMaxObserver();
    o.observe(new float[] {1, -3, 2});
    o.observe(new float[] {0.5f, 7});
    assertEquals(new Range(-3, 7), o.range());
  }

  @Test
  void movingAverageFollowsTheFormula() {
    Observer o = new MovingAverageObserver(0.25);
    o.observe(new float[] {-1, 1});
    o.observe(new float[] {-2, 5});
    assertEquals(new Range(-1.25f, 2), o.range());
  }

  @Test
  void percentileIsTheQuantileToOneBin() {
    Observer o = new PercentileObserver(99);
    float[] v = new float[10_001];
    for (int i = 0; i < v.length; i++) {
      v[i] = i / 10_000f;
    }
    o.observe(v);
    assertEquals(0.01, o.range().min(), 1 / 2048.0);
    assertEquals(0.99, o.range().max(), 1 / 2048.0);
  }

  @Test
  void percentileCountsZeros() {
    Observer o = new PercentileObserver(90);
    float[] v = new float[1000];
    for (int i = 0; i < 50; i++) {
      v[i] = 1 + i;
    }
    o.observe(v);
    assertEquals(new Range(0, 0), o.range());
  }

  @Test
  void histogramKeepsCountsAndResolutionWhileItGrows() {
    Histogram h = new Histogram();
    long added = 0;
    Random r = new Random(11);
    for (int k = 0; k < 12; k++) {
      float[] v = new float[1000];
      for (int i = 0; i < v.length; i++) {
        v[i] = (float) (r.nextGaussian() * Math.pow(3, k) + (k % 2 == 0 ? k : -k));
      }
      h.add(v);
      added += v.length;
    }
    long sum = h.zeros();
    int used = 0;
    for (int i = 0; i < Histogram.BINS; i++) {
      sum += h.count(i);
    }
    Range all = h.range();
    used = (int) ((all.max() - all.min()) / h.width());
    assertEquals(added, sum);
    assertEquals(added, h.total());
    assertTrue(used >= 2048, used + " bins of use");
  }

  @Test
  void entropyDiffersFromMinMaxAndCutsOutliers() {
    float[] v = heavyTailed(200_000, 5);
    Observer minMax = new MinMaxObserver();
    Observer entropy = new EntropyObserver();
    minMax.observe(v);
    entropy.observe(v);
    Range wide = minMax.range();
    Range narrow = entropy.range();
    assertTrue(narrow.max() < 0.5 * wide.max(), narrow + " in " + wide);
    assertTrue(narrow.min() > 0.5 * wide.min(), narrow + " in " + wide);
    assertTrue(narrow.max() > 2, narrow + " keeps the bulk");
  }

  @Test
  void entropyAndMseOnUniformValuesKeepTheRange() {
    Random r = new Random(6);
    float[] v = new float[100_000];
    for (int i = 0; i < v.length; i++) {
      v[i] = r.nextFloat() * 4;
    }
    for (Observer o : new Observer[] {new EntropyObserver(), new MseObserver()}) {
      o.observe(v);
      assertEquals(4, o.range().max(), 0.15, o.getClass().getSimpleName());
    }
  }

  @Test
  void mseHasLessErrorThanMinMax() {
    float[] v = heavyTailed(200_000, 7);
    Observer minMax = new MinMaxObserver();
    Observer mse = new MseObserver();
    minMax.observe(v);
    mse.observe(v);
    double with = squaredError(v, mse.range());
    double without = squaredError(v, minMax.range());
    assertTrue(with < 0.8 * without, with + " against " + without);
  }

  private static double squaredError(float[] values, Range r) {
    var q = r.toInt8();
    double sum = 0;
    for (float v : values) {
      double level = Math.max(-128, Math.min(127, Math.rint(v / q.scale()) + q.zeroPoint()));
      double d = v - q.scale() * (level - q.zeroPoint());
      sum += d * d;
    }
    return sum;
  }

  @ParameterizedTest
  @EnumSource(value = ObserverKind.class, names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
  void zerosConstantsAndNothing(ObserverKind kind) {
    assertThrows(IllegalStateException.class, () -> kind.create(99.99).range());
    Observer zeros = kind.create(99.99);
    zeros.observe(new float[100]);
    assertEquals(new Range(0, 0), zeros.range());
    Observer same = kind.create(99.99);
    same.observe(new float[] {2.5f, 2.5f, 2.5f});
    assertEquals(2.5f, same.range().max(), 0.03f);
    assertTrue(same.range().min() <= same.range().max());
  }

  @ParameterizedTest
  @EnumSource(value = ObserverKind.class, names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
  void rangeLiesInsideTheObservedOneWidenedToZero(ObserverKind kind) {
    for (float shift : new float[] {-30, 0, 30}) {
      Observer o = kind.create(99.9);
      float[] v = heavyTailed(20_000, 8);
      float min = 0;
      float max = 0;
      for (int i = 0; i < v.length; i++) {
        v[i] += shift;
        min = Math.min(min, v[i]);
        max = Math.max(max, v[i]);
      }
      o.observe(v);
      assertTrue(o.range().min() >= min && o.range().max() <= max, kind + " " + o.range());
    }
  }

  @Test
  void zeroIsExactInEveryRange() {
    Random r = new Random(9);
    for (int i = 0; i < 10_000; i++) {
      double size = Math.pow(10, r.nextDouble() * 12 - 6);
      float a = (float) (r.nextGaussian() * size);
      float b = (float) (r.nextGaussian() * size);
      var q = new Range(Math.min(a, b), Math.max(a, b)).toInt8();
      assertTrue(q.zeroPoint() >= -128 && q.zeroPoint() <= 127);
      double lo = q.scale() * (-128.0 - q.zeroPoint());
      double hi = q.scale() * (127.0 - q.zeroPoint());
      assertTrue(lo <= Math.min(a, 0) + q.scale() * 0.501, "covers " + a + " " + b);
      assertTrue(hi >= Math.max(b, 0) - q.scale() * 0.501, "covers " + a + " " + b);
    }
    assertEquals(-128, new Range(0, 6).toInt8().zeroPoint());
    assertEquals(6 / 255f, new Range(2, 6).toInt8().scale());
    assertEquals(127, new Range(-6, -1).toInt8().zeroPoint());
    for (float bound : new float[] {1, 0.5f, 3, 1 / 3f, 127.5f}) {
      assertEquals(-1, new Range(-bound, bound).toInt8().zeroPoint(), "a tie, down");
    }
    assertThrows(IllegalArgumentException.class, () -> new Range(1, 0));
    assertThrows(IllegalArgumentException.class, () -> new Range(0, Float.NaN));
  }
}
