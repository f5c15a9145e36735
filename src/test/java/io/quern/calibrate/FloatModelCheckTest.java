package io.quern.calibrate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.quern.model.Activation;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.UnsupportedModelException;
import java.util.List;
import org.junit.jupiter.api.Test;

class FloatModelCheckTest {
  private static Graph net() {
    return new Net(1, 1, 2, 2, 1).conv(2, 1, 1, true, Activation.RELU).build();
  }

  private static String messageOf(Graph g, float[][]... inputs) {
    return assertThrows(
            IllegalArgumentException.class,
            () ->
                Calibrator.calibrate(
                    g, List.of(inputs), CalibrationOptions.defaults(), Progress.NONE))
        .getMessage();
  }

  @Test
  void nanWeightIsNamedWithItsIndex() {
    Net n = new Net(1, 1, 2, 2, 1);
    int w = n.constant("filters", new float[] {1, Float.NaN}, 2, 1, 1, 1);
    n.add(
        new Operator.Conv2d(
            n.last,
            w,
            -1,
            n.activation("y", 1, 2, 2, 2),
            io.quern.model.Padding.SAME,
            1,
            1,
            1,
            1,
            Activation.NONE));
    assertEquals(
        "weights filters (tensor 1): element 1 is NaN",
        messageOf(n.build(), new float[][] {new float[4]}));
  }

  @Test
  void emptyCalibrationSet() {
    assertEquals("the calibration set is empty", messageOf(net()));
  }

  @Test
  void inputOfAnotherLength() {
    assertEquals(
        "calibration input 0 has 3 values for input 1x2x2x1, which takes 4",
        messageOf(net(), new float[][] {new float[3]}));
    assertEquals(
        "calibration input 0 has 0 tensors, the model takes 1", messageOf(net(), new float[][] {}));
  }

  @Test
  void infiniteInput() {
    assertEquals(
        "calibration input 0 for input: element 2 is Infinity",
        messageOf(net(), new float[][] {{0, 0, Float.POSITIVE_INFINITY, 0}}));
  }

  @Test
  void activationThatOverflowsIsNamed() {
    Net n = new Net(1, 1, 1, 1, 1);
    int w = n.constant("w", new float[] {1e30f}, 1, 1, 1, 1);
    n.add(
        new Operator.Conv2d(
            n.last,
            w,
            -1,
            n.activation("y", 1, 1, 1, 1),
            io.quern.model.Padding.SAME,
            1,
            1,
            1,
            1,
            Activation.NONE));
    assertEquals(
        "activation y on calibration input 1: element 0 is 3.4028235E38",
        messageOf(n.build(), new float[][] {{1}}, new float[][] {{1e30f}}));
  }

  @Test
  void quantizedModelIsRefused() {
    Graph f = net();
    Range[] r = new Range[f.tensors().size()];
    java.util.Arrays.fill(r, new Range(0, 1));
    Graph q = Quantizer.quantize(f, r, CalibrationOptions.defaults());
    assertThrows(
        UnsupportedModelException.class,
        () -> Calibrator.calibrate(q, List.of(), CalibrationOptions.defaults(), Progress.NONE));
  }
}
