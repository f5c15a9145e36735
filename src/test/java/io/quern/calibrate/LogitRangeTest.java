package io.quern.calibrate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.model.Activation;
import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Shape;
import io.quern.model.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The range of logits chosen by the probabilities. */
class LogitRangeTest {
  private static final int CLASSES = 20;

  /** RESHAPE, then SOFTMAX: the inputs are the logits. */
  private static Graph classifier() {
    List<Tensor> t =
        List.of(
            Tensor.activation("in", DataType.FLOAT32, Shape.of(1, 1, CLASSES), null),
            Tensor.activation("logits", DataType.FLOAT32, Shape.of(1, CLASSES), null),
            Tensor.activation("p", DataType.FLOAT32, Shape.of(1, CLASSES), null));
    return new Graph(
        "",
        t,
        List.of(
            new Operator.Reshape(Operator.Reshape.Mode.RESHAPE, 0, 1),
            new Operator.Softmax(1, 2, 1)),
        List.of(0),
        List.of(2),
        Map.of());
  }

  /** Two likely classes near each other, all others far below. */
  private static List<float[][]> logits(int count) {
    SplittableRandom random = new SplittableRandom(5);
    List<float[][]> r = new ArrayList<>();
    for (int n = 0; n < count; n++) {
      float[] x = new float[CLASSES];
      for (int i = 0; i < CLASSES; i++) {
        x[i] = (float) random.nextDouble(-60, -20);
      }
      x[n % CLASSES] = (float) random.nextDouble(2, 4);
      x[(n + 7) % CLASSES] = (float) random.nextDouble(2, 4);
      r.add(new float[][] {x});
    }
    return r;
  }

  /** Inputs on which the largest probability is that of more than one class. */
  private static int ties(Graph q, List<float[][]> inputs) {
    int ties = 0;
    for (float[][] x : inputs) {
      float[] p = CalibratorTest.runInt8(q, x);
      Arrays.sort(p);
      ties += p[CLASSES - 1] == p[CLASSES - 2] ? 1 : 0;
    }
    return ties;
  }

  @Test
  void unlikelyClassesAreClippedAndLikelyOnesAreToldApart() {
    Graph g = classifier();
    List<float[][]> inputs = logits(100);
    CalibrationOptions plain = CalibrationOptions.defaults();
    CalibrationResult without = Calibrator.run(g, inputs, plain, Progress.NONE);
    CalibrationResult with =
        Calibrator.run(g, inputs, plain.toBuilder().fitLogits(true).build(), Progress.NONE);
    PassReport report = with.reports().get(with.reports().size() - 1);
    assertEquals("fit-logits", report.pass());
    assertEquals(1, report.changes());
    float coarse = without.graph().tensor(without.tensorOf().get(1)).quantization().scale();
    float fine = with.graph().tensor(with.tensorOf().get(1)).quantization().scale();
    assertTrue(fine < coarse / 3, fine + " against " + coarse);
    assertEquals(
        fine,
        with.graph().tensor(with.tensorOf().get(0)).quantization().scale(),
        "the reshape shares its parameters");
    int before = ties(without.graph(), inputs);
    int after = ties(with.graph(), inputs);
    assertTrue(after < before, after + " ties against " + before + ", " + report.summary());
  }

  @Test
  void networksWithoutSoftmaxAreLeftAlone() {
    Graph g = new Net(3, 1, 4, 4, 2).conv(3, 1, 1, true, Activation.RELU).build();
    List<float[][]> inputs = Net.inputs(g, 4, 1);
    CalibrationOptions o = CalibrationOptions.builder().fitLogits(true).build();
    CalibrationResult r = Calibrator.run(g, inputs, o, Progress.NONE);
    assertEquals(0, r.reports().get(r.reports().size() - 1).changes());
  }
}
