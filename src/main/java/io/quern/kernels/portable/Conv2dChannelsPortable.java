package io.quern.kernels.portable;

import io.quern.kernels.CacheLines;
import io.quern.kernels.Conv2dInt8;
import io.quern.kernels.ConvGeometry;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;
import java.util.Arrays;

/**
 * int8 convolution of few pixels: {@code requantize(bias - zIn * sum w + sum w * in)}, where rows
 * run along the output channels and each is scaled by an input value, exactly in float.
 *
 * <p>{@link Conv2dPortable} runs rows along the pixels; below some 64 of them most of a row would
 * be what C2 leaves to scalar code before and after its vectors. The weights are held as float
 * rows, four times their size in the file. A unit is one block of pixels by one segment of
 * channels.
 */
final class Conv2dChannelsPortable implements Kernel {
  private static final int BLOCK = 4;

  /** Channels of a segment, at most: as many as a row of scratch holds in any other kernel. */
  private static final int MOST_CHANNELS = 2 * Rows.LENGTH;

  private static final int MOST_PIXELS = 64;
  private static final int MOST_WEIGHTS = 1 << 20;

  private final ConvGeometry g;
  private final int in;
  private final int out;
  private final int depth;
  private final int paddedDepth;
  private final int blocks;
  private final int segments;

  /** Channels of a segment, but for the last; even, as threads divide them. */
  private final int segment;

  /** [segments][paddedDepth][channels of the segment]. */
  private final float[][][] weightRows;

  private final float padding;
  private final RowRequantizer requantizer;
  private final RowRequantizer.Segment[] outputs;

  Conv2dChannelsPortable(Conv2dInt8 p) {
    g = p.geometry();
    in = p.in();
    out = p.out();
    depth = depth(p);
    paddedDepth = depth + 3 & ~3;
    blocks = (g.pixels() + BLOCK - 1) / BLOCK;
    segment = Rows.tile(g.outC(), MOST_CHANNELS);
    segments = (g.outC() + segment - 1) / segment;
    weightRows = new float[segments][paddedDepth][];
    for (int s = 0; s < segments; s++) {
      for (int k = 0; k < paddedDepth; k++) {
        weightRows[s][k] = new float[CacheLines.floats(Rows.wholeFrom0(channels(s)))];
      }
    }
    int[] bias = new int[g.outC()];
    for (int o = 0; o < bias.length; o++) {
      int sum = 0;
      byte[] weights = p.weights();
      float[][] rows = weightRows[o / segment];
      int lane = o % segment;
      int zero = p.weightsZeroPoint();
      int first = o * depth;
      for (int k = 0; k < depth; k++) {
        int w = weights[first + k] - zero;
        rows[k][lane] = w;
        sum += w;
      }
      bias[o] = p.bias()[o] - p.inputZeroPoint() * sum;
    }
    padding = p.inputZeroPoint();
    int[] bounds = ExactSums.bounds(p.weights(), p.weightsZeroPoint(), g.outC(), depth);
    requantizer = new RowRequantizer(p.requantization(), bias, bounds);
    outputs = new RowRequantizer.Segment[segments];
    for (int s = 0; s < segments; s++) {
      outputs[s] = requantizer.segment(s * segment, channels(s), 1);
    }
  }

  /** Whether rows of channels are longer than rows of pixels, and sums exact. */
  static boolean supports(Conv2dInt8 p) {
    ConvGeometry g = p.geometry();
    return p.groups() == 1
        && g.pixels() < Math.min(MOST_PIXELS, g.outC())
        && p.weights().length <= MOST_WEIGHTS
        && ExactSums.runLength(p.weights(), p.weightsZeroPoint(), g.outC(), depth(p), 1)
            >= depth(p);
  }

  private static int depth(Conv2dInt8 p) {
    return p.geometry().kernelH() * p.geometry().kernelW() * p.geometry().inC();
  }

  private int channels(int s) {
    return Math.min(segment, g.outC() - s * segment);
  }

  @Override
  public int units() {
    return blocks * segments;
  }

  @Override
  public ScratchSize scratch() {
    int length = Rows.wholeFrom0(segment);
    int sums = BLOCK * RowStart.CHOICES;
    return new ScratchSize(0, 0, 0, BLOCK * paddedDepth, 0, 0, sums, length);
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    float[][] sums = scratch.shiftedRows;
    int shift = RowStart.shift(scratch);
    for (int unit = from; unit < to; unit++) {
      int first = unit % blocks * BLOCK;
      int pixels = Math.min(BLOCK, g.pixels() - first);
      for (int p = 0; p < pixels; p++) {
        stage(memory.bytes, scratch.floats, p * paddedDepth, first + p);
      }
      int s = unit / blocks;
      int n = channels(s);
      if (pixels == BLOCK) {
        sumBlock(weightRows[s], sums, shift, scratch.floats, Rows.wholeFrom0(n));
      } else {
        for (int p = 0; p < pixels; p++) {
          float[] acc = sums[shift + p * RowStart.CHOICES];
          sum(weightRows[s], acc, scratch.floats, p * paddedDepth, Rows.wholeFrom0(n));
        }
      }
      for (int p = 0; p < pixels; p++) {
        int at = out + (first + p) * g.outC() + s * segment;
        float[] acc = sums[shift + p * RowStart.CHOICES];
        requantizer.channels(acc, outputs[s], n, memory.bytes, at);
      }
    }
  }

  /** The patch of one pixel, in the order of the weights. */
  private void stage(byte[] bytes, float[] patches, int at, int pixel) {
    int left = pixel % g.outW() * g.strideW() - g.padLeft();
    int top = pixel / g.outW() % g.outH() * g.strideH() - g.padTop();
    int image = pixel / (g.outW() * g.outH()) * g.inH();
    int to = at;
    for (int i = 0; i < g.kernelH(); i++) {
      int y = top + i * g.dilationH();
      for (int j = 0; j < g.kernelW(); j++) {
        int x = left + j * g.dilationW();
        if (y < 0 || y >= g.inH() || x < 0 || x >= g.inW()) {
          Arrays.fill(patches, to, to + g.inC(), padding);
        } else {
          Rows.convert(bytes, in + ((image + y) * g.inW() + x) * g.inC(), patches, to, g.inC());
        }
        to += g.inC();
      }
    }
    Arrays.fill(patches, to, at + paddedDepth, 0);
  }

  private void sumBlock(float[][] weights, float[][] sums, int shift, float[] x, int n) {
    float[] acc0 = sums[shift];
    float[] acc1 = sums[shift + RowStart.CHOICES];
    float[] acc2 = sums[shift + 2 * RowStart.CHOICES];
    float[] acc3 = sums[shift + 3 * RowStart.CHOICES];
    Rows.fill(acc0, 0, 0, n);
    Rows.fill(acc1, 0, 0, n);
    Rows.fill(acc2, 0, 0, n);
    Rows.fill(acc3, 0, 0, n);
    int x1 = paddedDepth;
    int x2 = x1 + paddedDepth;
    int x3 = x2 + paddedDepth;
    for (int k = 0; k < paddedDepth; k += 2) {
      Rows.addScaled4x2(
          acc0,
          acc1,
          acc2,
          acc3,
          weights[k],
          weights[k + 1],
          x[k],
          x[k + 1],
          x[x1 + k],
          x[x1 + k + 1],
          x[x2 + k],
          x[x2 + k + 1],
          x[x3 + k],
          x[x3 + k + 1],
          0,
          n);
    }
  }

  private void sum(float[][] weights, float[] acc, float[] x, int from, int n) {
    Rows.fill(acc, 0, 0, n);
    for (int k = 0; k < paddedDepth; k += 4) {
      Rows.addScaled(
          acc,
          weights[k],
          weights[k + 1],
          weights[k + 2],
          weights[k + 3],
          x[from + k],
          x[from + k + 1],
          x[from + k + 2],
          x[from + k + 3],
          0,
          n);
    }
  }

  @Override
  public String microKernel() {
    return "channelRows" + BLOCK + "x" + channels(0);
  }
}
