package io.quern.oracle;

import io.quern.model.Activation;
import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Padding;
import io.quern.model.Quantization;
import io.quern.model.Shape;
import io.quern.model.Tensor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Small networks in the form of the classic quantized MobileNet V1 and V2 files: unsigned
 * activations, unsigned weights with a zero point per tensor, random weights.
 */
final class LegacyNetworks {
  private final SplittableRandom random;
  private final List<Tensor> tensors = new ArrayList<>();
  private final List<Operator> operators = new ArrayList<>();

  private LegacyNetworks(long seed) {
    random = new SplittableRandom(seed);
  }

  /** Convolution, pairs of depthwise and pointwise with RELU6, mean, classifier, softmax. */
  static Graph mobileNetV1(long seed) {
    LegacyNetworks n = new LegacyNetworks(seed);
    int x = n.input(33);
    x = n.conv(x, 8, 3, 2, Activation.RELU6);
    x = n.conv(n.depthwise(x, 1), 16, 1, 1, Activation.RELU6);
    x = n.conv(n.depthwise(x, 2), 24, 1, 1, Activation.RELU6);
    x = n.conv(n.depthwise(x, 1), 24, 1, 1, Activation.RELU6);
    x = n.conv(n.depthwise(x, 2), 33, 1, 1, Activation.RELU6);
    x = n.conv(n.averagePool(x), 17, 1, 1, Activation.NONE);
    return n.classified(x, 17, seed);
  }

  /** Inverted residuals: expansion, depthwise, linear projection, addition. */
  static Graph mobileNetV2(long seed) {
    LegacyNetworks n = new LegacyNetworks(seed);
    int x = n.input(32);
    x = n.conv(x, 8, 3, 2, Activation.RELU6);
    for (int block = 0; block < 3; block++) {
      int wide = n.conv(x, 24, 1, 1, Activation.RELU6);
      int projected = n.conv(n.depthwise(wide, 1), 8, 1, 1, Activation.NONE);
      x = n.add(x, projected);
    }
    x = n.conv(n.depthwise(x, 2), 40, 1, 1, Activation.RELU6);
    x = n.conv(n.averagePool(x), 11, 1, 1, Activation.NONE);
    return n.classified(x, 11, seed);
  }

  private Graph classified(int logits, int classes, long seed) {
    int flat = activation(tensors.get(logits).quantization(), 1, classes);
    operators.add(new Operator.Reshape(Operator.Reshape.Mode.RESHAPE, logits, flat));
    int y = activation(Quantization.perTensor(1f / 256, 0), 1, classes);
    operators.add(new Operator.Softmax(flat, y, 1));
    return new Graph("legacy " + seed, tensors, operators, List.of(0), List.of(y), Map.of());
  }

  private int input(int size) {
    return activation(Quantization.perTensor(1f / 128, 128), 1, size, size, 3);
  }

  private int activation(Quantization q, int... shape) {
    tensors.add(Tensor.activation("t" + tensors.size(), DataType.UINT8, Shape.of(shape), q));
    return tensors.size() - 1;
  }

  private int weights(int... shape) {
    byte[] w = new byte[Shape.of(shape).elements()];
    int zeroPoint = random.nextInt(90, 170);
    for (int i = 0; i < w.length; i++) {
      int sum = random.nextInt(60) + random.nextInt(60) + random.nextInt(60) - 90;
      w[i] = (byte) Math.max(0, Math.min(255, zeroPoint + sum));
    }
    Quantization q = Quantization.perTensor((float) random.nextDouble(0.002, 0.02), zeroPoint);
    tensors.add(
        Tensor.constant(
            "t" + tensors.size(), DataType.UINT8, Shape.of(shape), q, ByteBuffer.wrap(w)));
    return tensors.size() - 1;
  }

  private int bias(int input, int weights, int channels) {
    int[] b = new int[channels];
    for (int c = 0; c < channels; c++) {
      b[c] = random.nextInt(-4000, 4000);
    }
    float scale =
        tensors.get(input).quantization().scale() * tensors.get(weights).quantization().scale();
    tensors.add(
        Tensor.constant(
            "t" + tensors.size(), Shape.of(channels), Quantization.perTensor(scale, 0), b));
    return tensors.size() - 1;
  }

  /** Parameters such that about two standard deviations of a sum of products fit. */
  private Quantization output(int input, int weights, int depth, Activation activation) {
    double step =
        (double) tensors.get(input).quantization().scale()
            * tensors.get(weights).quantization().scale();
    double deviation = step * 70 * 30 * Math.sqrt(depth);
    int zeroPoint = activation == Activation.NONE ? random.nextInt(100, 156) : 0;
    double scale = activation == Activation.NONE ? 4 * deviation / 255 : 6.0 / 255;
    return Quantization.perTensor((float) scale, zeroPoint);
  }

  private int conv(int x, int outC, int kernel, int stride, Activation a) {
    Shape in = tensors.get(x).shape();
    int w = weights(outC, kernel, kernel, in.dim(3));
    int b = bias(x, w, outC);
    int y =
        activation(
            output(x, w, kernel * kernel * in.dim(3), a),
            1,
            Padding.SAME.outputSize(in.dim(1), kernel, stride, 1),
            Padding.SAME.outputSize(in.dim(2), kernel, stride, 1),
            outC);
    operators.add(new Operator.Conv2d(x, w, b, y, Padding.SAME, stride, stride, 1, 1, a));
    return y;
  }

  private int depthwise(int x, int stride) {
    Shape in = tensors.get(x).shape();
    int channels = in.dim(3);
    int w = weights(1, 3, 3, channels);
    int b = bias(x, w, channels);
    int y =
        activation(
            output(x, w, 9, Activation.RELU6),
            1,
            Padding.SAME.outputSize(in.dim(1), 3, stride, 1),
            Padding.SAME.outputSize(in.dim(2), 3, stride, 1),
            channels);
    operators.add(
        new Operator.DepthwiseConv2d(
            x, w, b, y, Padding.SAME, stride, stride, 1, 1, 1, Activation.RELU6));
    return y;
  }

  private int averagePool(int x) {
    Shape in = tensors.get(x).shape();
    int y = activation(tensors.get(x).quantization(), 1, 1, 1, in.dim(3));
    operators.add(
        new Operator.Pool2d(
            Operator.Pool2d.Mode.AVERAGE,
            x,
            y,
            Padding.VALID,
            1,
            1,
            in.dim(1),
            in.dim(2),
            Activation.NONE));
    return y;
  }

  private int add(int left, int right) {
    float scale =
        Math.max(
            tensors.get(left).quantization().scale(), tensors.get(right).quantization().scale());
    int y =
        activation(Quantization.perTensor(scale * 1.3f, 120), tensors.get(left).shape().toArray());
    operators.add(
        new Operator.Binary(Operator.Binary.Function.ADD, left, right, y, Activation.NONE));
    return y;
  }
}
