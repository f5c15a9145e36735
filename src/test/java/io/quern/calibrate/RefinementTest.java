package io.quern.calibrate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.model.Activation;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Padding;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RefinementTest {
  private static final CalibrationOptions PER_TENSOR =
      CalibrationOptions.builder().perTensorWeights(true).build();

  @Test
  void clippedMeanAgreesWithSampling() {
    Random r = new Random(1);
    double[][] cases = {
      {0, 1, 0, 6}, {5, 2, 0, 6}, {-3, 1, 0, 1e300}, {2, 0, 0, 1}, {0.3, 0.5, -1, 1}
    };
    for (double[] c : cases) {
      double sum = 0;
      int n = 400_000;
      for (int i = 0; i < n; i++) {
        sum += Math.max(c[2], Math.min(c[3], c[0] + c[1] * r.nextGaussian()));
      }
      double hi = c[3] > 1e100 ? Double.POSITIVE_INFINITY : c[3];
      assertEquals(sum / n, BiasCorrection.clippedMean(c[0], c[1], c[2], hi), 0.01);
    }
    assertEquals(
        1.5,
        BiasCorrection.clippedMean(1.5, 2, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY),
        1e-12);
  }

  @Test
  void channelStatisticsAreTakenBeforeTheActivation() {
    Net n = new Net(2, 1, 1, 2, 1);
    int w = n.constant("w", new float[] {1, -2}, 2, 1, 1, 1);
    n.add(
        new Operator.Conv2d(
            n.last,
            w,
            -1,
            n.activation("y", 1, 1, 2, 2),
            Padding.SAME,
            1,
            1,
            1,
            1,
            Activation.RELU));
    Map<Integer, ChannelStatistics> s =
        ChannelStatistics.of(
            n.build(),
            List.of(new float[][] {{1, 3}}, new float[][] {{5, 7}}),
            CalibrationOptions.defaults(),
            Progress.NONE,
            "test");
    assertArrayEquals(new double[] {4, -8}, s.get(0).mean(), 1e-12);
    assertArrayEquals(new double[] {Math.sqrt(5), 2 * Math.sqrt(5)}, s.get(0).deviation(), 1e-12);
    assertArrayEquals(new double[] {1, -14}, s.get(0).min());
    assertArrayEquals(new double[] {7, -2}, s.get(0).max());
  }

  @Test
  void patchesTimesWeightsIsTheLayer() {
    List<Net> nets = new ArrayList<>();
    nets.add(new Net(3, 1, 7, 5, 3).conv(4, 3, 2, false, Activation.NONE));
    nets.add(new Net(4, 2, 6, 6, 4).depthwise(3, 1, false, Activation.NONE));
    nets.add(new Net(5, 1, 1, 1, 6).reshape(1, 6).fullyConnected(3, Activation.NONE));
    Net dilated = new Net(6, 1, 9, 9, 2);
    int w = dilated.constant("w", dilated.gaussian(3 * 9 * 2, 1), 3, 3, 3, 2);
    dilated.add(
        new Operator.Conv2d(
            dilated.last,
            w,
            -1,
            dilated.activation("y", 1, 5, 5, 3),
            Padding.VALID,
            1,
            1,
            2,
            2,
            Activation.NONE));
    nets.add(dilated);
    for (Net net : nets) {
      Graph g = net.build();
      float[][] x = Net.inputs(g, 1, 7).get(0);
      float[] y = Net.run(g, x);
      Layer l = Layer.of(g.operators().get(g.operators().size() - 1));
      float[] weights = g.tensor(l.weights()).floats();
      float[] bias = l.biasValues(g);
      Patches p = new Patches(g, l);
      int channels = l.channels(g);
      int inputChannels = p.length() / (l.isDepthwise() ? l.weightsPerChannel(g) : 1);
      double[] patch = new double[p.length()];
      for (int at = 0; at < p.positions(); at++) {
        p.read(x[0], at, patch);
        for (int c = 0; c < channels; c++) {
          double sum = bias[c];
          for (int i = 0; i < l.weightsPerChannel(g); i++) {
            sum +=
                l.isDepthwise()
                    ? weights[i * channels + c] * patch[i * inputChannels + c]
                    : weights[c * patch.length + i] * patch[i];
          }
          assertEquals(sum, y[at * channels + c], 1e-4);
        }
      }
    }
  }

  @Test
  void roundingFindsTheOptimumOfMostSmallProblemsAndAlwaysImproves() {
    Random r = new Random(8);
    int optimal = 0;
    int rescaled = 0;
    for (int trial = 0; trial < 200; trial++) {
      int depth = 6;
      double[][] x = new double[30][depth];
      for (double[] row : x) {
        double common = r.nextGaussian();
        for (int i = 0; i < depth; i++) {
          row[i] = common + 0.5 * r.nextGaussian();
        }
      }
      double[][] gram = new double[depth][depth];
      double[] w = new double[depth];
      int[] nearest = new int[depth];
      float scale = 0.1f;
      for (int i = 0; i < depth; i++) {
        w[i] = r.nextGaussian();
        nearest[i] = (int) Math.rint(w[i] / scale);
        for (int j = 0; j < depth; j++) {
          for (double[] row : x) {
            gram[i][j] += row[i] * row[j] / x.length;
          }
        }
      }
      double[] cross = new double[depth];
      for (int i = 0; i < depth; i++) {
        for (int j = 0; j < depth; j++) {
          cross[i] += gram[i][j] * w[j];
        }
      }
      RoundingProblem problem = new RoundingProblem(gram, 1_000_000_000);
      int[] q = problem.solve(cross, w, scale, false).q();
      double best = Double.POSITIVE_INFINITY;
      for (int mask = 0; mask < 1 << depth; mask++) {
        int[] candidate = new int[depth];
        for (int i = 0; i < depth; i++) {
          candidate[i] = (int) Math.floor(w[i] / scale) + (mask >> i & 1);
        }
        best = Math.min(best, error(gram, w, candidate, scale));
      }
      double found = error(gram, w, q, scale);
      assertTrue(found <= error(gram, w, nearest, scale) + 1e-12);
      for (int i = 0; i < depth; i++) {
        assertTrue(Math.abs(scale * q[i] - w[i]) < scale, "stays a neighbour");
      }
      optimal += found <= best + 1e-9 ? 1 : 0;
      RoundingProblem.Rounded free = problem.solve(cross, w, scale, true);
      assertTrue(free.scale() <= scale);
      assertTrue(error(gram, w, free.q(), free.scale()) <= found + 1e-9, "a scale of its choice");
      rescaled += free.scale() < scale ? 1 : 0;
    }
    assertTrue(optimal > 120, optimal + " of 200 optimal");
    assertTrue(rescaled > 100, rescaled + " of 200 with another scale");
  }

  private static double error(double[][] gram, double[] w, int[] q, double scale) {
    double sum = 0;
    for (int i = 0; i < w.length; i++) {
      for (int j = 0; j < w.length; j++) {
        sum += (w[i] - scale * q[i]) * gram[i][j] * (w[j] - scale * q[j]);
      }
    }
    return sum;
  }

  private static Graph deep(long seed) {
    Net n = new Net(seed, 1, 8, 8, 3).conv(12, 3, 1, true, Activation.RELU);
    for (int i = 0; i < 4; i++) {
      n.depthwise(3, 1, true, Activation.RELU6).conv(12, 1, 1, true, Activation.RELU6);
    }
    return n.averagePool().reshape(1, 12).fullyConnected(10, Activation.NONE).build();
  }

  /** Mean over outputs of the squared mean error over inputs. */
  private static double bias(Graph f, Graph q, List<float[][]> inputs) {
    double[] sum = null;
    for (float[][] x : inputs) {
      float[] a = Net.run(f, x);
      float[] b = CalibratorTest.runInt8(q, x);
      sum = sum == null ? new double[a.length] : sum;
      for (int i = 0; i < a.length; i++) {
        sum[i] += (b[i] - a[i]) / inputs.size();
      }
    }
    double squares = 0;
    for (double s : sum) {
      squares += s * s;
    }
    return squares / sum.length;
  }

  @Test
  void biasCorrectionRemovesTheMeanError() {
    Graph f = CrossLayerEqualisationTest.scaledApart(deep(9), 2);
    List<float[][]> calibration = Net.inputs(f, 60, 1);
    List<float[][]> test = Net.inputs(f, 60, 2);
    double plain = bias(f, Calibrator.calibrate(f, calibration, PER_TENSOR, Progress.NONE), test);
    CalibrationOptions e =
        PER_TENSOR.toBuilder().biasCorrection(BiasCorrectionMethod.EMPIRICAL).build();
    CalibrationOptions a =
        PER_TENSOR.toBuilder().biasCorrection(BiasCorrectionMethod.ANALYTIC).build();
    double empirical = bias(f, Calibrator.calibrate(f, calibration, e, Progress.NONE), test);
    double analytic = bias(f, Calibrator.calibrate(f, calibration, a, Progress.NONE), test);
    System.out.printf(
        "bias correction, mean squared bias: plain %.3g, empirical %.3g, analytic %.3g%n",
        plain, empirical, analytic);
    assertTrue(empirical < plain / 10, empirical + " against " + plain);
    assertTrue(analytic < plain / 2, analytic + " against " + plain);
  }

  @Test
  void learnedRoundingBeatsNearest() {
    Graph f = CrossLayerEqualisationTest.scaledApart(deep(10), 1);
    List<float[][]> calibration = Net.inputs(f, 60, 1);
    List<float[][]> test = Net.inputs(f, 60, 2);
    double nearest =
        CalibratorTest.sqnr(
            f, Calibrator.calibrate(f, calibration, PER_TENSOR, Progress.NONE), test);
    CalibrationOptions o = PER_TENSOR.toBuilder().learnedRounding(true).build();
    CalibrationResult r = Calibrator.run(f, calibration, o, Progress.NONE);
    double learned = CalibratorTest.sqnr(f, r.graph(), test);
    System.out.printf("learned rounding: %.1f dB, nearest %.1f dB%n", learned, nearest);
    assertTrue(learned > nearest + 1, learned + " dB against " + nearest);
    PassReport report = r.reports().get(r.reports().size() - 1);
    assertEquals(LearnedRounding.NAME, report.pass());
    assertEquals(10, report.changes());
  }

  /** A skip connection, float operators in between, and a float input and output. */
  @Test
  void valuesThatAreComputedAnewAreThoseThatAreKept() {
    Graph f = BatchNormFolding.fold(CalibratorTest.residual(4)).graph();
    List<float[][]> inputs = Net.inputs(f, 7, 3);
    CalibrationOptions o = CalibrationOptions.defaults();
    Range[] ranges =
        Calibrator.observe(f, inputs, o, Progress.NONE).get(ObserverKind.MIN_MAX).clone();
    for (Integer floatOperator : new Integer[] {null, 1, 2}) {
      List<Map<Integer, float[]>> biases = new ArrayList<>();
      for (long most : new long[] {Long.MAX_VALUE, 8 * 8 * 8 * 5 * 7, 0}) {
        Recipe r = new Recipe(f, ranges.clone());
        r.quantizeWeights(o);
        r.floatInputOutput = floatOperator != null;
        if (floatOperator != null) {
          r.floatOperators.add(floatOperator);
        }
        LayerWalk.walk(
            r,
            inputs,
            1,
            Progress.NONE,
            "test",
            (op, layer, site, recipe) -> {
              double[] shift = BiasCorrection.meanDifference(site, layer.channels(f));
              float[] bias = recipe.bias(op, layer).clone();
              for (int c = 0; c < bias.length; c++) {
                // What earlier layers got wrong is in the shift: a bias for all that they computed.
                bias[c] += (float) (10 * shift[c]);
              }
              recipe.biases.put(op, bias);
            },
            most);
        biases.add(r.biases);
      }
      assertEquals(floatOperator == null ? 4 : 3, biases.get(0).size());
      for (int op : biases.get(0).keySet()) {
        assertArrayEquals(biases.get(0).get(op), biases.get(1).get(op), 0, "operator " + op);
        assertArrayEquals(biases.get(0).get(op), biases.get(2).get(op), 0, "operator " + op);
      }
    }
  }

  @Test
  void someInputsAreEvenlySpread() {
    List<float[][]> inputs = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      inputs.add(new float[][] {{i}});
    }
    assertEquals(List.of(3f, 6f, 9f), values(Calibrator.some(inputs, 3)));
    assertEquals(10, Calibrator.some(inputs, 10).size());
    assertEquals(10, Calibrator.some(inputs, 99).size());
    Iterable<float[][]> sizeless = inputs::iterator;
    assertEquals(List.of(0f, 1f, 2f), values(Calibrator.some(sizeless, 3)));
  }

  private static List<Float> values(List<float[][]> inputs) {
    return inputs.stream().map(x -> x[0][0]).toList();
  }
}
