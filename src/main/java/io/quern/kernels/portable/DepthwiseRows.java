package io.quern.kernels.portable;

import io.quern.kernels.ConvGeometry;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;

/**
 * Depthwise convolution, one output row per unit. Input rows are staged once as padded float lines,
 * with the columns of each residue modulo the stride together, so that the values under one kernel
 * element are contiguous over output pixels; blocks of at most {@link Rows#LENGTH} of them are
 * copied to rows, one per kernel element, and multiplied by weights that repeat every pixel.
 */
abstract class DepthwiseRows implements Kernel {
  /** Channels of the output. */
  protected final int channels;

  /** Pixels of one block; 1 when a pixel has more channels than a row holds. */
  protected final int blockPixels;

  private final ConvGeometry g;
  private final int in;
  private final int multiplier;
  private final int taps;
  private final int paddedTaps;
  private final float[][] weightRows;
  private final int segments;
  private final int ring;
  private final int phaseLength;
  private final int lineLength;

  /**
   * @param weights [KH * KW, channels]
   */
  DepthwiseRows(ConvGeometry geometry, int in, int multiplier, float[] weights) {
    this.g = geometry;
    this.in = in;
    this.multiplier = multiplier;
    this.channels = geometry.outC();
    this.taps = geometry.kernelH() * geometry.kernelW();
    this.paddedTaps = (taps + 2) / 3 * 3;
    this.blockPixels = Math.max(1, Math.min(geometry.outW(), Rows.LENGTH / channels));
    this.segments = (channels + Rows.LENGTH - 1) / Rows.LENGTH;
    this.ring = (geometry.kernelH() - 1) * geometry.dilationH() + 1;
    int width =
        (geometry.outW() - 1) * geometry.strideW()
            + (geometry.kernelW() - 1) * geometry.dilationW()
            + 1;
    this.phaseLength = (width + geometry.strideW() - 1) / geometry.strideW();
    this.lineLength = phaseLength * geometry.strideW() * channels;
    this.weightRows = new float[segments * paddedTaps][];
    for (int s = 0; s < segments; s++) {
      int from = s * Rows.LENGTH;
      int length = Math.min(Rows.LENGTH, channels - from);
      for (int t = 0; t < paddedTaps; t++) {
        float[] row = new float[length * blockPixels];
        for (int i = 0; t < taps && i < row.length; i++) {
          row[i] = weights[t * channels + from + i % length];
        }
        weightRows[s * paddedTaps + t] = row;
      }
    }
  }

  @Override
  public final int units() {
    return g.batch() * g.outH();
  }

  @Override
  public final ScratchSize scratch() {
    return new ScratchSize(0, 0, ring, ring * lineLength, taps + 1, Rows.LENGTH);
  }

  @Override
  public final void run(Memory memory, Scratch scratch, int from, int to) {
    int[] staged = scratch.ints;
    for (int slot = 0; slot < ring; slot++) {
      staged[slot] = Integer.MIN_VALUE;
    }
    for (int unit = from; unit < to; unit++) {
      int batch = unit / g.outH();
      int y = unit % g.outH();
      if (y == 0) {
        for (int slot = 0; slot < ring; slot++) {
          staged[slot] = Integer.MIN_VALUE;
        }
      }
      int top = y * g.strideH() - g.padTop();
      for (int i = 0; i < g.kernelH(); i++) {
        int iy = top + i * g.dilationH();
        int slot = Math.floorMod(iy, ring);
        if (staged[slot] != iy) {
          staged[slot] = iy;
          stage(memory, scratch.floats, slot * lineLength, batch, iy);
        }
      }
      outputRow(memory, scratch, top, unit * g.outW() * channels);
    }
  }

  private void stage(Memory memory, float[] lines, int line, int batch, int iy) {
    boolean inside = iy >= 0 && iy < g.inH();
    int row = in + (batch * g.inH() + iy) * g.inW() * g.inC();
    int strideW = g.strideW();
    int width = phaseLength * strideW;
    int firstX = inside ? Math.min(width, g.padLeft()) : width;
    int endX = Math.max(firstX, Math.min(width, g.padLeft() + g.inW()));
    for (int u = 0; u < width; u++) {
      if (u >= firstX && u < endX) {
        if (strideW == 1 && multiplier == 1) {
          int n = (endX - firstX) * channels;
          convert(memory, row + (u - g.padLeft()) * g.inC(), lines, line + u * channels, n);
          u = endX - 1;
          continue;
        }
        int to = line + (u % strideW * phaseLength + u / strideW) * channels;
        int source = row + (u - g.padLeft()) * g.inC();
        if (multiplier == 1) {
          convert(memory, source, lines, to, channels);
        } else {
          repeat(memory, source, lines, to, channels, multiplier);
        }
      } else {
        int to = line + (u % strideW * phaseLength + u / strideW) * channels;
        java.util.Arrays.fill(lines, to, to + channels, padding());
      }
    }
  }

  private void outputRow(Memory memory, Scratch scratch, int top, int at) {
    float[][] rows = scratch.rows;
    float[] acc = rows[taps];
    for (int x = 0; x < g.outW(); x += blockPixels) {
      int pixels = Math.min(blockPixels, g.outW() - x);
      for (int s = 0; s < segments; s++) {
        int c = s * Rows.LENGTH;
        int n = pixels * Math.min(Rows.LENGTH, channels - c);
        for (int i = 0; i < g.kernelH(); i++) {
          int line = Math.floorMod(top + i * g.dilationH(), ring) * lineLength + c;
          for (int j = 0; j < g.kernelW(); j++) {
            int u = j * g.dilationW();
            int from = line + (u % g.strideW() * phaseLength + u / g.strideW() + x) * channels;
            System.arraycopy(scratch.floats, from, rows[i * g.kernelW() + j], 0, n);
          }
        }
        start(acc, c, n);
        for (int t = 0; t < paddedTaps; t += 3) {
          int w = s * paddedTaps + t;
          Rows.addProducts(
              acc,
              rows[t],
              weightRows[w],
              rows[Math.min(t + 1, taps - 1)],
              weightRows[w + 1],
              rows[Math.min(t + 2, taps - 1)],
              weightRows[w + 2],
              n);
        }
        finish(memory, acc, c, n, at + x * channels + c);
      }
    }
  }

  /** The staged value of positions outside the input. */
  abstract float padding();

  /** {@code line[to + i] = input[from + i]}. */
  abstract void convert(Memory memory, int from, float[] line, int to, int n);

  /** {@code line[to + i] = input[from + i / times]}. */
  abstract void repeat(Memory memory, int from, float[] line, int to, int n, int times);

  /** First value of the sums of a block that starts at channel {@code c}. */
  abstract void start(float[] acc, int c, int n);

  /**
   * Writes a block.
   *
   * @param at relative to the output tensor
   */
  abstract void finish(Memory memory, float[] acc, int c, int n, int at);

  @Override
  public final String microKernel() {
    return "channelRows3x" + Math.min(Rows.LENGTH, blockPixels * channels);
  }
}
