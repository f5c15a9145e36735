package io.quern.calibrate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.model.Activation;
import io.quern.model.Graph;
import io.quern.model.Operator.Binary.Function;
import io.quern.model.Quantization;
import io.quern.runtime.PlanOptions;
import io.quern.runtime.Planner;
import io.quern.runtime.Session;
import io.quern.testing.Graphs;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CalibratorTest {
  /** A small network with batch normalisation, a residual connection, pooling and a classifier. */
  static Graph residual(long seed) {
    Net n = new Net(seed, 1, 8, 8, 3).conv(8, 3, 1, false, Activation.NONE);
    n.binary(Function.MUL, n.gaussian(8, 1), Activation.NONE, 8);
    n.binary(Function.ADD, n.gaussian(8, 0.3), Activation.RELU6, 8);
    int skip = n.last;
    n.depthwise(3, 1, true, Activation.RELU).conv(8, 1, 1, true, Activation.NONE);
    n.add(
        new io.quern.model.Operator.Binary(
            Function.ADD, skip, n.last, n.activation("sum", 1, 8, 8, 8), Activation.RELU));
    return n.averagePool().reshape(1, 8).fullyConnected(10, Activation.NONE).build();
  }

  /** Signal to quantization noise ratio in dB of the first output over inputs. */
  static double sqnr(Graph f, Graph q, List<float[][]> inputs) {
    double signal = 0;
    double noise = 0;
    try (Session s = Planner.plan(q, PlanOptions.defaults().withTier("reference")).newSession()) {
      for (float[][] x : inputs) {
        float[] wanted = Net.run(f, x);
        float[] got = runInt8(q, s, x);
        for (int i = 0; i < got.length; i++) {
          signal += (double) wanted[i] * wanted[i];
          noise += ((double) wanted[i] - got[i]) * ((double) wanted[i] - got[i]);
        }
      }
    }
    return 10 * Math.log10(signal / noise);
  }

  private static float[] runInt8(Graph q, Session s, float[][] x) {
    for (int i = 0; i < x.length; i++) {
      Quantization in = q.tensor(q.inputs().get(i)).quantization();
      byte[] b = new byte[x[i].length];
      for (int k = 0; k < b.length; k++) {
        b[k] =
            (byte) Math.max(-128, Math.min(127, Math.rint(x[i][k] / in.scale()) + in.zeroPoint()));
      }
      s.setInput(i, b);
    }
    s.invoke();
    int t = q.outputs().get(0);
    byte[] b = new byte[q.tensor(t).shape().elements()];
    s.getOutput(0, b);
    Quantization out = q.tensor(t).quantization();
    float[] r = new float[b.length];
    for (int k = 0; k < r.length; k++) {
      r[k] = out.scale() * (b[k] - out.zeroPoint());
    }
    return r;
  }

  @ParameterizedTest
  @EnumSource(value = ObserverKind.class, names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
  void int8FollowsFloat(ObserverKind kind) {
    Graph f = residual(1);
    List<float[][]> calibration = Net.inputs(f, 50, 10);
    Graph q =
        Calibrator.calibrate(
            f,
            calibration,
            CalibrationOptions.builder().observer(kind).percentile(99.99).build(),
            Progress.NONE);
    double db = sqnr(f, q, Net.inputs(f, 50, 11));
    assertTrue(db > 24, kind + ": " + db + " dB");
  }

  @Test
  void sameInputsGiveTheSameGraph() {
    Graph f = residual(2);
    CalibrationOptions o = CalibrationOptions.defaults();
    Graph a = Calibrator.calibrate(f, Net.inputs(f, 5, 1), o, Progress.NONE);
    Graph b =
        Calibrator.calibrate(
            f, Net.inputs(f, 5, 1), o.toBuilder().threads(3).build(), Progress.NONE);
    Graphs.assertSame(a, b, "threads 1 and 3");
  }

  @Test
  void progressCountsInputs() {
    Graph f = residual(3);
    List<String> calls = new ArrayList<>();
    Calibrator.calibrate(
        f,
        Net.inputs(f, 3, 1),
        CalibrationOptions.defaults(),
        (stage, done, total) -> calls.add(stage + " " + done + "/" + total));
    assertEquals(List.of("observe 0/3", "observe 1/3", "observe 2/3", "observe 3/3"), calls);
  }

  @Test
  void resultMapsTensorsByWhatTheyStandFor() {
    Graph f = residual(4);
    CalibrationResult r =
        Calibrator.run(f, Net.inputs(f, 3, 1), CalibrationOptions.defaults(), Progress.NONE);
    assertEquals(BatchNormFolding.NAME, r.reports().get(0).pass());
    assertEquals(1, r.reports().get(0).changes());
    for (int t = 0; t < r.floatGraph().tensors().size(); t++) {
      if (!r.floatGraph().tensor(t).isConstant()) {
        assertEquals(r.floatGraph().tensor(t).name(), r.graph().tensor(r.tensorOf().get(t)).name());
        assertEquals(
            r.floatGraph().tensor(t).shape(), r.graph().tensor(r.tensorOf().get(t)).shape());
      }
    }
  }
}
