package io.quern.calibrate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.model.Activation;
import io.quern.model.Graph;
import io.quern.model.Operator;
import java.util.List;
import org.junit.jupiter.api.Test;

class LowRankTest {
  /** A fully connected layer, 64 to 64, whose weights have exactly the given rank. */
  private static Graph ofRank(int rank) {
    Net n = new Net(1, 1, 1, 1, 64).reshape(1, 64);
    float[] a = n.gaussian(64 * rank, 0.2);
    float[] b = n.gaussian(rank * 64, 0.2);
    float[] w = new float[64 * 64];
    for (int o = 0; o < 64; o++) {
      for (int i = 0; i < 64; i++) {
        for (int k = 0; k < rank; k++) {
          w[o * 64 + i] += a[o * rank + k] * b[k * 64 + i];
        }
      }
    }
    int weights = n.constant("w", w, 64, 64);
    int bias = n.constant("b", n.gaussian(64, 1), 64);
    n.add(
        new Operator.FullyConnected(
            n.last, weights, bias, n.activation("y", 1, 64), false, Activation.RELU));
    return n.build();
  }

  @Test
  void exactRankIsFoundAndKeepsTheFunction() {
    Graph f = ofRank(8);
    PassResult r = LowRank.apply(f, LowRankCriterion.ENERGY, 1 - 1e-9);
    assertEquals(3, r.graph().operators().size());
    assertTrue(
        r.report().details().get(0).contains("rank 8, 4096 -> 1024 weights"),
        r.report().details().get(0));
    for (float[][] x : Net.inputs(f, 5, 2)) {
      assertArrayEquals(Net.run(f, x), Net.run(r.graph(), x), 1e-4f);
    }
  }

  @Test
  void parameterBudgetOfAQuarter() {
    PassResult r = LowRank.apply(ofRank(60), LowRankCriterion.PARAMETERS, 0.25);
    assertTrue(
        r.report().details().get(0).contains("rank 8, 4096 -> 1024 weights"),
        r.report().details().get(0));
  }

  @Test
  void errorCriterionBoundsTheFrobeniusNorm() {
    Graph f = ofRank(30);
    for (double limit : new double[] {0.5, 0.2, 0.05}) {
      Graph g = LowRank.apply(f, LowRankCriterion.ERROR, limit).graph();
      if (g == f) {
        continue;
      }
      float[] w = f.tensor(Layer.of(f.operators().get(1)).weights()).floats();
      float[] a = g.tensor(Layer.of(g.operators().get(1)).weights()).floats();
      float[] b = g.tensor(Layer.of(g.operators().get(2)).weights()).floats();
      int rank = a.length / 64;
      double error = 0;
      double all = 0;
      for (int o = 0; o < 64; o++) {
        for (int i = 0; i < 64; i++) {
          double v = 0;
          for (int k = 0; k < rank; k++) {
            v += (double) b[o * rank + k] * a[k * 64 + i];
          }
          error += (w[o * 64 + i] - v) * (w[o * 64 + i] - v);
          all += (double) w[o * 64 + i] * w[o * 64 + i];
        }
      }
      assertTrue(Math.sqrt(error / all) <= limit * 1.0001, "limit " + limit);
    }
  }

  @Test
  void pointwiseWithStrideAndSmallLayersAreHandled() {
    Net n = new Net(3, 1, 8, 8, 32).conv(32, 1, 2, true, Activation.RELU6);
    Graph f = n.build();
    Graph g = LowRank.apply(f, LowRankCriterion.PARAMETERS, 0.9).graph();
    assertEquals(2, g.operators().size());
    assertEquals(f.tensor(f.outputs().get(0)).shape(), g.tensor(g.outputs().get(0)).shape());
    Graph full = LowRank.apply(f, LowRankCriterion.ENERGY, 1).graph();
    assertSame(f, full, "full rank would be larger");
    assertThrows(
        IllegalArgumentException.class, () -> LowRank.apply(f, LowRankCriterion.ENERGY, 0));
  }

  @Test
  void factorisedNetworkIsQuantizedAfterwards() {
    Graph f = ofRank(8);
    CalibrationOptions o =
        CalibrationOptions.builder()
            .lowRank(LowRankCriterion.ENERGY)
            .lowRankValue(0.999999)
            .build();
    List<float[][]> inputs = Net.inputs(f, 40, 4);
    CalibrationResult r = Calibrator.run(f, inputs, o, Progress.NONE);
    assertEquals(
        1,
        r.reports().stream()
            .filter(p -> p.pass().equals(LowRank.NAME))
            .findFirst()
            .orElseThrow()
            .changes());
    List<float[][]> test = Net.inputs(f, 20, 5);
    double factorised = CalibratorTest.sqnr(f, r.graph(), test);
    double whole =
        CalibratorTest.sqnr(
            f, Calibrator.calibrate(f, inputs, CalibrationOptions.defaults(), Progress.NONE), test);
    System.out.printf("low rank, int8: factorised %.1f dB, whole %.1f dB%n", factorised, whole);
    assertTrue(factorised > whole - 6, factorised + " dB against " + whole);
  }

  @Test
  void randomisedDecompositionAgreesWithTheFullOne() {
    int rows = 150;
    int columns = 210;
    Net n = new Net(9, 1, 1, 1, 1);
    float[] a = n.gaussian(rows * 12, 1);
    float[] b = n.gaussian(12 * columns, 1);
    float[] w = n.gaussian(rows * columns, 0.05);
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        for (int k = 0; k < 12; k++) {
          w[r * columns + c] += a[r * 12 + k] * b[k * columns + c] / (1 + k);
        }
      }
    }
    TruncatedSvd full = TruncatedSvd.of(w, rows, columns, rows);
    TruncatedSvd few = TruncatedSvd.of(w, rows, columns, 12);
    assertEquals(rows, full.values().length);
    assertEquals(12, few.values().length);
    assertEquals(full.energy(12), few.energy(12), 1e-6);
    for (int k = 0; k < 12; k++) {
      assertEquals(1, few.values()[k] / full.values()[k], 1e-4, "value " + k);
      double left = 0;
      double right = 0;
      for (int r = 0; r < rows; r++) {
        left += (double) few.left()[k][r] * full.left()[k][r];
      }
      for (int c = 0; c < columns; c++) {
        right += (double) few.right()[k][c] * full.right()[k][c];
      }
      assertEquals(1, Math.abs(left), 1e-3, "left vector " + k);
      assertEquals(Math.signum(left), right, 1e-3, "right vector " + k);
    }
  }

  @Test
  void largeLayerBecomesAQuarter() {
    Net n = new Net(4, 1, 1, 1, 1024).reshape(1, 1024).fullyConnected(1024, Activation.NONE);
    PassResult r = LowRank.apply(n.build(), LowRankCriterion.PARAMETERS, 0.25);
    assertTrue(
        r.report().details().get(0).contains("1024x1024 at rank 128, 1048576 -> 262144 weights"),
        r.report().details().get(0));
  }
}
