package io.quern.calibrate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.model.Activation;
import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Operator.Binary.Function;
import io.quern.model.Quantization;
import io.quern.model.Tensor;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class QuantizerTest {
  private static Range[] ranges(Graph g, float min, float max) {
    Range[] r = new Range[g.tensors().size()];
    Arrays.fill(r, new Range(min, max));
    return r;
  }

  private static Graph quantize(Graph g, Range[] r) {
    return Quantizer.quantize(g, r, CalibrationOptions.defaults());
  }

  @Test
  void weightsAreSymmetricPerChannelOnTheRightAxis() {
    Graph f =
        new Net(1, 1, 6, 6, 3)
            .conv(4, 3, 1, true, Activation.RELU)
            .depthwise(3, 1, true, Activation.RELU6)
            .build();
    Graph q = quantize(f, ranges(f, 0, 6));
    for (int i = 0; i < 2; i++) {
      Layer l = Layer.of(q.operators().get(i));
      Layer lf = Layer.of(f.operators().get(i));
      Tensor w = q.tensor(l.weights());
      assertEquals(l.isDepthwise() ? 3 : 0, w.quantization().axis());
      assertEquals(4, w.quantization().channels());
      float[] real = f.tensor(lf.weights()).floats();
      byte[] levels = w.bytesOf8();
      int[] largest = new int[4];
      for (int k = 0; k < levels.length; k++) {
        int c = l.channelOf(w.shape(), k);
        assertEquals(0, w.quantization().zeroPoint(c));
        assertTrue(levels[k] >= -127);
        largest[c] = Math.max(largest[c], Math.abs(levels[k]));
        assertEquals(
            real[k], w.quantization().scale(c) * levels[k], w.quantization().scale(c) * 0.5001);
      }
      for (int c = 0; c < 4; c++) {
        assertEquals(127, largest[c]);
      }
      Tensor b = q.tensor(l.bias());
      assertEquals(DataType.INT32, b.type());
      float in = q.tensor(l.input()).quantization().scale();
      float[] realBias = f.tensor(lf.bias()).floats();
      for (int c = 0; c < 4; c++) {
        assertEquals(in * w.quantization().scale(c), b.quantization().scale(c));
        assertEquals(
            realBias[c],
            b.ints()[c] * (double) b.quantization().scale(c),
            b.quantization().scale(c) * 0.51);
      }
    }
  }

  @Test
  void perTensorWeightsHaveOneScale() {
    Graph f = new Net(2, 1, 6, 6, 3).conv(4, 3, 1, false, Activation.RELU).build();
    Graph q =
        Quantizer.quantize(
            f, ranges(f, 0, 6), CalibrationOptions.builder().perTensorWeights(true).build());
    Layer l = Layer.of(q.operators().get(0));
    assertTrue(q.tensor(l.weights()).quantization().isPerTensor());
    assertTrue(q.tensor(l.bias()).quantization().isPerTensor());
    assertEquals(4, q.tensor(l.bias()).shape().elements());
  }

  @Test
  void fullyConnectedPerTensorOnRequest() {
    Graph f = new Net(3, 1, 1, 1, 5).reshape(1, 5).fullyConnected(3, Activation.NONE).build();
    Graph a = quantize(f, ranges(f, -1, 1));
    Graph b =
        Quantizer.quantize(
            f,
            ranges(f, -1, 1),
            CalibrationOptions.builder().perChannelFullyConnected(false).build());
    assertEquals(3, a.tensor(Layer.of(a.operators().get(1)).weights()).quantization().channels());
    assertEquals(1, b.tensor(Layer.of(b.operators().get(1)).weights()).quantization().channels());
  }

  @Test
  void fixedParametersAndSharedOnes() {
    Net n =
        new Net(4, 1, 4, 4, 3)
            .conv(4, 1, 1, true, Activation.NONE)
            .averagePool()
            .reshape(1, 4)
            .softmax();
    int softmax = n.last;
    n.reshape(4);
    Graph f = n.build();
    Range[] r = ranges(f, -1, 1);
    r[f.operators().get(0).firstOutput()] = new Range(-3, 5);
    Graph q = quantize(f, r);
    assertEquals(
        Quantization.perTensor(1 / 256f, -128),
        q.tensor(q.operators().get(3).firstOutput()).quantization());
    assertEquals(
        Quantization.perTensor(1 / 256f, -128),
        q.tensor(q.operators().get(4).firstOutput()).quantization());
    Quantization conv = q.tensor(q.operators().get(0).firstOutput()).quantization();
    assertEquals(new Range(-3, 5).toInt8(), conv);
    assertEquals(conv, q.tensor(q.operators().get(1).firstOutput()).quantization());
    assertEquals(conv, q.tensor(q.operators().get(2).firstOutput()).quantization());
    assertEquals(f.tensor(softmax).name(), q.tensor(q.operators().get(3).firstOutput()).name());
  }

  @Test
  void concatenationUnitesRangesButRequantizesFixedOnes() {
    Net n = new Net(5, 1, 1, 1, 4).reshape(1, 4);
    int x = n.last;
    n.fullyConnected(3, Activation.NONE);
    int a = n.last;
    n.last = x;
    n.fullyConnected(3, Activation.NONE);
    int b = n.last;
    n.unary(Operator.Unary.Function.LOGISTIC);
    int p = n.last;
    n.add(
        new Operator.Concatenation(List.of(a, b, p), n.activation("y", 1, 9), 1, Activation.NONE));
    Graph f = n.build();
    Range[] r = ranges(f, 0, 1);
    r[a] = new Range(-2, 1);
    r[b] = new Range(-1, 4);
    Graph q = quantize(f, r);
    Operator.Concatenation c = (Operator.Concatenation) q.operators().get(q.operators().size() - 1);
    for (int t : c.inputs()) {
      assertEquals(new Range(-2, 4).toInt8(), q.tensor(t).quantization());
    }
    assertTrue(q.operators().get(q.operators().size() - 2) instanceof Operator.Quantize);
  }

  @Test
  void elementwiseConstantsAreQuantizedByTheirOwnRange() {
    Net n = new Net(6, 1, 2, 2, 3).binary(Function.MUL, new float[] {1, 2, 4}, Activation.NONE, 3);
    Graph f = n.build();
    Graph q = quantize(f, ranges(f, -1, 1));
    Tensor c = q.tensor(q.operators().get(0).inputs().get(1));
    assertEquals(new Range(0, 4).toInt8(), c.quantization());
    assertEquals(127, c.bytesOf8()[2]);
  }

  @Test
  void floatInputAndOutputOnRequest() {
    Graph f = new Net(7, 1, 4, 4, 3).conv(4, 1, 1, true, Activation.RELU).build();
    Graph q =
        Quantizer.quantize(
            f, ranges(f, 0, 1), CalibrationOptions.builder().floatInputOutput(true).build());
    assertEquals(DataType.FLOAT32, q.tensor(q.inputs().get(0)).type());
    assertEquals(DataType.FLOAT32, q.tensor(q.outputs().get(0)).type());
    assertEquals(
        List.of("QUANTIZE", "CONV_2D", "DEQUANTIZE"),
        q.operators().stream().map(Operator::kind).toList());
    assertEquals("input", q.tensor(q.inputs().get(0)).name());
  }

  @Test
  void floatOperatorsAreWrappedOnce() {
    Graph f =
        new Net(8, 1, 4, 4, 3)
            .conv(4, 1, 1, true, Activation.RELU)
            .conv(4, 1, 1, true, Activation.RELU)
            .conv(4, 1, 1, true, Activation.RELU)
            .conv(4, 1, 1, true, Activation.RELU)
            .build();
    Recipe r = new Recipe(f, ranges(f, 0, 6));
    r.quantizeWeights(CalibrationOptions.defaults());
    r.floatOperators.addAll(List.of(1, 2));
    Quantizer.Quantized q = Quantizer.quantize(r);
    assertEquals(
        List.of("CONV_2D", "DEQUANTIZE", "CONV_2D", "CONV_2D", "QUANTIZE", "CONV_2D"),
        q.graph().operators().stream().map(Operator::kind).toList());
    assertEquals(3, q.operatorOf()[2]);
    assertEquals(
        DataType.FLOAT32,
        q.graph().tensor(q.tensorOf()[f.operators().get(1).firstOutput()]).type());
  }

  @Test
  void deadChannelTakesTheLargestScaleOfItsLayer() {
    Net n = new Net(9, 1, 2, 2, 1);
    int w = n.constant("w", new float[] {0, 2.54f, 1.27f}, 3, 1, 1, 1);
    int b = n.constant("b", new float[] {0.5f, 0, 0}, 3);
    n.add(
        new Operator.Conv2d(
            n.last,
            w,
            b,
            n.activation("y", 1, 2, 2, 3),
            io.quern.model.Padding.SAME,
            1,
            1,
            1,
            1,
            Activation.NONE));
    Graph f = n.build();
    Graph q = quantize(f, ranges(f, -1, 1));
    Quantization s = q.tensor(Layer.of(q.operators().get(0)).weights()).quantization();
    assertEquals(s.scale(1), s.scale(0));
    assertNotEquals(s.scale(1), s.scale(2));
  }

  @Test
  void hugeBiasEnlargesTheWeightScale() {
    Net n = new Net(10, 1, 2, 2, 1);
    int w = n.constant("w", new float[] {1e-9f, 1}, 2, 1, 1, 1);
    int b = n.constant("b", new float[] {1000, 1}, 2);
    n.add(
        new Operator.Conv2d(
            n.last,
            w,
            b,
            n.activation("y", 1, 2, 2, 2),
            io.quern.model.Padding.SAME,
            1,
            1,
            1,
            1,
            Activation.NONE));
    Graph f = n.build();
    Graph q = quantize(f, ranges(f, -1, 1));
    Layer l = Layer.of(q.operators().get(0));
    Tensor bias = q.tensor(l.bias());
    assertTrue(Math.abs(bias.ints()[0]) <= (1 << 30), "bias " + bias.ints()[0]);
    assertEquals(1000, bias.ints()[0] * (double) bias.quantization().scale(0), 1e-3);
    assertEquals(1 / 127f, q.tensor(l.weights()).quantization().scale(1));
  }

  @Test
  void missingRangeIsNamed() {
    Graph f = new Net(11, 1, 2, 2, 1).conv(1, 1, 1, true, Activation.NONE).build();
    Range[] r = ranges(f, 0, 1);
    r[f.operators().get(0).firstOutput()] = null;
    var e = assertThrows(IllegalArgumentException.class, () -> quantize(f, r));
    assertTrue(e.getMessage().contains("t0"), e.getMessage());
  }
}
