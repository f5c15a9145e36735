package io.quern.kernels.portable;

import io.quern.kernels.Conv2dInt8;
import io.quern.kernels.ConvGeometry;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;
import java.util.Arrays;

/**
 * int8 convolution with binary weights, {@code w = factor * b}, {@code b} in {-1, +1} and a factor
 * for each output channel, whose signs are held as bits: the sums of four inputs under each of the
 * sixteen combinations of signs are tabulated once, for a row of pixels each, and every output
 * channel adds one of the sixteen rows where it would multiply and add four times.
 *
 * <p>Rows are of 16-bit values, twice as many to a vector as float has: a sum of {@link
 * #MOST_GROUPS} groups of four inputs of magnitude 128 fits. A unit is a block of output channels
 * of one tile of pixels.
 */
final class Conv2dBinaryPortable implements Kernel {
  /** Inputs of one table. */
  private static final int GROUP = 4;

  /** Groups that are tabulated together; {@link Rows#addRows} takes four at a time. */
  private static final int CHUNK = 16;

  /** Groups whose sum fits 16 bits, in whole chunks: {@code 48 * 4 * 128 < 2^15}. */
  private static final int MOST_GROUPS = 3 * CHUNK;

  /** Sums that are kept while the inputs pass by, so that they stay in a second-level cache. */
  private static final int MOST_SUMS = 256;

  private static final int LENGTH = 2 * Rows.LENGTH;
  private static final int LEAST_PIXELS = 64;
  private static final int LEAST_CHANNELS = 64;
  private static final int SIGNS = 1 << GROUP;

  /** Short rows: the tables of a chunk, four inputs, the sums. */
  private static final int INPUTS = CHUNK * SIGNS;

  private static final int SUMS = INPUTS + GROUP;

  private final ConvGeometry g;
  private final int in;
  private final int out;
  private final int depth;
  private final int groups;
  private final int tile;

  /** [outC]; all weights of the channel are this or its negative. */
  private final int[] factors;

  /**
   * [outC, groups / 2]: bit {@code k % 8} of byte {@code k / 8} is set where weight k is positive.
   */
  private final byte[] signs;

  /** Output channels whose sums are kept together, a multiple of 4. */
  private final int block;

  private final int blocks;

  private final int inputZeroPoint;
  private final RowRequantizer requantizer;

  Conv2dBinaryPortable(Conv2dInt8 p) {
    g = p.geometry();
    in = p.in();
    out = p.out();
    depth = depth(g);
    groups = groups(depth);
    tile = Rows.tile(g.pixels(), LENGTH);
    block = Math.min(MOST_SUMS, g.outC() + 3 & ~3);
    blocks = (g.outC() + block - 1) / block;
    inputZeroPoint = p.inputZeroPoint();
    factors = new int[g.outC()];
    signs = new byte[g.outC() * groups / 2];
    int[] bias = new int[g.outC()];
    for (int o = 0; o < bias.length; o++) {
      int sum = 0;
      for (int k = 0; k < depth; k++) {
        byte w = p.weights()[o * depth + k];
        sum += w;
        signs[o * groups / 2 + k / 8] |= (byte) ((w > 0 ? 1 : 0) << k % 8);
      }
      factors[o] = Math.abs(p.weights()[o * depth]);
      bias[o] = p.bias()[o] - inputZeroPoint * sum;
    }
    int[] bounds = ExactSums.bounds(p.weights(), 0, g.outC(), depth);
    requantizer = new RowRequantizer(p.requantization(), bias, bounds);
  }

  /** Whether weights are binary, and enough channels share the tables. */
  static boolean supports(Conv2dInt8 p) {
    ConvGeometry g = p.geometry();
    int depth = depth(g);
    return p.groups() == 1
        && p.weightsZeroPoint() == 0
        && g.pixels() >= LEAST_PIXELS
        && Math.min(depth, g.outC()) >= LEAST_CHANNELS
        && (g.isPointwise() || g.inC() % GROUP == 0)
        && isBinary(p.weights(), g.outC(), depth)
        && ExactSums.runLength(p.weights(), 0, g.outC(), depth, 1) >= depth;
  }

  private static boolean isBinary(byte[] weights, int outputs, int depth) {
    for (int o = 0; o < outputs; o++) {
      int factor = Math.abs(weights[o * depth]);
      for (int k = 1; k < depth; k++) {
        if (Math.abs(weights[o * depth + k]) != factor) {
          return false;
        }
      }
    }
    return true;
  }

  private static int depth(ConvGeometry g) {
    return g.kernelH() * g.kernelW() * g.inC();
  }

  /** Groups of a depth, a multiple of 4. */
  private static int groups(int depth) {
    return (depth + 4 * GROUP - 1) / (4 * GROUP) * 4;
  }

  @Override
  public int units() {
    return (g.pixels() + tile - 1) / tile * blocks;
  }

  @Override
  public ScratchSize scratch() {
    int floats = groups > MOST_GROUPS ? block : 4;
    return new ScratchSize(0, 0, 0, 0, floats, SUMS + block, 0, Rows.whole(LENGTH));
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    for (int unit = from; unit < to; unit++) {
      int first = unit / blocks * tile;
      int o = unit % blocks * block;
      int n = Math.min(tile, g.pixels() - first);
      outputs(memory, scratch, first, n, o, Math.min(block, g.outC() - o));
    }
  }

  /** Output channels {@code o} to {@code o + count} of {@code n} pixels. */
  private void outputs(Memory memory, Scratch scratch, int first, int n, int o, int count) {
    boolean whole = groups <= MOST_GROUPS;
    for (int q = 0; q < count && !whole; q++) {
      Rows.fill(scratch.rows[q], 0, 0, n);
    }
    for (int g0 = 0; g0 < groups; g0 += MOST_GROUPS) {
      int end = Math.min(groups, g0 + MOST_GROUPS);
      for (int q = 0; q < count; q++) {
        Rows.clear(scratch.shortRows[SUMS + q], n);
      }
      for (int chunk = g0; chunk < end; chunk += CHUNK) {
        int chunkEnd = Math.min(end, chunk + CHUNK);
        for (int group = chunk; group < chunkEnd; group++) {
          tabulate(memory, scratch.shortRows, group, (group - chunk) * SIGNS, first, n);
        }
        add(scratch.shortRows, chunk, chunkEnd, o, count, n);
      }
      for (int q = 0; q < count && !whole; q++) {
        addSums(scratch, q, o + q, scratch.rows[q], n);
      }
    }
    for (int q = 0; q < count; q += 4) {
      int four = Math.min(4, count - q);
      int row = whole ? 0 : q;
      for (int i = 0; i < four && whole; i++) {
        Rows.fill(scratch.rows[i], 0, 0, n);
        addSums(scratch, q + i, o + q + i, scratch.rows[i], n);
      }
      int at = out + first * g.outC() + o + q;
      if (four == 4) {
        requantizer.channels4(scratch.rows, row, 0, o + q, n, memory.bytes, at, g.outC());
      } else {
        for (int i = 0; i < four; i++) {
          float[] acc = scratch.rows[row + i];
          requantizer.channel(acc, 0, o + q + i, n, memory.bytes, at + i, g.outC());
        }
      }
    }
  }

  private void addSums(Scratch scratch, int q, int o, float[] acc, int n) {
    Rows.addScaled(acc, scratch.shortRows[SUMS + q], factors[o], n);
  }

  /** Adds to each sum the row of each group's table that the signs of its weights name. */
  private void add(short[][] rows, int chunk, int end, int o, int count, int n) {
    for (int q = 0; q < count; q++) {
      short[] sum = rows[SUMS + q];
      int at = (o + q) * groups / 2 + chunk / 2;
      for (int table = 0; table < (end - chunk) * SIGNS; table += 4 * SIGNS) {
        int low = signs[at];
        int high = signs[at + 1];
        at += 2;
        Rows.addRows(
            sum,
            rows[table + (low & 15)],
            rows[table + SIGNS + (low >> 4 & 15)],
            rows[table + 2 * SIGNS + (high & 15)],
            rows[table + 3 * SIGNS + (high >> 4 & 15)],
            n);
      }
    }
  }

  /** Row {@code at + signs}: the sum of the group's four inputs, negative where a bit is clear. */
  private void tabulate(Memory memory, short[][] rows, int group, int at, int first, int n) {
    short[] a = rows[INPUTS];
    short[] b = rows[INPUTS + 1];
    short[] c = rows[INPUTS + 2];
    short[] d = rows[INPUTS + 3];
    stage(memory, rows, group * GROUP, first, n);
    Rows.minusHalfSum(rows[at], a, b, c, d, n);
    expand(rows, at, 4, c, d, n);
    for (int i = 0; i < SIGNS; i += 4) {
      expand(rows, at + i, 1, a, b, n);
    }
  }

  private static void expand(short[][] rows, int at, int step, short[] x, short[] y, int n) {
    Rows.expand(rows[at], rows[at + step], rows[at + 2 * step], rows[at + 3 * step], x, y, n);
  }

  /** Fills the four rows of inputs with twice the inputs {@code k} to {@code k + 3} of pixels. */
  private void stage(Memory memory, short[][] rows, int k, int first, int n) {
    int c = k % g.inC();
    int i = k / g.inC() / g.kernelW();
    int j = k / g.inC() % g.kernelW();
    if (k >= depth) {
      for (int q = 0; q < GROUP; q++) {
        Rows.clear(rows[INPUTS + q], n);
      }
    } else if (g.isPointwise()) {
      gather(
          memory.bytes, in + first * g.inC() + c, g.inC(), rows, Math.min(GROUP, depth - k), 0, n);
    } else {
      for (int p = 0; p < n; ) {
        int x = (first + p) % g.outW();
        int row = (first + p) / g.outW();
        int length = Math.min(n - p, g.outW() - x);
        stageSegment(memory.bytes, rows, c, i, j, row, x, p, length);
        p += length;
      }
    }
  }

  /** The inputs that meet kernel element (i, j) for a part of one output row. */
  private void stageSegment(
      byte[] bytes, short[][] rows, int c, int i, int j, int row, int x, int p, int length) {
    int y = row % g.outH() * g.strideH() + i * g.dilationH() - g.padTop();
    int left = x * g.strideW() + j * g.dilationW() - g.padLeft();
    int stride = g.strideW();
    boolean inside = y >= 0 && y < g.inH();
    int from = inside ? Math.min(length, Math.max(0, -Math.floorDiv(left, stride))) : length;
    int to = Math.max(from, Math.min(length, Math.floorDiv(g.inW() - 1 - left, stride) + 1));
    short padding = (short) (2 * inputZeroPoint);
    for (int q = 0; q < GROUP; q++) {
      Arrays.fill(rows[INPUTS + q], p, p + from, padding);
      Arrays.fill(rows[INPUTS + q], p + to, p + length, padding);
    }
    if (from < to) {
      int line = (row / g.outH() * g.inH() + y) * g.inW();
      int first = in + (line + left + from * stride) * g.inC() + c;
      gather(bytes, first, stride * g.inC(), rows, GROUP, p + from, to - from);
    }
  }

  private static void gather(
      byte[] bytes, int from, int step, short[][] rows, int count, int at, int n) {
    if (count == GROUP) {
      short[] a = rows[INPUTS];
      Rows.gatherTwice4(
          bytes, from, step, a, rows[INPUTS + 1], rows[INPUTS + 2], rows[INPUTS + 3], at, n);
      return;
    }
    for (int q = 0; q < GROUP; q++) {
      if (q < count) {
        Rows.gatherTwice(bytes, from + q, step, rows[INPUTS + q], at, n);
      } else {
        Rows.clear(rows[INPUTS + q], n);
      }
    }
  }

  @Override
  public String microKernel() {
    return "binaryRows" + GROUP + "x" + tile;
  }
}
