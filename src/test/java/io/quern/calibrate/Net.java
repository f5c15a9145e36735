package io.quern.calibrate;

import io.quern.model.Activation;
import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Padding;
import io.quern.model.Quantization;
import io.quern.model.Shape;
import io.quern.model.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Builds float graphs, layer after layer, with random weights from one seed. */
public final class Net {
  final List<Tensor> tensors = new ArrayList<>();
  final List<Operator> operators = new ArrayList<>();
  final List<Integer> inputs = new ArrayList<>();
  final Random random;
  private final double gain;
  private final double biasDeviation;

  /** The tensor that the last operator wrote. */
  int last;

  Net(long seed, int... inputShape) {
    this(seed, 1, 0.3, inputShape);
  }

  /**
   * Starts a graph.
   *
   * @param gain deviation of weights times the square root of the number of inputs that an output
   *     sums: the square root of 2 keeps the magnitude of activations through layers with ReLU
   * @param biasDeviation deviation of biases
   */
  public Net(long seed, double gain, double biasDeviation, int... inputShape) {
    this.random = new Random(seed);
    this.gain = gain;
    this.biasDeviation = biasDeviation;
    last = activation("input", inputShape);
    inputs.add(last);
  }

  int activation(String name, int... shape) {
    tensors.add(Tensor.activation(name, DataType.FLOAT32, Shape.of(shape), (Quantization) null));
    return tensors.size() - 1;
  }

  int constant(String name, float[] values, int... shape) {
    tensors.add(Tensor.constant(name, Shape.of(shape), values));
    return tensors.size() - 1;
  }

  float[] gaussian(int n, double deviation) {
    float[] r = new float[n];
    for (int i = 0; i < n; i++) {
      r[i] = (float) (random.nextGaussian() * deviation);
    }
    return r;
  }

  /** Shape of what the last operator wrote. */
  public int[] shape() {
    return tensors.get(last).shape().toArray();
  }

  Net add(Operator op) {
    operators.add(op);
    last = op.firstOutput();
    return this;
  }

  /** A convolution with SAME padding. */
  public Net conv(int outputs, int kernel, int stride, boolean bias, Activation a) {
    return conv(outputs, kernel, kernel, stride, bias, a);
  }

  /** A convolution with SAME padding. */
  public Net conv(int outputs, int kernelH, int kernelW, int stride, boolean bias, Activation a) {
    int[] in = shape();
    int depth = kernelH * kernelW * in[3];
    float[] w = gaussian(outputs * depth, gain / Math.sqrt(depth));
    int weights = constant("w" + operators.size(), w, outputs, kernelH, kernelW, in[3]);
    int b =
        bias
            ? constant("b" + operators.size(), gaussian(outputs, biasDeviation), outputs)
            : Operator.NO_TENSOR;
    int out =
        activation(
            "t" + operators.size(),
            in[0],
            Padding.SAME.outputSize(in[1], kernelH, stride, 1),
            Padding.SAME.outputSize(in[2], kernelW, stride, 1),
            outputs);
    return add(new Operator.Conv2d(last, weights, b, out, Padding.SAME, stride, stride, 1, 1, a));
  }

  /** A depthwise convolution with SAME padding. */
  public Net depthwise(int kernel, int stride, boolean bias, Activation a) {
    int[] in = shape();
    int weights =
        constant(
            "w" + operators.size(),
            gaussian(kernel * kernel * in[3], gain / kernel),
            1,
            kernel,
            kernel,
            in[3]);
    int b =
        bias
            ? constant("b" + operators.size(), gaussian(in[3], biasDeviation), in[3])
            : Operator.NO_TENSOR;
    int out =
        activation(
            "t" + operators.size(),
            in[0],
            Padding.SAME.outputSize(in[1], kernel, stride, 1),
            Padding.SAME.outputSize(in[2], kernel, stride, 1),
            in[3]);
    return add(
        new Operator.DepthwiseConv2d(
            last, weights, b, out, Padding.SAME, stride, stride, 1, 1, 1, a));
  }

  /** Zeros around every image. */
  public Net pad(int n) {
    int[] in = shape();
    int out = activation("t" + operators.size(), in[0], in[1] + 2 * n, in[2] + 2 * n, in[3]);
    List<Integer> around = List.of(0, n, n, 0);
    return add(new Operator.Pad(last, Operator.NO_TENSOR, out, around, around));
  }

  /** A fully connected layer on all that the last operator wrote. */
  public Net fullyConnected(int outputs, Activation a) {
    int n = tensors.get(last).shape().elements();
    int weights =
        constant("w" + operators.size(), gaussian(outputs * n, gain / Math.sqrt(n)), outputs, n);
    int b = constant("b" + operators.size(), gaussian(outputs, biasDeviation), outputs);
    int out = activation("t" + operators.size(), 1, outputs);
    return add(new Operator.FullyConnected(last, weights, b, out, false, a));
  }

  /** An element-wise operator with a constant right operand. */
  Net binary(Operator.Binary.Function f, float[] constant, Activation a, int... constantShape) {
    int c = constant("c" + operators.size(), constant, constantShape);
    int out = activation("t" + operators.size(), shape());
    return add(new Operator.Binary(f, last, c, out, a));
  }

  /** The sum of an earlier tensor and what the last operator wrote. */
  public Net addTensor(int earlier) {
    int out = activation("t" + operators.size(), shape());
    return add(
        new Operator.Binary(Operator.Binary.Function.ADD, earlier, last, out, Activation.NONE));
  }

  /** The tensor that the last operator wrote. */
  public int last() {
    return last;
  }

  Net unary(Operator.Unary.Function f) {
    return add(new Operator.Unary(f, last, activation("t" + operators.size(), shape())));
  }

  /** The mean of every channel. */
  public Net averagePool() {
    int[] in = shape();
    int out = activation("t" + operators.size(), in[0], 1, 1, in[3]);
    return add(
        new Operator.Pool2d(
            Operator.Pool2d.Mode.AVERAGE,
            last,
            out,
            Padding.VALID,
            1,
            1,
            in[1],
            in[2],
            Activation.NONE));
  }

  /** Another shape. */
  public Net reshape(int... shape) {
    return add(
        new Operator.Reshape(
            Operator.Reshape.Mode.RESHAPE, last, activation("t" + operators.size(), shape)));
  }

  /** Probabilities. */
  public Net softmax() {
    return add(new Operator.Softmax(last, activation("t" + operators.size(), shape()), 1));
  }

  /** The graph so far; what the last operator wrote is its output. */
  public Graph build() {
    return build(last);
  }

  Graph build(Integer... outputs) {
    return new Graph("net", tensors, operators, inputs, List.of(outputs), Map.of());
  }

  /** Calibration inputs, each standard normal. */
  static List<float[][]> inputs(Graph g, int count, long seed) {
    Random r = new Random(seed);
    List<float[][]> all = new ArrayList<>();
    for (int n = 0; n < count; n++) {
      float[][] one = new float[g.inputs().size()][];
      for (int i = 0; i < one.length; i++) {
        one[i] = new float[g.tensor(g.inputs().get(i)).shape().elements()];
        for (int k = 0; k < one[i].length; k++) {
          one[i][k] = (float) r.nextGaussian();
        }
      }
      all.add(one);
    }
    return all;
  }

  /** The first output of a float graph on one set of inputs. */
  static float[] run(Graph g, float[][] input) {
    try (FloatRunner runner = new FloatRunner(g, 1)) {
      runner.run(input);
      return runner.values(g.outputs().get(0)).clone();
    }
  }
}
