package io.quern.calibrate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.model.Activation;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Tensor;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CrossLayerEqualisationTest {
  private static Graph separable(long seed, Activation a) {
    return new Net(seed, 1, 8, 8, 3)
        .conv(12, 3, 1, true, a)
        .depthwise(3, 1, true, a)
        .conv(16, 1, 1, true, a)
        .depthwise(3, 2, true, a)
        .conv(16, 1, 1, true, a)
        .averagePool()
        .reshape(1, 16)
        .fullyConnected(10, Activation.NONE)
        .build();
  }

  /**
   * Synthetic: the same function with channels scaled apart by factors of 2^-e to 2^e between all
   * pairs of layers. Powers of two keep every float exact.
   */
  static Graph scaledApart(Graph graph, int e) {
    GraphEditor g = new GraphEditor(graph);
    for (CrossLayerEqualisation.Pair p : CrossLayerEqualisation.pairs(g, graph)) {
      Layer a = Layer.of(g.operators.get(p.first()));
      Layer b = Layer.of(g.operators.get(p.second()));
      Tensor wa = g.tensor(a.weights());
      Tensor wb = g.tensor(b.weights());
      Tensor ba = g.tensor(a.bias());
      float[] first = wa.floats();
      float[] bias = ba.floats();
      float[] second = wb.floats();
      for (int i = 0; i < first.length; i++) {
        first[i] *= factor(a.channelOf(wa.shape(), i), e);
      }
      for (int c = 0; c < bias.length; c++) {
        bias[c] *= factor(c, e);
      }
      for (int i = 0; i < second.length; i++) {
        second[i] /= factor(b.inputChannelOf(wb.shape(), i), e);
      }
      int w1 = g.add(Tensor.constant(wa.name(), wa.shape(), first));
      int b1 = g.add(Tensor.constant(ba.name(), ba.shape(), bias));
      int w2 = g.add(Tensor.constant(wb.name(), wb.shape(), second));
      g.operators.set(p.first(), a.with(a.input(), w1, b1, a.output(), a.activation()));
      g.operators.set(p.second(), b.with(b.input(), w2, b.bias(), b.output(), b.activation()));
    }
    return g.build();
  }

  private static float factor(int channel, int e) {
    return Math.scalb(1f, channel * 7 % (2 * e + 1) - e);
  }

  private static PassResult equalise(
      Graph g, boolean perTensor, boolean replaceRelu6, List<float[][]> inputs) {
    Map<Integer, ChannelStatistics> s =
        ChannelStatistics.of(g, inputs, CalibrationOptions.defaults(), Progress.NONE, "test");
    return CrossLayerEqualisation.apply(
        g, s, perTensor, replaceRelu6 ? Equalisation.REPLACE_RELU6 : Equalisation.KEEP_RELU6);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void functionIsPreservedThroughRelu(boolean perTensor) {
    Graph f = separable(1, Activation.RELU);
    List<float[][]> inputs = Net.inputs(f, 20, 2);
    PassResult r = equalise(f, perTensor, false, inputs);
    assertEquals(5, r.report().changes());
    for (float[][] x : Net.inputs(f, 10, 3)) {
      assertArrayEquals(Net.run(f, x), Net.run(r.graph(), x), 5e-5f);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void functionIsPreservedThroughRelu6OnCalibrationInputs(boolean perTensor) {
    Graph f = scaledApart(separable(4, Activation.RELU), 1);
    GraphEditor g = new GraphEditor(f);
    for (int i = 0; i < g.operators.size(); i++) {
      if (Operators.activation(g.operators.get(i)) == Activation.RELU) {
        g.operators.set(i, Operators.withActivation(g.operators.get(i), Activation.RELU6));
      }
    }
    Graph relu6 = g.build();
    List<float[][]> inputs = Net.inputs(f, 20, 5);
    PassResult r = equalise(relu6, perTensor, false, inputs);
    assertTrue(r.report().changes() > 0);
    for (float[][] x : inputs) {
      assertArrayEquals(Net.run(relu6, x), Net.run(r.graph(), x), 5e-5f);
    }
  }

  @Test
  void relu6BecomesReluOnlyWhenAskedFor() {
    Graph f = separable(6, Activation.RELU6);
    List<float[][]> inputs = Net.inputs(f, 5, 7);
    Graph kept = equalise(f, true, false, inputs).graph();
    Graph replaced = equalise(f, true, true, inputs).graph();
    for (int i = 0; i < 5; i++) {
      assertEquals(Activation.RELU6, Operators.activation(kept.operators().get(i)));
      assertEquals(Activation.RELU, Operators.activation(replaced.operators().get(i)));
    }
  }

  @Test
  void rangesOfBothLayersAreEqualAfterwards() {
    Graph f =
        new Net(8, 1, 4, 4, 3)
            .conv(6, 3, 1, true, Activation.RELU)
            .conv(5, 1, 1, true, Activation.NONE)
            .build();
    Graph g = equalise(f, true, false, Net.inputs(f, 5, 9)).graph();
    Layer a = Layer.of(g.operators().get(0));
    Layer b = Layer.of(g.operators().get(1));
    double[] first = new double[6];
    double[] second = new double[6];
    float[] wa = g.tensor(a.weights()).floats();
    float[] wb = g.tensor(b.weights()).floats();
    for (int i = 0; i < wa.length; i++) {
      first[i / 27] = Math.max(first[i / 27], Math.abs(wa[i]));
    }
    for (int i = 0; i < wb.length; i++) {
      second[i % 6] = Math.max(second[i % 6], Math.abs(wb[i]));
    }
    for (int c = 0; c < 6; c++) {
      assertEquals(first[c], second[c], 1e-5);
    }
  }

  /** What feeds a depthwise layer fills RELU6; pointwise weights are read as they were. */
  @Test
  void depthwiseOnlyFillsTheRangeAndLeavesOtherWeightsAlone() {
    Graph f = separable(20, Activation.RELU6);
    List<float[][]> inputs = Net.inputs(f, 20, 21);
    Map<Integer, ChannelStatistics> s =
        ChannelStatistics.of(f, inputs, CalibrationOptions.defaults(), Progress.NONE, "test");
    Graph g = CrossLayerEqualisation.apply(f, s, false, Equalisation.DEPTHWISE).graph();
    Map<Integer, ChannelStatistics> after =
        ChannelStatistics.of(g, inputs, CalibrationOptions.defaults(), Progress.NONE, "test");
    double largest = 0;
    for (double max : s.get(0).max()) {
      largest = Math.max(largest, Math.min(6, max));
    }
    for (int c = 0; c < 12; c++) {
      if (s.get(0).max()[c] > 0) {
        assertEquals(largest, Math.min(6, after.get(0).max()[c]), 1e-4);
      }
    }
    float[] before = f.tensor(Layer.of(f.operators().get(4)).weights()).floats();
    assertArrayEquals(before, g.tensor(Layer.of(g.operators().get(4)).weights()).floats());
    for (float[][] x : inputs) {
      assertArrayEquals(Net.run(f, x), Net.run(g, x), 5e-5f);
    }
  }

  @Test
  void branchesAreLeftAlone() {
    Graph f = CalibratorTest.residual(10);
    Graph folded = BatchNormFolding.fold(f).graph();
    GraphEditor g = new GraphEditor(folded);
    assertEquals(
        List.of(new CrossLayerEqualisation.Pair(1, 2)), CrossLayerEqualisation.pairs(g, folded));
  }

  @Test
  void nothingToDoKeepsTheGraph() {
    Graph f = new Net(11, 1, 4, 4, 3).conv(6, 3, 1, true, Activation.RELU).build();
    assertSame(f, equalise(f, true, false, Net.inputs(f, 2, 1)).graph());
  }

  @Test
  void perTensorCollapsesOnScaledApartChannelsAndEqualisationRestoresIt() {
    Graph f = separable(12, Activation.RELU);
    Graph apart = scaledApart(f, 5);
    List<float[][]> calibration = Net.inputs(f, 30, 13);
    List<float[][]> test = Net.inputs(f, 30, 14);
    for (float[][] x : test) {
      assertArrayEquals(Net.run(f, x), Net.run(apart, x), "the same function, bit for bit");
    }
    CalibrationOptions plain = CalibrationOptions.builder().perTensorWeights(true).build();
    CalibrationOptions equalised = plain.toBuilder().equalisation(Equalisation.KEEP_RELU6).build();
    double before =
        CalibratorTest.sqnr(f, Calibrator.calibrate(f, calibration, plain, Progress.NONE), test);
    double collapsed =
        CalibratorTest.sqnr(
            f, Calibrator.calibrate(apart, calibration, plain, Progress.NONE), test);
    double restored =
        CalibratorTest.sqnr(
            f, Calibrator.calibrate(apart, calibration, equalised, Progress.NONE), test);
    System.out.printf(
        "equalisation on channels scaled apart (synthetic), per tensor: %.1f dB as it was, %.1f scaled apart, %.1f restored%n",
        before, collapsed, restored);
    assertTrue(collapsed < 8, collapsed + " dB");
    assertTrue(restored > before - 3, restored + " dB against " + before);
  }

  @Test
  void pairsGoThroughPoolingAndReshapeOfOneByOne() {
    Graph f = separable(15, Activation.RELU);
    GraphEditor g = new GraphEditor(f);
    List<CrossLayerEqualisation.Pair> p = CrossLayerEqualisation.pairs(g, f);
    assertEquals(new CrossLayerEqualisation.Pair(4, 7), p.get(p.size() - 1));
    assertTrue(f.operators().get(7) instanceof Operator.FullyConnected);
  }
}
