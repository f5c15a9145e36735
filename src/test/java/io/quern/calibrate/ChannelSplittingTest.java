package io.quern.calibrate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.model.Activation;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Shape;
import io.quern.model.Tensor;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChannelSplittingTest {
  private static final int CHANNELS = 8;

  /** A first chain of a convolution, a depthwise layer and a pointwise one, and a second chain. */
  private static Graph separable(long seed, Activation a) {
    return new Net(seed, 1, 8, 8, 3)
        .conv(CHANNELS, 3, 1, true, a)
        .depthwise(3, 1, true, a)
        .conv(12, 1, 1, true, a)
        .averagePool()
        .reshape(1, 12)
        .fullyConnected(10, Activation.NONE)
        .build();
  }

  /**
   * Channels 1 and 4 of the depthwise layer never leave 0, channel 6 is constant, channel 7 is not
   * read. The first three have large weights, as folded batch normalisation leaves them.
   */
  private static Graph withIdleChannels(Graph graph) {
    GraphEditor g = new GraphEditor(graph);
    Layer dw = Layer.of(graph.operators().get(1));
    Layer pw = Layer.of(graph.operators().get(2));
    float[] w = g.tensor(dw.weights()).floats();
    float[] b = g.tensor(dw.bias()).floats();
    for (int c : new int[] {1, 4}) {
      for (int k = 0; k < 9; k++) {
        w[k * CHANNELS + c] = -50 - k;
      }
      b[c] = -10000;
    }
    for (int k = 0; k < 9; k++) {
      w[k * CHANNELS + 6] = 0;
    }
    b[6] = 2.5f;
    float[] read = g.tensor(pw.weights()).floats();
    for (int o = 0; o < 12; o++) {
      read[o * CHANNELS + 7] = 0;
    }
    set(g, dw.weights(), w);
    set(g, dw.bias(), b);
    set(g, pw.weights(), read);
    return g.build();
  }

  private static void set(GraphEditor g, int t, float[] values) {
    Tensor old = g.tensor(t);
    g.tensors.set(t, Tensor.constant(old.name(), old.shape(), values));
  }

  private static Map<Integer, ChannelStatistics> statistics(Graph g, List<float[][]> inputs) {
    return ChannelStatistics.of(g, inputs, CalibrationOptions.defaults(), Progress.NONE, "test");
  }

  private static Range[] ranges(Graph g, List<float[][]> inputs) {
    return Calibrator.observe(g, inputs, CalibrationOptions.defaults(), Progress.NONE)
        .get(ObserverKind.MIN_MAX);
  }

  private static PassResult split(Graph g, List<float[][]> inputs, double budget) {
    return ChannelSplitting.apply(
        g,
        statistics(g, inputs),
        ranges(g, inputs),
        new OutputError(g, inputs, 1),
        budget,
        Progress.NONE);
  }

  @Test
  void chainsEndWhereSomebodyElseReads() {
    Graph g = separable(1, Activation.RELU6);
    List<Chain> chains = Chain.of(g);
    assertEquals(1, chains.size());
    assertEquals(List.of(0, 1, 2), chains.get(0).operators());
    Graph residual = BatchNormFolding.fold(CalibratorTest.residual(10)).graph();
    for (Chain c : Chain.of(residual)) {
      assertEquals(List.of(1, 2), c.operators());
    }
  }

  @Test
  void idleChannelsAreFound() {
    Graph g = withIdleChannels(separable(2, Activation.RELU6));
    List<float[][]> inputs = Net.inputs(g, 20, 3);
    boolean[] idle = Chain.of(g).get(0).idle(g, statistics(g, inputs), ranges(g, inputs));
    boolean[] expected = {false, true, false, false, true, false, true, true};
    assertArrayEquals(expected, idle);
  }

  @Test
  void silencingKeepsTheFunctionAndSavesPerTensorScales() {
    Graph g = withIdleChannels(separable(4, Activation.RELU6));
    List<float[][]> inputs = Net.inputs(g, 20, 5);
    PassResult r = ChannelSplitting.silence(g, statistics(g, inputs), ranges(g, inputs));
    assertEquals(4, r.report().changes());
    for (float[][] x : inputs) {
      assertArrayEquals(Net.run(g, x), Net.run(r.graph(), x), 1e-5f);
    }
    CalibrationOptions plain = CalibrationOptions.builder().perTensorWeights(true).build();
    CalibrationOptions silent = plain.toBuilder().silenceIdle(true).build();
    double before =
        CalibratorTest.sqnr(g, Calibrator.calibrate(g, inputs, plain, Progress.NONE), inputs);
    double after =
        CalibratorTest.sqnr(g, Calibrator.calibrate(g, inputs, silent, Progress.NONE), inputs);
    assertTrue(after > before + 10, after + " dB against " + before);
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.5})
  void splittingKeepsTheFunctionWithinAStep(double budget) {
    Graph g = withIdleChannels(separable(6, Activation.RELU6));
    List<float[][]> inputs = Net.inputs(g, 20, 7);
    PassResult r = split(g, inputs, budget);
    int channels = Layer.of(r.graph().operators().get(0)).channels(r.graph());
    assertTrue(budget == 0 ? channels == CHANNELS : channels > CHANNELS, channels + " channels");
    assertTrue(r.report().changes() >= 4);
    double largest = 0;
    double error = 0;
    int count = 0;
    for (float[][] x : inputs) {
      float[] wanted = Net.run(g, x);
      float[] got = Net.run(r.graph(), x);
      for (int i = 0; i < wanted.length; i++) {
        largest = Math.max(largest, Math.abs(wanted[i]));
        error += Math.abs(wanted[i] - got[i]);
        count++;
      }
    }
    assertTrue(error / count < largest / 256, error / count + " of " + largest);
  }

  /** Without activations that cut, and where nothing is padded, offsets come and go exactly. */
  @Test
  void splittingIsExactWithoutPaddingAndActivations() {
    Graph g =
        new Net(8, 1, 4, 4, 3)
            .conv(6, 1, 1, true, Activation.NONE)
            .depthwise(1, 1, true, Activation.NONE)
            .conv(5, 1, 1, true, Activation.NONE)
            .build();
    List<float[][]> inputs = Net.inputs(g, 10, 9);
    PassResult r = split(g, inputs, 1);
    assertTrue(r.report().changes() > 0);
    for (float[][] x : inputs) {
      assertArrayEquals(Net.run(g, x), Net.run(r.graph(), x), 1e-5f);
    }
  }

  /** Two copies half a step apart: their mean is twice as fine, so a quarter of the noise. */
  @Test
  void copiesQuarterTheNoise() {
    Graph one =
        new Net(10, 0.5, 0, 1, 16, 16, 3)
            .conv(1, 1, 1, true, Activation.NONE)
            .conv(1, 1, 1, true, Activation.NONE)
            .build();
    List<float[][]> inputs = Net.inputs(one, 20, 11);
    Map<Integer, ChannelStatistics> s = statistics(one, inputs);
    Range[] ranges = ranges(one, inputs);
    Chain chain = Chain.of(one).get(0);
    OutputError error = new OutputError(one, inputs, 1);
    Graph two = chain.rebuilt(one, s, ranges, new int[] {0, 0});
    Graph three = chain.rebuilt(one, s, ranges, new int[] {0, 0, 0});
    double single = error.noiseToSignal(chain.rounded(one, ranges));
    double pair = error.noiseToSignal(chain.rounded(two, ranges));
    double triple = error.noiseToSignal(chain.rounded(three, ranges));
    assertEquals(4, single / pair, 0.4);
    assertEquals(9, single / triple, 0.9);
    double step = Chain.step(ranges, chain.layer(one, 0).output());
    double w = one.tensor(chain.last(one).weights()).floats()[0];
    double d = s.get(1).deviation()[0];
    double modelled = ChannelSplitting.noise(chain, one, s, ranges)[0];
    assertEquals(step * step / 12 * w * w / (d * d), modelled, 1e-6 * modelled);
  }

  @Test
  void noiseOfTheChainShrinks() {
    Graph g = withIdleChannels(separable(12, Activation.RELU6));
    List<float[][]> inputs = Net.inputs(g, 40, 13);
    Range[] ranges = ranges(g, inputs);
    Chain chain = Chain.of(g).get(0);
    OutputError error = new OutputError(g, inputs, 1);
    double before = error.noiseToSignal(chain.rounded(g, ranges));
    double idle = error.noiseToSignal(chain.rounded(split(g, inputs, 0).graph(), ranges));
    double grown = error.noiseToSignal(chain.rounded(split(g, inputs, 1).graph(), ranges));
    System.out.printf(
        "split channels: %.1f dB without, %.1f in idle channels, %.1f in new ones too%n",
        MixedPrecision.decibel(before),
        MixedPrecision.decibel(idle),
        MixedPrecision.decibel(grown));
    assertTrue(idle < before / 1.5, idle + " against " + before);
    assertTrue(grown < idle / 1.5, grown + " against " + idle);
  }

  @Test
  void sameOnEveryNumberOfThreads() {
    Graph g = withIdleChannels(separable(14, Activation.RELU6));
    List<float[][]> inputs = Net.inputs(g, 10, 15);
    CalibrationOptions o = Preset.BEST.builder().splitBudget(0.3).build();
    Graph a = Calibrator.calibrate(g, inputs, o, Progress.NONE);
    Graph b = Calibrator.calibrate(g, inputs, o.toBuilder().threads(2).build(), Progress.NONE);
    for (int t = 0; t < a.tensors().size(); t++) {
      assertEquals(a.tensor(t).shape(), b.tensor(t).shape());
      if (a.tensor(t).isConstant()) {
        assertEquals(a.tensor(t).data(), b.tensor(t).data());
      }
    }
    assertFalse(a.tensors().isEmpty());
  }

  /** Layers between two chains get the new channels of both: all that must fit into the budget. */
  @ParameterizedTest
  @ValueSource(doubles = {0.05, 0.4, 1})
  void newChannelsKeepToTheBudget(double budget) {
    Graph g =
        new Net(16, 1, 8, 8, 3)
            .conv(CHANNELS, 3, 1, true, Activation.RELU)
            .depthwise(3, 1, true, Activation.RELU)
            .conv(12, 1, 1, true, Activation.RELU)
            .depthwise(3, 1, true, Activation.RELU)
            .conv(16, 1, 1, true, Activation.RELU)
            .build();
    assertEquals(2, Chain.of(g).size());
    PassResult r = split(g, Net.inputs(g, 20, 17), budget);
    double ratio = macs(r.graph()) / macs(g);
    assertTrue(ratio <= 1 + budget && ratio > 1 + 0.7 * budget, ratio + " for " + budget);
    String more = String.format(Locale.ROOT, "%.1f %% more", 100 * (ratio - 1));
    assertTrue(r.report().summary().contains(more), more + ": " + r.report().summary());
  }

  private static double macs(Graph g) {
    double sum = 0;
    for (Operator op : g.operators()) {
      Layer l = Layer.of(op);
      Shape out = g.tensor(l.output()).shape();
      sum += (double) g.tensor(l.weights()).shape().elements() * out.elements() / out.dim(-1);
    }
    return sum;
  }

  @Test
  void budgetIsAtMostTwo() {
    CalibrationOptions.Builder b = CalibrationOptions.builder();
    assertThrows(IllegalArgumentException.class, () -> b.splitBudget(-0.1));
    assertThrows(IllegalArgumentException.class, () -> b.splitBudget(2.5));
    assertThrows(IllegalArgumentException.class, () -> b.splitBudget(Double.NaN));
  }
}
