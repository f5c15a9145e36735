package io.quern.calibrate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.model.Activation;
import io.quern.model.Graph;
import io.quern.model.Operator;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Passes that choose by the error at the outputs, and absorption of biases. */
class ChoiceTest {
  /** Inputs one value in 500 of which is 30 times as large. */
  private static List<float[][]> withOutliers(Graph f, int count, long seed) {
    List<float[][]> r = Net.inputs(f, count, seed);
    for (float[][] x : r) {
      for (int i = (int) (seed % 7); i < x[0].length; i += 500) {
        x[0][i] *= 30;
      }
    }
    return r;
  }

  @Test
  void autoIsNoWorseThanAnySingleObserverItTried() {
    Graph f = CalibratorTest.residual(21);
    List<float[][]> calibration = withOutliers(f, 32, 1);
    CalibrationOptions o = CalibrationOptions.builder().percentile(99.9).build();
    OutputError error = new OutputError(BatchNormFolding.fold(f).graph(), calibration, 1);
    Map<ObserverKind, Range[]> proposals =
        Calibrator.observe(
            BatchNormFolding.fold(f).graph(),
            calibration,
            o.toBuilder().observer(ObserverKind.AUTO).build(),
            Progress.NONE);
    Recipe minMax =
        new Recipe(BatchNormFolding.fold(f).graph(), proposals.get(ObserverKind.MIN_MAX).clone());
    minMax.quantizeWeights(o);
    double before = error.of(minMax).noiseToSignal();
    PassReport r = AutoRanges.apply(minMax, proposals, error, Progress.NONE);
    double after = error.of(minMax).noiseToSignal();
    assertTrue(after < before, r.summary());
    assertTrue(r.changes() > 0, r.summary());
    Graph q =
        Calibrator.calibrate(
            f, calibration, o.toBuilder().observer(ObserverKind.AUTO).build(), Progress.NONE);
    assertEquals(
        minMax.ranges[minMax.graph.operators().get(0).firstOutput()].toInt8(),
        q.tensor(q.operators().get(0).firstOutput()).quantization());
  }

  @Test
  void mixedPrecisionReturnsTheWorstLayersToFloat() {
    Graph f =
        CrossLayerEqualisationTest.scaledApart(
            new Net(22, 1, 8, 8, 3)
                .conv(12, 3, 1, true, Activation.RELU)
                .conv(12, 3, 1, true, Activation.RELU)
                .averagePool()
                .reshape(1, 12)
                .fullyConnected(10, Activation.NONE)
                .build(),
            4);
    List<float[][]> calibration = Net.inputs(f, 20, 1);
    List<float[][]> test = Net.inputs(f, 20, 2);
    CalibrationOptions o = CalibrationOptions.builder().perTensorWeights(true).build();
    double none =
        CalibratorTest.sqnr(f, Calibrator.calibrate(f, calibration, o, Progress.NONE), test);
    CalibrationResult r =
        Calibrator.run(f, calibration, o.toBuilder().floatLayers(1).build(), Progress.NONE);
    double one = CalibratorTest.sqnr(f, r.graph(), test);
    assertTrue(one > none, one + " dB against " + none);
    assertEquals(
        1, r.graph().operators().stream().filter(op -> op instanceof Operator.Dequantize).count());
    assertEquals(1, r.reports().get(r.reports().size() - 1).changes());
  }

  @Test
  void absorptionKeepsTheFunctionAndNarrowsTheRange() {
    Net n = new Net(23, 1, 6, 6, 3);
    int w = n.constant("w", n.gaussian(4 * 3, 0.1), 4, 1, 1, 3);
    int b = n.constant("b", new float[] {5, 8, 0, -1}, 4);
    n.add(
        new Operator.Conv2d(
            n.last,
            w,
            b,
            n.activation("high", 1, 6, 6, 4),
            io.quern.model.Padding.SAME,
            1,
            1,
            1,
            1,
            Activation.RELU));
    Graph f = n.conv(5, 1, 1, true, Activation.NONE).build();
    List<float[][]> inputs = Net.inputs(f, 30, 1);
    Map<Integer, ChannelStatistics> s =
        ChannelStatistics.of(f, inputs, CalibrationOptions.defaults(), Progress.NONE, "test");
    PassResult r = HighBiasAbsorption.apply(f, s);
    assertEquals(1, r.report().changes());
    float[] bias = r.graph().tensor(Layer.of(r.graph().operators().get(0)).bias()).floats();
    assertTrue(
        bias[0] < 1.5 && bias[1] < 1.5 && bias[2] == 0 && bias[3] == -1,
        java.util.Arrays.toString(bias));
    int close = 0;
    int all = 0;
    for (float[][] x : inputs) {
      float[] a = Net.run(f, x);
      float[] c = Net.run(r.graph(), x);
      for (int i = 0; i < a.length; i++) {
        close += Math.abs(a[i] - c[i]) < 1e-4 ? 1 : 0;
        all++;
      }
    }
    assertTrue(close > 0.99 * all, close + " of " + all);
  }

  @Test
  void absorptionLeavesPaddedLayersAlone() {
    Net n = new Net(24, 1, 6, 6, 3);
    int w = n.constant("w", n.gaussian(4 * 3, 0.1), 4, 1, 1, 3);
    int b = n.constant("b", new float[] {5, 8, 0, -1}, 4);
    n.add(
        new Operator.Conv2d(
            n.last,
            w,
            b,
            n.activation("high", 1, 6, 6, 4),
            io.quern.model.Padding.SAME,
            1,
            1,
            1,
            1,
            Activation.RELU));
    Graph f = n.depthwise(3, 1, true, Activation.NONE).build();
    Map<Integer, ChannelStatistics> s =
        ChannelStatistics.of(
            f, Net.inputs(f, 5, 1), CalibrationOptions.defaults(), Progress.NONE, "test");
    assertEquals(0, HighBiasAbsorption.apply(f, s).report().changes());
  }

  @Test
  void everythingAtOnceStillCalibrates() {
    Graph f = CalibratorTest.residual(25);
    List<float[][]> calibration = Net.inputs(f, 24, 1);
    CalibrationOptions o =
        CalibrationOptions.builder()
            .observer(ObserverKind.AUTO)
            .weightScale(WeightScale.MSE)
            .equalisation(Equalisation.KEEP_RELU6)
            .absorbHighBias(true)
            .learnedRounding(true)
            .biasCorrection(BiasCorrectionMethod.EMPIRICAL)
            .floatLayers(1)
            .floatInputOutput(true)
            .build();
    CalibrationResult r = Calibrator.run(f, calibration, o, Progress.NONE);
    assertEquals(
        List.of(
            BatchNormFolding.NAME,
            CrossLayerEqualisation.NAME,
            HighBiasAbsorption.NAME,
            AutoRanges.NAME,
            LearnedRounding.NAME,
            BiasCorrection.NAME,
            MixedPrecision.NAME),
        r.reports().stream().map(PassReport::pass).toList());
    float[] wanted = Net.run(f, calibration.get(0));
    double signal = 0;
    double noise = 0;
    try (var s =
        io.quern.runtime.Planner.plan(r.graph(), io.quern.runtime.PlanOptions.defaults())
            .newSession()) {
      float[] got = new float[wanted.length];
      s.run(calibration.get(0)[0], got);
      for (int i = 0; i < got.length; i++) {
        signal += wanted[i] * wanted[i];
        noise += (wanted[i] - got[i]) * (wanted[i] - got[i]);
      }
      assertTrue(noise < signal / 1000, noise + " of " + signal);
    }
  }
}
