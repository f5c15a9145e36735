package io.quern.kernels.portable;

import io.quern.kernels.ConvGeometry;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Parts;
import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;
import java.util.Arrays;

/**
 * Convolution over tiles of output pixels: the patches of a tile are staged as one row of pixels
 * per kernel element and input channel, and each output channel is a sum of rows scaled by its
 * weights. Input lines are converted once per tile, to one line per channel, and copied from there
 * for each kernel element.
 *
 * <p>Vectors run along the pixels, so that the shape of the channels does not matter. A unit is
 * {@link #BLOCK} output channels of one tile; some go through the staged rows together, and a tile
 * is staged once for the units of a run. The staged rows are {@code depth * tile * 4} bytes of
 * scratch.
 */
abstract class ConvTiles implements Kernel {
  /** Output channels that one loop sums. */
  protected static final int BLOCK = 4;

  /**
   * Output channels that go through the staged rows together: each pair of rows is read from the
   * nearest cache for all blocks but the first.
   */
  private static final int MOST_OUTPUTS = 4 * BLOCK;

  /** Depth beyond which rows are kept short, so that the staged rows of a tile stay in cache. */
  private static final int DEEP = 512;

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

  /** Units of one group of one tile. */
  private final int blocks;

  /** Input lines that are staged at a time, planes of {@link #lineLength} per channel. */
  private final int ring;

  private final int lineLength;
  private final int phaseLength;

  ConvTiles(ConvGeometry geometry, int in, int groups) {
    this.g = geometry;
    this.in = in;
    this.groups = groups;
    this.groupInputs = geometry.inC() / groups;
    this.groupOutputs = geometry.outC() / groups;
    this.depth = geometry.kernelH() * geometry.kernelW() * groupInputs;
    this.paddedDepth = depth + 3 & ~3;
    this.rowLength = depth <= DEEP ? 2 * Rows.LENGTH : Rows.LENGTH;
    this.tile =
        geometry.isPointwise() || geometry.outW() > rowLength
            ? Rows.tile(geometry.pixels(), rowLength)
            : geometry.outW()
                * Parts.even(geometry.pixels() / geometry.outW(), rowLength / geometry.outW());
    this.blocks = (groupOutputs + BLOCK - 1) / BLOCK;
    this.ring = (geometry.kernelH() - 1) * geometry.dilationH() + 1;
    int stride = geometry.strideW();
    this.phaseLength =
        Math.min(tile, geometry.outW()) + (geometry.kernelW() - 1) * geometry.dilationW() / stride;
    this.lineLength = phaseLength * stride;
  }

  @Override
  public final int units() {
    return (g.pixels() + tile - 1) / tile * groups * blocks;
  }

  @Override
  public final int grain() {
    return blocks;
  }

  @Override
  public final ScratchSize scratch() {
    int lines = g.isPointwise() ? 0 : ring * groupInputs * lineLength;
    int sums = Math.min(MOST_OUTPUTS, groupOutputs + BLOCK - 1 & -BLOCK);
    int ints = Math.max(sums * rowLength, ring);
    int length = RowStart.MOST + Rows.whole(rowLength);
    return new ScratchSize(0, 0, ints, lines, paddedDepth + sums, length);
  }

  @Override
  public final void run(Memory memory, Scratch scratch, int from, int to) {
    int start = RowStart.of(scratch);
    int staged = -1;
    int taken;
    for (int unit = from; unit < to; unit += taken) {
      int part = unit / blocks;
      int group = part % groups;
      int first = part / groups * tile;
      int n = Math.min(tile, g.pixels() - first);
      if (part != staged) {
        stage(memory, scratch, start, group, first, n);
        staged = part;
      }
      int left = Math.min(blocks - unit % blocks, to - unit);
      taken = Parts.even(left, MOST_OUTPUTS / BLOCK);
      int done = unit % blocks * BLOCK;
      int o = group * groupOutputs + done;
      int count = Math.min(taken * BLOCK, groupOutputs - done);
      int whole = count & -BLOCK;
      if (whole > 0) {
        outputs(memory, scratch, start, o, whole, n, first * g.outC() + o);
      }
      for (int q = whole; q < count; q++) {
        output(memory, scratch, start, o + q, n, first * g.outC() + o + q);
      }
    }
  }

  private void stage(Memory memory, Scratch scratch, int start, int group, int first, int n) {
    float[][] rows = scratch.rows;
    if (g.isPointwise()) {
      int from = in + first * g.inC() + group * groupInputs;
      int c = 0;
      for (; c + 4 <= groupInputs; c += 4) {
        float[] row = rows[c];
        gather4(memory, from + c, g.inC(), row, rows[c + 1], rows[c + 2], rows[c + 3], start, 0, n);
      }
      for (; c < groupInputs; c++) {
        gather(memory, from + c, g.inC(), rows[c], start, n);
      }
    } else {
      int row = first / g.outW();
      int x = first % g.outW();
      int[] staged = scratch.ints;
      for (int p = 0; p < n; row++) {
        int length = Math.min(n - p, g.outW() - x);
        if (p == 0 || length < g.outW()) {
          Arrays.fill(staged, 0, ring, Integer.MIN_VALUE);
        }
        stageSegment(memory, scratch, start + p, group, row, x, length);
        p += length;
        x = 0;
      }
    }
    for (int k = depth; k < paddedDepth; k++) {
      Rows.fill(rows[k], 0, start, start + n);
    }
  }

  /**
   * Stages {@code length} pixels from column {@code x} on of an output row at index {@code p} of
   * the rows.
   */
  private void stageSegment(
      Memory memory, Scratch scratch, int p, int group, int row, int x, int length) {
    int[] staged = scratch.ints;
    int image = row / g.outH();
    for (int i = 0; i < g.kernelH(); i++) {
      int y = row % g.outH() * g.strideH() + i * g.dilationH() - g.padTop();
      boolean inside = y >= 0 && y < g.inH();
      int line = inside ? image * g.inH() + y : -1;
      int slot = Math.floorMod(y, ring);
      if (staged[slot] != line) {
        staged[slot] = line;
        int source = in + line * g.inW() * g.inC() + group * groupInputs;
        int c = 0;
        for (; c + 4 <= groupInputs; c += 4) {
          int at = (slot * groupInputs + c) * lineLength;
          stageLine(memory, scratch.floats, at, source + c, 4, inside, x, length);
        }
        while (c < groupInputs) {
          int count = groupInputs - c == 3 ? 3 : 1;
          int at = (slot * groupInputs + c) * lineLength;
          stageLine(memory, scratch.floats, at, source + c, count, inside, x, length);
          c += count;
        }
      }
      copyLines(scratch, slot, i, p, length);
    }
  }

  /**
   * One channel, three or four of an input row, from where kernel column 0 of output column {@code
   * x} lies: the columns of each residue modulo the stride together.
   */
  private void stageLine(
      Memory memory,
      float[] lines,
      int at,
      int source,
      int count,
      boolean inside,
      int x,
      int length) {
    int stride = g.strideW();
    int reach = (g.kernelW() - 1) * g.dilationW();
    for (int phase = 0; phase < Math.min(stride, reach + 1); phase++) {
      int left = x * stride - g.padLeft() + phase;
      int n = length + (reach - phase) / stride;
      int from = inside ? Math.min(n, Math.max(0, -Math.floorDiv(left, stride))) : n;
      int to = Math.max(from, Math.min(n, Math.floorDiv(g.inW() - 1 - left, stride) + 1));
      int line = at + phase * phaseLength;
      for (int q = 0; q < count; q++) {
        int start = line + q * lineLength;
        Arrays.fill(lines, start, start + from, padding());
        Arrays.fill(lines, start + to, start + n, padding());
      }
      if (from < to) {
        int first = source + (left + from * stride) * g.inC();
        int step = stride * g.inC();
        int most = to - from;
        if (count == 1) {
          gather(memory, first, step, lines, line + from, most);
        } else if (count == 3) {
          gather3(memory, first, step, lines, line + from, lineLength, most);
        } else {
          gather4(memory, first, step, lines, lines, lines, lines, line + from, lineLength, most);
        }
      }
    }
  }

  /** Copies what row {@code i} of the kernel reads of the lines of {@code slot}. */
  private void copyLines(Scratch scratch, int slot, int i, int p, int length) {
    for (int j = 0; j < g.kernelW(); j++) {
      int u = j * g.dilationW();
      int line = slot * groupInputs * lineLength;
      line += u % g.strideW() * phaseLength + u / g.strideW();
      int row = (i * g.kernelW() + j) * groupInputs;
      for (int c = 0; c < groupInputs; c++) {
        System.arraycopy(scratch.floats, line, scratch.rows[row + c], p, length);
        line += lineLength;
      }
    }
  }

  /** {@code row[at + k] = input[from + k * step]}. */
  abstract void gather(Memory memory, int from, int step, float[] row, int at, int n);

  /**
   * Four neighbouring channels, each in an array of its own or {@code distance} apart in one:
   * {@code rq[at + q * distance + k] = input[from + k * step + q]}.
   */
  abstract void gather4(
      Memory memory,
      int from,
      int step,
      float[] r0,
      float[] r1,
      float[] r2,
      float[] r3,
      int at,
      int distance,
      int n);

  /**
   * Three neighbouring channels: {@code lines[at + q * distance + k] = input[from + k * step + q]}.
   */
  abstract void gather3(
      Memory memory, int from, int step, float[] lines, int at, int distance, int n);

  /** The value that stands for 0 outside of the input. */
  abstract float padding();

  /**
   * Computes output channels from {@code o} on of the {@code n} staged pixels; the rows of scratch
   * from {@link #paddedDepth} on are there to accumulate in.
   *
   * @param start index at which rows begin
   * @param count of the channels, a multiple of {@link #BLOCK}
   * @param at where the first pixel's first value goes, relative to the output tensor
   */
  abstract void outputs(Memory memory, Scratch scratch, int start, int o, int count, int n, int at);

  /** The same for one output channel. */
  abstract void output(Memory memory, Scratch scratch, int start, int o, int n, int at);

  /** Elements between two pixels of the output. */
  final int outputStride() {
    return g.outC();
  }

  @Override
  public final String microKernel() {
    return "pixelRows" + BLOCK + "x" + tile;
  }
}
