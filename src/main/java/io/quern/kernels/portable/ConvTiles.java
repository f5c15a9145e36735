package io.quern.kernels.portable;

import io.quern.kernels.ConvGeometry;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;
import java.util.Arrays;

/**
 * Convolution over tiles of output pixels: the patches of a tile are staged as one row of pixels
 * per kernel element and input channel, and each output channel is a sum of rows scaled by its
 * weights.
 *
 * <p>Vectors run along the pixels, so that the shape of the channels does not matter. A unit is one
 * tile; the staged rows are {@code depth * tile * 4} bytes of scratch.
 */
abstract class ConvTiles implements Kernel {
  /** Output channels that are summed together. */
  protected static final int BLOCK = 4;

  /** Depth beyond which rows are kept short, so that the staged rows of a tile stay in cache. */
  private static final int DEEP = 256;

  /** Input channels per group times kernel elements. */
  protected final int depth;

  /** {@link #depth} rounded up to what {@link Rows#addScaled} takes; the last rows are zero. */
  protected final int paddedDepth;

  protected final int groups;
  protected final int groupOutputs;

  /** Length of the rows of scratch. */
  protected final int rowLength;

  private final ConvGeometry g;
  private final int in;
  private final int groupInputs;
  private final int tile;

  ConvTiles(ConvGeometry geometry, int in, int groups) {
    this.g = geometry;
    this.in = in;
    this.groups = groups;
    this.groupInputs = geometry.inC() / groups;
    this.groupOutputs = geometry.outC() / groups;
    this.depth = geometry.kernelH() * geometry.kernelW() * groupInputs;
    this.paddedDepth = depth + 3 & ~3;
    this.rowLength = depth <= DEEP ? 2 * Rows.LENGTH : Rows.LENGTH;
    this.tile = tile(geometry.pixels(), rowLength);
  }

  /** Even tiles of at most {@code most} pixels. */
  private static int tile(int pixels, int most) {
    int tiles = (pixels + most - 1) / most;
    int even = (pixels + tiles - 1) / tiles;
    return Math.min(most, even + 7 & ~7);
  }

  @Override
  public final int units() {
    return (g.pixels() + tile - 1) / tile;
  }

  @Override
  public final ScratchSize scratch() {
    return new ScratchSize(0, 0, BLOCK * rowLength, 0, paddedDepth + BLOCK, rowLength);
  }

  @Override
  public final void run(Memory memory, Scratch scratch, int from, int to) {
    for (int unit = from; unit < to; unit++) {
      int first = unit * tile;
      int n = Math.min(tile, g.pixels() - first);
      for (int group = 0; group < groups; group++) {
        stage(memory, scratch, group, first, n);
        int end = (group + 1) * groupOutputs;
        int o = group * groupOutputs;
        for (; o + BLOCK <= end; o += BLOCK) {
          outputs(memory, scratch, o, n, first * g.outC() + o);
        }
        for (; o < end; o++) {
          output(memory, scratch, o, n, first * g.outC() + o);
        }
      }
    }
  }

  private void stage(Memory memory, Scratch scratch, int group, int first, int n) {
    float[][] rows = scratch.rows;
    int[] positions = scratch.ints;
    int row = 0;
    for (int i = 0; i < g.kernelH(); i++) {
      for (int j = 0; j < g.kernelW(); j++) {
        boolean inside = locate(positions, first, n, i, j, in + group * groupInputs);
        for (int c = 0; c < groupInputs; c++) {
          if (inside) {
            gather(memory, positions, c, rows[row], n);
          } else {
            gatherPadded(memory, positions, c, rows[row], n);
          }
          row++;
        }
      }
    }
    for (; row < paddedDepth; row++) {
      Rows.fill(rows[row], 0, n);
    }
  }

  /**
   * Where kernel element (i, j) of each pixel lies in the input, negative outside of it.
   *
   * @return whether all are inside
   */
  private boolean locate(int[] positions, int first, int n, int i, int j, int base) {
    int x = first % g.outW();
    int row = first / g.outW();
    boolean inside = true;
    for (int p = 0; p < n; ) {
      int length = Math.min(n - p, g.outW() - x);
      int y = row % g.outH() * g.strideH() + i * g.dilationH() - g.padTop();
      if (y < 0 || y >= g.inH()) {
        Arrays.fill(positions, p, p + length, -1);
        inside = false;
      } else {
        int line = base + (row / g.outH() * g.inH() + y) * g.inW() * g.inC();
        inside &= locateRow(positions, p, length, x, j * g.dilationW() - g.padLeft(), line);
      }
      p += length;
      x = 0;
      row++;
    }
    return inside;
  }

  /** The same for {@code length} pixels from {@code x} on of one output row. */
  private boolean locateRow(int[] positions, int p, int length, int x, int shift, int line) {
    int stride = g.strideW();
    int from = Math.min(Math.max(x, -Math.floorDiv(shift, stride)), x + length);
    int to = Math.max(Math.min(x + length, Math.floorDiv(g.inW() - 1 - shift, stride) + 1), from);
    Arrays.fill(positions, p, p + from - x, -1);
    int step = stride * g.inC();
    int at = line + (from * stride + shift) * g.inC();
    for (int k = p + from - x; k < p + to - x; k++) {
      positions[k] = at;
      at += step;
    }
    Arrays.fill(positions, p + to - x, p + length, -1);
    return to - from == length;
  }

  /** {@code row[p] = input[positions[p] + c]}. */
  abstract void gather(Memory memory, int[] positions, int c, float[] row, int n);

  /** The same with the value that stands for 0 where {@code positions[p]} is negative. */
  abstract void gatherPadded(Memory memory, int[] positions, int c, float[] row, int n);

  /**
   * Computes {@link #BLOCK} output channels from {@code o} on of the {@code n} staged pixels; the
   * rows of scratch from {@link #paddedDepth} on are there to accumulate in.
   *
   * @param at where the first pixel's first value goes, relative to the output tensor
   */
  abstract void outputs(Memory memory, Scratch scratch, int o, int n, int at);

  /** The same for one output channel. */
  abstract void output(Memory memory, Scratch scratch, int o, int n, int at);

  /** Elements between two pixels of the output. */
  final int outputStride() {
    return g.outC();
  }

  @Override
  public final String microKernel() {
    return "pixelRows" + BLOCK + "x" + tile;
  }
}
