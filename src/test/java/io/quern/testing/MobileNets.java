package io.quern.testing;

import io.quern.calibrate.CalibrationOptions;
import io.quern.calibrate.Calibrator;
import io.quern.calibrate.Net;
import io.quern.calibrate.Progress;
import io.quern.format.tflite.TfliteWriter;
import io.quern.model.Activation;
import io.quern.model.Graph;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * MobileNets with seeded weights, int8 per channel, for speed: shapes and operators of the real
 * ones, from float weights by our own calibrator, so that scales and activations are lively.
 *
 * <p>V1 is table 1 of arXiv:1704.04861, V2 table 2 of arXiv:1801.04381, both without the final
 * softmax: random logits of 1000 classes would all become the same byte. Weights keep the magnitude
 * of activations from layer to layer (He et al., arXiv:1502.01852). The same call gives the same
 * graph on every machine.
 */
public final class MobileNets {
  private static final int CLASSES = 1000;
  private static final int CALIBRATION_INPUTS = 4;

  private MobileNets() {}

  /** Writes a MobileNet V1. Arguments: width, resolution, file. */
  public static void main(String[] args) throws IOException {
    Graph graph = v1(Double.parseDouble(args[0]), Integer.parseInt(args[1]));
    TfliteWriter.write(graph, Path.of(args[2]));
  }

  /**
   * MobileNet V1.
   *
   * @param width multiple of the usual number of channels, such as 1 or 0.25
   * @param resolution rows and columns of the input
   */
  public static Graph v1(double width, int resolution) {
    Net net = net(resolution);
    net.conv(v1Channels(width, 32), 3, 2, true, Activation.RELU6);
    int[] channels = {64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024};
    int[] strides = {1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1};
    for (int i = 0; i < channels.length; i++) {
      net.depthwise(3, strides[i], true, Activation.RELU6);
      net.conv(v1Channels(width, channels[i]), 1, 1, true, Activation.RELU6);
    }
    return classifier(net);
  }

  /**
   * MobileNet V2.
   *
   * @param width multiple of the usual number of channels
   * @param resolution rows and columns of the input
   */
  public static Graph v2(double width, int resolution) {
    Net net = net(resolution);
    net.conv(v2Channels(width, 32), 3, 2, true, Activation.RELU6);
    int[][] stages = { // expansion, channels, blocks, stride of the first
      {1, 16, 1, 1},
      {6, 24, 2, 2},
      {6, 32, 3, 2},
      {6, 64, 4, 2},
      {6, 96, 3, 1},
      {6, 160, 3, 2},
      {6, 320, 1, 1}
    };
    for (int[] s : stages) {
      for (int block = 0; block < s[2]; block++) {
        bottleneck(net, s[0], v2Channels(width, s[1]), block == 0 ? s[3] : 1);
      }
    }
    net.conv(v2Channels(Math.max(1, width), 1280), 1, 1, true, Activation.RELU6);
    return classifier(net);
  }

  private static void bottleneck(Net net, int expansion, int outputs, int stride) {
    int input = net.last();
    int inputs = net.shape()[3];
    if (expansion > 1) {
      net.conv(expansion * inputs, 1, 1, true, Activation.RELU6);
    }
    net.depthwise(3, stride, true, Activation.RELU6);
    net.conv(outputs, 1, 1, true, Activation.NONE);
    if (stride == 1 && inputs == outputs) {
      net.addTensor(input);
    }
  }

  private static int v1Channels(double width, int channels) {
    return Math.max(8, (int) (width * channels));
  }

  /** The nearest multiple of 8, at most a tenth below. */
  private static int v2Channels(double width, int channels) {
    double wanted = width * channels;
    int nearest = Math.max(8, (int) (wanted + 4) / 8 * 8);
    return nearest < 0.9 * wanted ? nearest + 8 : nearest;
  }

  private static Net net(int resolution) {
    return new Net(20261124, Math.sqrt(2), 0.05, 1, resolution, resolution, 3);
  }

  private static Graph classifier(Net net) {
    net.averagePool();
    net.fullyConnected(CLASSES, Activation.NONE);
    Graph graph = net.build();
    // One scale for fully connected weights, as converters of all ages write it.
    CalibrationOptions options =
        CalibrationOptions.builder().perChannelFullyConnected(false).build();
    return Calibrator.calibrate(graph, images(graph), options, Progress.NONE);
  }

  /** Patches of colour with noise, in [-1, 1]. */
  private static List<float[][]> images(Graph graph) {
    int size = graph.tensor(graph.inputs().get(0)).shape().dim(1);
    SplittableRandom random = new SplittableRandom(1);
    List<float[][]> images = new ArrayList<>();
    for (int n = 0; n < CALIBRATION_INPUTS; n++) {
      double[] patches = random.doubles(8 * 8 * 3, -0.7, 0.7).toArray();
      float[] image = new float[size * size * 3];
      for (int i = 0; i < image.length; i++) {
        int row = i / (3 * size) * 8 / size;
        int column = i / 3 % size * 8 / size;
        double noise = random.nextDouble(-0.3, 0.3);
        image[i] = (float) (patches[(row * 8 + column) * 3 + i % 3] + noise);
      }
      images.add(new float[][] {image});
    }
    return images;
  }
}
