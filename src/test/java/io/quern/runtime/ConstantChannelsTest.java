package io.quern.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.calibrate.CalibrationOptions;
import io.quern.calibrate.Calibrator;
import io.quern.calibrate.Net;
import io.quern.calibrate.Progress;
import io.quern.model.Activation;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Networks with channels that no input can change, against the same ones computed in full. */
class ConstantChannelsTest {
  private static final PlanOptions FULL =
      PlanOptions.defaults().withTier("reference").withFuse(false);

  private static Net chain(long seed) {
    return new Net(seed, Math.sqrt(2), 0.1, 1, 11, 9, 3)
        .conv(24, 3, 2, true, Activation.RELU6)
        .depthwise(3, 1, true, Activation.RELU6)
        .conv(40, 1, 1, true, Activation.RELU)
        .pad(1)
        .depthwise(3, 2, true, Activation.RELU6)
        .conv(32, 1, 1, true, Activation.NONE)
        .conv(24, 3, 1, true, Activation.RELU6)
        .averagePool()
        .fullyConnected(10, Activation.NONE);
  }

  private static Net residual(long seed) {
    Net net =
        new Net(seed, Math.sqrt(2), 0.1, 1, 8, 8, 3)
            .conv(16, 3, 1, true, Activation.RELU6)
            .depthwise(3, 1, true, Activation.RELU6)
            .conv(16, 1, 1, true, Activation.NONE);
    int branch = net.last();
    return net.conv(32, 1, 1, true, Activation.RELU6)
        .conv(16, 1, 1, true, Activation.NONE)
        .addTensor(branch)
        .averagePool()
        .fullyConnected(10, Activation.NONE);
  }

  private static Graph int8(Net net) {
    Graph graph = net.build();
    Random random = new Random(3);
    List<float[][]> inputs = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      float[] x = new float[graph.tensor(graph.inputs().get(0)).shape().elements()];
      for (int j = 0; j < x.length; j++) {
        x[j] = (float) random.nextGaussian();
      }
      inputs.add(new float[][] {x});
    }
    return Calibrator.calibrate(graph, inputs, CalibrationOptions.defaults(), Progress.NONE);
  }

  /** Makes some channels of convolutions constant, each in one of three ways. */
  private static Graph withConstants(Graph g, Random random, double share) {
    List<Tensor> tensors = new ArrayList<>(g.tensors());
    for (Operator op : g.operators()) {
      boolean depthwise = op instanceof Operator.DepthwiseConv2d;
      if (!depthwise && !(op instanceof Operator.Conv2d)) {
        continue;
      }
      int weights = op.inputs().get(1);
      int bias = op.inputs().get(2);
      byte[] w = g.tensor(weights).bytesOf8();
      int[] b = g.tensor(bias).ints();
      for (int c = 0; c < b.length; c++) {
        if (random.nextDouble() >= share) {
          continue;
        }
        int way = random.nextInt(3);
        if (way < 2) {
          b[c] = way == 0 ? -(1 << 28) : 1 << 28;
          continue;
        }
        b[c] = random.nextInt(20_001) - 10_000;
        for (int i = 0; i < w.length / b.length; i++) {
          w[depthwise ? i * b.length + c : c * (w.length / b.length) + i] = 0;
        }
      }
      Tensor wt = g.tensor(weights);
      tensors.set(weights, Tensor.constant(wt.name(), wt.shape(), wt.quantization(), w));
      Tensor bt = g.tensor(bias);
      tensors.set(bias, Tensor.constant(bt.name(), bt.shape(), bt.quantization(), b));
    }
    return new Graph(g.name(), tensors, g.operators(), g.inputs(), g.outputs(), g.metadata());
  }

  private static byte[][] outputs(Graph g, PlanOptions options) {
    try (Session s = Planner.plan(g, options).newSession()) {
      Random random = new Random(9);
      byte[][] r = new byte[8][g.tensor(g.outputs().get(0)).shape().elements()];
      byte[] x = new byte[g.tensor(g.inputs().get(0)).shape().elements()];
      for (byte[] y : r) {
        random.nextBytes(x);
        s.run(x, y);
      }
      return r;
    }
  }

  private static void assertSameOutputs(Graph g) {
    byte[][] expected = outputs(g, FULL);
    assertArrayEquals(expected, outputs(ConstantChannels.without(g, false), FULL), "left out");
    assertArrayEquals(expected, outputs(ConstantChannels.without(g, true), FULL), "cleared");
    for (String tier : Tiers.available()) {
      for (boolean keep : new boolean[] {false, true}) {
        PlanOptions options = PlanOptions.defaults().withTier(tier).withKeepIntermediates(keep);
        assertArrayEquals(expected, outputs(g, options), tier + (keep ? ", tensors kept" : ""));
      }
    }
  }

  @Test
  void chainsLoseChannelsAndKeepTheirOutputs() {
    for (int seed = 0; seed < 12; seed++) {
      Graph g = withConstants(int8(chain(seed)), new Random(seed), 0.2 + 0.05 * seed);
      assertSameOutputs(g);
      Graph less = ConstantChannels.without(g, false);
      assertTrue(Costs.macs(less) < Costs.macs(g), "nothing left out with seed " + seed);
      assertEquals(g.tensors().size(), less.tensors().size());
    }
  }

  @Test
  void residualNetworksKeepTheirOutputs() {
    for (int seed = 0; seed < 8; seed++) {
      Graph g = withConstants(int8(residual(seed)), new Random(seed), 0.6);
      assertSameOutputs(g);
      Graph less = ConstantChannels.without(g, false);
      for (int i = 0; i < g.operators().size(); i++) {
        if (g.operators().get(i) instanceof Operator.Binary add) {
          for (int t : add.inputs()) {
            assertEquals(g.tensor(t).shape(), less.tensor(t).shape());
          }
        }
      }
    }
  }

  @Test
  void allButAFewChannelsConstant() {
    Graph g = withConstants(int8(chain(1)), new Random(1), 0.97);
    assertSameOutputs(g);
    Graph less = ConstantChannels.without(g, false);
    assertTrue(2 * Costs.macs(less) < Costs.macs(g), Costs.macs(less) + " of " + Costs.macs(g));
  }

  @Test
  void shapesStayWhereTensorsAreKept() {
    Graph g = withConstants(int8(chain(2)), new Random(2), 0.5);
    Graph kept = ConstantChannels.without(g, true);
    for (int t = 0; t < g.tensors().size(); t++) {
      assertEquals(g.tensor(t).shape(), kept.tensor(t).shape());
    }
  }

  @Test
  void networksWithoutConstantChannelsAreUntouched() {
    Graph g = int8(chain(5));
    assertSame(g, ConstantChannels.without(g, false));
    Graph f = chain(5).build();
    assertSame(f, ConstantChannels.without(f, false));
  }
}
