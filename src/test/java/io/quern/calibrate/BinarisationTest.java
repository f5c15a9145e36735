package io.quern.calibrate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.model.Activation;
import io.quern.model.Graph;
import io.quern.model.Tensor;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BinarisationTest {
  private static Graph net(long seed) {
    return new Net(seed, 1, 8, 8, 3)
        .conv(16, 3, 1, true, Activation.RELU)
        .conv(16, 3, 1, true, Activation.RELU)
        .conv(16, 1, 1, true, Activation.RELU)
        .averagePool()
        .reshape(1, 16)
        .fullyConnected(10, Activation.NONE)
        .build();
  }

  private static CalibrationOptions options(BinaryLayers layers, int terms) {
    return CalibrationOptions.builder().binaryLayers(layers).binaryTerms(terms).build();
  }

  @Test
  void oneTermIsSignAndMeanMagnitude() {
    int[] signs = new int[4];
    double[] alpha = Binarisation.decompose(new double[] {1, -2, 0, 5}, 1, signs);
    assertArrayEquals(new double[] {2}, alpha);
    assertArrayEquals(new int[] {1, 0, 1, 1}, signs);
  }

  @Test
  void moreTermsHaveLessErrorAndTwoTermsAreExactOnFourLevels() {
    Random r = new Random(1);
    double[] w = new double[500];
    for (int i = 0; i < w.length; i++) {
      w[i] = r.nextGaussian();
    }
    double last = Double.POSITIVE_INFINITY;
    for (int terms = 1; terms <= 3; terms++) {
      double e = error(w, terms);
      assertTrue(e < 0.6 * last, terms + " terms: " + e + " after " + last);
      last = e;
    }
    double[] levels = {3, 1, -1, -3, 3, -1};
    assertEquals(0, error(levels, 2), 1e-20);
  }

  private static double error(double[] w, int terms) {
    int[] signs = new int[w.length];
    double[] alphas = Binarisation.decompose(w, terms, signs);
    double sum = 0;
    for (int i = 0; i < w.length; i++) {
      double v = 0;
      for (int k = 0; k < terms; k++) {
        assertTrue(alphas[k] >= 0);
        v += (signs[i] >> k & 1) != 0 ? alphas[k] : -alphas[k];
      }
      sum += (w[i] - v) * (w[i] - v);
    }
    return sum;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void weightsTakeAtMostTwoToTheTermsLevelsPerChannel(int terms) {
    Graph f = net(2);
    Graph q =
        Calibrator.calibrate(
            f, Net.inputs(f, 10, 1), options(BinaryLayers.ALL, terms), Progress.NONE);
    for (var op : q.operators()) {
      Layer l = Layer.of(op);
      if (l == null) {
        continue;
      }
      Tensor w = q.tensor(l.weights());
      byte[] v = w.bytesOf8();
      for (int c = 0; c < l.channels(q); c++) {
        Set<Integer> levels = new HashSet<>();
        for (int i = 0; i < v.length; i++) {
          if (l.channelOf(w.shape(), i) == c) {
            levels.add((int) v[i]);
          }
        }
        assertTrue(levels.size() <= 1 << terms, levels.toString());
        if (terms == 1) {
          assertTrue(Set.of(-1, 1).containsAll(levels), levels.toString());
        }
      }
    }
  }

  @Test
  void innerLeavesFirstAndLast() {
    Graph f = net(3);
    Graph q =
        Calibrator.calibrate(
            f, Net.inputs(f, 10, 1), options(BinaryLayers.INNER, 1), Progress.NONE);
    assertTrue(isBinary(q, 1) && isBinary(q, 2));
    assertTrue(!isBinary(q, 0) && !isBinary(q, 5));
  }

  private static boolean isBinary(Graph q, int op) {
    for (byte b : q.tensor(Layer.of(q.operators().get(op)).weights()).bytesOf8()) {
      if (b != 1 && b != -1) {
        return false;
      }
    }
    return true;
  }

  @Test
  void fitImprovesAndMoreTermsImproveFurther() {
    Graph f = net(4);
    List<float[][]> calibration = Net.inputs(f, 60, 1);
    List<float[][]> test = Net.inputs(f, 60, 2);
    Recipe raw =
        new Recipe(
            f,
            Calibrator.observe(f, calibration, CalibrationOptions.defaults(), Progress.NONE)
                .get(ObserverKind.MIN_MAX));
    raw.quantizeWeights(CalibrationOptions.defaults());
    raw.weights.put(1, Binarisation.binarise(f, 1, 1));
    raw.weights.put(2, Binarisation.binarise(f, 2, 1));
    double last = CalibratorTest.sqnr(f, Quantizer.quantize(raw).graph(), test);
    double unfitted = last;
    StringBuilder line = new StringBuilder();
    for (int terms = 1; terms <= 3; terms++) {
      double db =
          CalibratorTest.sqnr(
              f,
              Calibrator.calibrate(
                  f, calibration, options(BinaryLayers.INNER, terms), Progress.NONE),
              test);
      line.append(String.format(", %d terms %.1f dB", terms, db));
      assertTrue(db > last + 1, terms + " terms: " + db + " dB after " + last);
      last = db;
    }
    System.out.printf("binary weights, inner layers: not fitted %.1f dB%s%n", unfitted, line);
  }

  @Test
  void greedyKeepsToItsBudget() {
    Graph f = net(5);
    List<float[][]> calibration = Net.inputs(f, 40, 1);
    CalibrationOptions none = options(BinaryLayers.GREEDY, 1).toBuilder().binaryBudget(0).build();
    CalibrationOptions all = options(BinaryLayers.GREEDY, 1).toBuilder().binaryBudget(1).build();
    int few = binaryLayers(Calibrator.calibrate(f, calibration, none, Progress.NONE));
    int many = binaryLayers(Calibrator.calibrate(f, calibration, all, Progress.NONE));
    assertEquals(4, many);
    assertTrue(few < 4, few + " layers without any budget");
  }

  /** Agreement with float falls by no more than the budget, on the calibration set itself. */
  @Test
  void greedyMeasuresItsBudgetOnTheRefinementInputs() {
    Graph f = net(6);
    List<float[][]> calibration = Net.inputs(f, 100, 1);
    CalibrationOptions o = options(BinaryLayers.GREEDY, 1).toBuilder().binaryBudget(0.05).build();
    Graph q = Calibrator.calibrate(f, calibration, o, Progress.NONE);
    Graph plain =
        Calibrator.calibrate(f, calibration, CalibrationOptions.defaults(), Progress.NONE);
    double lost = agreement(f, plain, calibration) - agreement(f, q, calibration);
    assertTrue(lost <= 0.05 + 1e-9, lost + " lost of a budget of 0.05");
  }

  private static double agreement(Graph f, Graph q, List<float[][]> inputs) {
    int same = 0;
    for (float[][] x : inputs) {
      same += largest(Net.run(f, x)) == largest(CalibratorTest.runInt8(q, x)) ? 1 : 0;
    }
    return (double) same / inputs.size();
  }

  private static int largest(float[] v) {
    int best = 0;
    for (int i = 1; i < v.length; i++) {
      best = v[i] > v[best] ? i : best;
    }
    return best;
  }

  private static int binaryLayers(Graph q) {
    int n = 0;
    for (int i = 0; i < q.operators().size(); i++) {
      n += Layer.of(q.operators().get(i)) != null && isBinary(q, i) ? 1 : 0;
    }
    return n;
  }
}
