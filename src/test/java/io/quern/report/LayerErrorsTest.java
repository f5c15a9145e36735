package io.quern.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.calibrate.CalibrationOptions;
import io.quern.calibrate.CalibrationResult;
import io.quern.calibrate.Calibrator;
import io.quern.calibrate.Progress;
import io.quern.model.Activation;
import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Quantization;
import io.quern.model.Shape;
import io.quern.model.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class LayerErrorsTest {
  private static final int CLASSES = 8;
  private static final double TOLERANCE = 1e-9;

  /** Three fully connected layers; the second one's output is added to the first one's. */
  private static Graph network() {
    SplittableRandom random = new SplittableRandom(11);
    List<Tensor> t = new ArrayList<>();
    t.add(Tensor.activation("in", DataType.FLOAT32, Shape.of(1, CLASSES), null));
    for (int layer = 1; layer <= 3; layer++) {
      float[] w = new float[CLASSES * CLASSES];
      for (int i = 0; i < w.length; i++) {
        w[i] = (float) random.nextDouble(-0.5, 0.5);
      }
      t.add(Tensor.constant("w" + layer, Shape.of(CLASSES, CLASSES), w));
      t.add(Tensor.activation("fc" + layer, DataType.FLOAT32, Shape.of(1, CLASSES), null));
    }
    t.add(Tensor.activation("sum", DataType.FLOAT32, Shape.of(1, CLASSES), null));
    return new Graph(
        "",
        t,
        List.of(
            dense(0, 1, 2),
            dense(2, 3, 4),
            new Operator.Binary(Operator.Binary.Function.ADD, 2, 4, 7, Activation.NONE),
            dense(7, 5, 6)),
        List.of(0),
        List.of(6),
        Map.of());
  }

  private static Operator dense(int input, int weights, int output) {
    return new Operator.FullyConnected(
        input, weights, Operator.NO_TENSOR, output, false, Activation.NONE);
  }

  private static List<float[][]> inputs(int count) {
    SplittableRandom random = new SplittableRandom(12);
    List<float[][]> r = new ArrayList<>();
    for (int n = 0; n < count; n++) {
      float[] x = new float[CLASSES];
      for (int i = 0; i < x.length; i++) {
        x[i] = (float) random.nextDouble(-1, 1);
      }
      r.add(new float[][] {x});
    }
    return r;
  }

  private static Candidate calibrated() {
    CalibrationResult r =
        Calibrator.run(network(), inputs(50), CalibrationOptions.builder().build(), Progress.NONE);
    return new Candidate("int8", r.graph(), 0, r.floatGraph(), r.tensorOf());
  }

  @Test
  void errorsAreThoseOfRounding() {
    List<LayerError> errors;
    try (LayerErrors e = new LayerErrors(calibrated())) {
      inputs(50).forEach(e::add);
      errors = e.errors();
    }
    assertEquals(4, errors.size());
    for (LayerError e : errors) {
      assertTrue(e.local().sqnrDb() > 25, e.toString());
      assertTrue(e.local().maxInScales() >= e.local().rmseInScales(), e.toString());
      assertEquals(0, e.saturated());
      assertEquals(50 * CLASSES, e.histogram().total());
      assertTrue(e.histogram().low() <= e.histogram().rangeLow(), e.toString());
      boolean dense = network().operators().get(e.operator()) instanceof Operator.FullyConnected;
      assertEquals(dense, e.weights() != null);
      if (dense) {
        assertEquals(LayerError.IDEAL_RMSE, e.weights().rmseInScales(), 0.06);
        assertTrue(e.weights().maxInScales() <= 0.5001, e.toString());
      }
    }
    LayerError.Figures first = errors.get(0).accumulated();
    assertEquals(errors.get(0).local(), first);
    assertTrue(errors.get(3).accumulated().rmseInScales() >= errors.get(3).local().rmseInScales());
  }

  @Test
  void sensitivityOfEachLayerIsBetweenNoneAndAll() {
    Candidate c = calibrated();
    List<Sensitivity> measured;
    try (Sensitivities s = new Sensitivities(c, CLASSES)) {
      inputs(50).forEach(s::add);
      measured = s.results();
    }
    double all;
    try (LayerErrors e = new LayerErrors(c)) {
      inputs(50).forEach(e::add);
      all = e.errors().get(3).accumulated().sqnrDb();
    }
    assertEquals(4, measured.size());
    for (Sensitivity s : measured) {
      assertTrue(s.on().sqnrDb() > all, s + ", all on: " + all);
      assertTrue(s.off().sqnrDb() > all - 1, s + ", all on: " + all);
      assertTrue(s.on().agreement().value() > 0.8, s.toString());
      assertTrue(Double.isNaN(s.on().divergence().value()), s.toString());
    }
  }

  /** With the last layer alone on, the output is the int8 layer's on the float network's values. */
  @Test
  void lastLayerOnIsItsLocalError() {
    Candidate c = calibrated();
    try (Sensitivities s = new Sensitivities(c, CLASSES);
        LayerErrors e = new LayerErrors(c)) {
      for (float[][] x : inputs(20)) {
        s.add(x);
        e.add(x);
      }
      assertEquals(e.errors().get(3).local().sqnrDb(), s.results().get(3).on().sqnrDb(), TOLERANCE);
    }
  }

  @Test
  void weightsAreComparedInStepsOfTheirChannel() {
    Graph f = one(Tensor.constant("w", Shape.of(2, 2), new float[] {0.9f, 2, 10, -22}));
    Quantization p = Quantization.perChannel(new float[] {1, 10}, new int[] {0, 0}, 0);
    Graph q = one(Tensor.constant("w", Shape.of(2, 2), p, new byte[] {1, 2, 1, -2}));
    LayerError.Figures e = WeightError.of(f, f.operators().get(0), q, f.operators().get(0));
    // Errors 0.1 and 0 steps of 1, 0 and 0.2 steps of 10.
    assertEquals(0.2, e.maxInScales(), 1e-6);
    assertEquals(0.3 / 4, e.meanInScales(), 1e-6);
    assertEquals(Math.sqrt(0.05 / 4), e.rmseInScales(), 1e-6);
    double signal = 0.81 + 4 + 100 + 484;
    assertEquals(10 * Math.log10(signal / 4.01), e.sqnrDb(), 1e-5);
    Graph other = one(Tensor.constant("w", Shape.of(2, 1), new float[] {1, 2}));
    assertNull(WeightError.of(f, f.operators().get(0), other, f.operators().get(0)));
  }

  private static Graph one(Tensor weights) {
    int depth = weights.shape().dim(1);
    boolean isFloat = weights.type() == DataType.FLOAT32;
    DataType type = isFloat ? DataType.FLOAT32 : DataType.INT8;
    Quantization p = isFloat ? null : Quantization.perTensor(0.1f, 0);
    return new Graph(
        "",
        List.of(
            Tensor.activation("in", type, Shape.of(1, depth), p),
            weights,
            Tensor.activation("out", type, Shape.of(1, 2), p)),
        List.of(dense(0, 1, 2)),
        List.of(0),
        List.of(2),
        Map.of());
  }
}
