package io.quern.calibrate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.quern.model.Activation;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Operator.Binary.Function;
import io.quern.model.Operator.Conv2d;
import org.junit.jupiter.api.Test;

class BatchNormFoldingTest {
  @Test
  void multiplyThenAddGoIntoWeightsAndBias() {
    Net n = new Net(1, 1, 4, 4, 2).conv(3, 3, 1, false, Activation.NONE);
    float[] w = n.tensors.get(1).floats();
    n.binary(Function.MUL, new float[] {2, -0.5f, 3}, Activation.NONE, 3);
    n.binary(Function.ADD, new float[] {1, 2, 3}, Activation.RELU6, 1, 1, 1, 3);
    PassResult r = BatchNormFolding.fold(n.build());
    assertEquals(1, r.graph().operators().size());
    Conv2d conv = (Conv2d) r.graph().operators().get(0);
    assertEquals(Activation.RELU6, conv.activation());
    assertArrayEquals(new float[] {1, 2, 3}, r.graph().tensor(conv.bias()).floats());
    float[] folded = r.graph().tensor(conv.weights()).floats();
    float[] factor = {2, -0.5f, 3};
    for (int i = 0; i < w.length; i++) {
      assertEquals(w[i] * factor[i / 18], folded[i]);
    }
    assertEquals(1, r.report().changes());
    assertEquals("conv_2d_0 <- mul_1, add_2", r.report().details().get(0));
  }

  @Test
  void depthwiseWithBiasAndSubtraction() {
    Net n = new Net(2, 1, 4, 4, 2).depthwise(3, 1, true, Activation.NONE);
    float[] w = n.tensors.get(1).floats();
    float[] b = n.tensors.get(2).floats();
    n.binary(Function.MUL, new float[] {4, 8}, Activation.NONE, 2);
    n.binary(Function.SUB, new float[] {0.5f, 0.25f}, Activation.NONE, 2);
    n.unary(Operator.Unary.Function.RELU);
    Graph g = BatchNormFolding.fold(n.build()).graph();
    Operator.DepthwiseConv2d d = (Operator.DepthwiseConv2d) g.operators().get(0);
    assertEquals(Activation.RELU, d.activation());
    float[] folded = g.tensor(d.weights()).floats();
    for (int i = 0; i < w.length; i++) {
      assertEquals(w[i] * (i % 2 == 0 ? 4 : 8), folded[i]);
    }
    assertArrayEquals(
        new float[] {(float) (4 * (double) b[0] - 0.5), (float) (8 * (double) b[1] - 0.25)},
        g.tensor(d.bias()).floats());
  }

  @Test
  void constantMinusLayerNegates() {
    Net n = new Net(3, 1, 1, 1, 4).reshape(1, 4).fullyConnected(2, Activation.NONE);
    int fc = n.last;
    float[] w = n.tensors.get(2).floats();
    float[] b = n.tensors.get(3).floats();
    int c = n.constant("c", new float[] {7}, 1);
    n.add(new Operator.Binary(Function.SUB, c, fc, n.activation("y", 1, 2), Activation.NONE));
    Graph g = BatchNormFolding.fold(n.build()).graph();
    Layer l = Layer.of(g.operators().get(1));
    float[] folded = g.tensor(l.weights()).floats();
    for (int i = 0; i < w.length; i++) {
      assertEquals(-w[i], folded[i]);
    }
    assertArrayEquals(
        new float[] {(float) (7.0 - b[0]), (float) (7.0 - b[1])}, g.tensor(l.bias()).floats());
  }

  @Test
  void nothingIsFoldedWhenSomethingElseReadsTheValue() {
    Net n = new Net(4, 1, 4, 4, 2).conv(2, 1, 1, true, Activation.NONE);
    int conv = n.last;
    n.binary(Function.MUL, new float[] {2, 3}, Activation.NONE, 2);
    Graph g = n.build(n.last, conv);
    PassResult r = BatchNormFolding.fold(g);
    assertSame(g, r.graph());
    assertEquals(0, r.report().changes());
  }

  @Test
  void nothingIsFoldedThroughAnActivationOrAFullTensor() {
    Net n = new Net(5, 1, 4, 4, 2).conv(2, 1, 1, true, Activation.RELU);
    n.binary(Function.MUL, new float[] {2, 3}, Activation.NONE, 2);
    Graph g = n.build();
    assertSame(g, BatchNormFolding.fold(g).graph());
    Net m = new Net(6, 1, 2, 2, 2).conv(2, 1, 1, true, Activation.NONE);
    m.binary(Function.ADD, new float[8], Activation.NONE, 1, 2, 2, 2);
    Graph h = m.build();
    assertSame(h, BatchNormFolding.fold(h).graph());
  }

  @Test
  void functionIsPreserved() {
    Net n = new Net(7, 1, 9, 7, 3).conv(8, 3, 2, false, Activation.NONE);
    n.binary(Function.MUL, n.gaussian(8, 1), Activation.NONE, 8);
    n.binary(Function.ADD, n.gaussian(8, 1), Activation.RELU, 8);
    n.depthwise(3, 1, false, Activation.NONE);
    n.binary(Function.MUL, n.gaussian(8, 1), Activation.NONE, 8);
    n.binary(Function.ADD, n.gaussian(8, 1), Activation.RELU6, 8);
    n.conv(5, 1, 1, true, Activation.NONE);
    Graph g = n.build();
    PassResult r = BatchNormFolding.fold(g);
    assertEquals(2, r.report().changes());
    assertEquals(3, r.graph().operators().size());
    for (float[][] x : Net.inputs(g, 5, 70)) {
      assertArrayEquals(Net.run(g, x), Net.run(r.graph(), x), 2e-5f);
    }
  }
}
