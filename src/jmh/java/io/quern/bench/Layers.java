package io.quern.bench;

import io.quern.calibrate.CalibrationOptions;
import io.quern.calibrate.Calibrator;
import io.quern.calibrate.Net;
import io.quern.calibrate.Progress;
import io.quern.model.Activation;
import io.quern.model.Graph;
import java.util.Arrays;
import java.util.Collections;
import java.util.Random;

/**
 * Networks of one int8 layer with seeded weights, by name: the operator, the input's rows, columns
 * and channels (all of rows and channels where the input is square, the inputs alone where it is
 * flat), then what the operator needs.
 *
 * <ul>
 *   <li>{@code conv-224x3-32-3x3-s2}: convolution to 32 channels, 3x3, stride 2, RELU6;
 *   <li>{@code project-56x144-24}: pointwise convolution to 24 channels without activation;
 *   <li>{@code depthwise-112x32-s1}: depthwise 3x3 convolution, RELU6;
 *   <li>{@code add-56x24}, {@code pool-7x1024}: sum of two tensors, mean of every channel;
 *   <li>{@code fc-1024-1000}: fully connected.
 * </ul>
 */
final class Layers {
  private Layers() {}

  /** The calibrated graph. */
  static Graph of(String name) {
    String[] words = name.split("-");
    Net net = new Net(name.hashCode(), Math.sqrt(2), 0.05, shape(words[1]));
    switch (words[0]) {
      case "conv" -> {
        int[] kernel = ints(words[3]);
        net.conv(ints(words[2])[0], kernel[0], kernel[1], stride(words[4]), true, Activation.RELU6);
      }
      case "project" -> net.conv(ints(words[2])[0], 1, 1, true, Activation.NONE);
      case "depthwise" -> net.depthwise(3, stride(words[2]), true, Activation.RELU6);
      case "add" -> net.addTensor(net.last());
      case "pool" -> net.averagePool();
      case "fc" -> net.fullyConnected(ints(words[2])[0], Activation.NONE);
      default -> throw new IllegalArgumentException("no layer is called " + name);
    }
    Graph graph = net.build();
    return Calibrator.calibrate(
        graph,
        Collections.singletonList(input(graph)),
        CalibrationOptions.defaults(),
        Progress.NONE);
  }

  private static int[] shape(String text) {
    int[] d = ints(text);
    return switch (d.length) {
      case 1 -> new int[] {1, d[0]};
      case 2 -> new int[] {1, d[0], d[0], d[1]};
      default -> new int[] {1, d[0], d[1], d[2]};
    };
  }

  private static int[] ints(String text) {
    return Arrays.stream(text.split("x")).mapToInt(Integer::parseInt).toArray();
  }

  private static int stride(String text) {
    return Integer.parseInt(text.substring(1));
  }

  private static float[][] input(Graph graph) {
    Random random = new Random(20261124);
    float[] values = new float[graph.tensor(graph.inputs().get(0)).shape().elements()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return new float[][] {values};
  }
}
