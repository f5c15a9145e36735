package io.quern.kernels.portable;

import io.quern.kernels.CacheLines;
import io.quern.kernels.ConvGeometry;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Parts;
import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;
import java.util.Arrays;

/**
 * Depthwise convolution, one output row of one segment of channels per unit. Rows hold the values
 * of some pixels, at most {@link #LENGTH} of them: a block.
 *
 * <p>With more than {@link #MOST_SHARING} channels a block is one pixel: each input pixel is staged
 * once, in a row that all kernel columns read. With fewer it is some output pixels: each input line
 * is staged once as padded floats, with the columns of each residue modulo the stride together, and
 * copied for each column of the kernel to the rows that it meets in every block. Either way the
 * rows of one block under all kernel elements are multiplied by weights, which repeat every pixel.
 *
 * <p>Lines are cut into strips of some blocks and segments of channels, so that the rows of all
 * kernel elements stay in cache while the output goes down the strip.
 */
abstract class DepthwiseRows implements Kernel {
  /** Values of the rows of a strip: 32 kB, of which a nearest cache has at least as much. */
  private static final int STRIP_VALUES = 64 * 128;

  /** Values of a row, at most: longer rows leave less to what C2 does before and after vectors. */
  static final int LENGTH = 320;

  /** Output rows that are worth converting the input rows again that others have converted. */
  private static final int GRAIN = 4;

  /** With more channels than this a row is one pixel. */
  private static final int MOST_SHARING = 64;

  /** Channels of the output. */
  protected final int channels;

  /** Pixels of one block. */
  protected final int blockPixels;

  /** Even parts of at most {@link #LENGTH} that the channels are cut into. */
  protected final int segments;

  /** Channels of a segment, but for the last. */
  protected final int segment;

  private final int rowLength;

  private final ConvGeometry g;
  private final int in;
  private final int multiplier;
  private final int taps;
  private final int paddedTaps;
  private final float[][] weightRows;
  private final int ring;
  private final int strips;
  private final int stripBlocks;
  private final int width;
  private final int phaseLength;

  /** Whether rows hold input pixels, [slot][column], and not what a kernel column meets. */
  private final boolean pixelRows;

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
    this.pixelRows =
        channels > MOST_SHARING && geometry.dilationH() == 1 && geometry.dilationW() == 1;
    this.blockPixels = pixelRows ? 1 : Parts.even(geometry.outW(), Math.max(1, LENGTH / channels));
    this.segment = Rows.tile(channels, LENGTH);
    this.segments = (channels + segment - 1) / segment;
    this.ring = (geometry.kernelH() - 1) * geometry.dilationH() + 1;
    int blocks = (geometry.outW() + blockPixels - 1) / blockPixels;
    int reach = (geometry.kernelW() - 1) * geometry.dilationW();
    int values = blockPixels * segmentChannels(0);
    this.rowLength = Rows.wholeFrom0(values);
    int stripRows = Math.max(1, STRIP_VALUES / values);
    int fitting =
        pixelRows
            ? (stripRows / ring - reach) / geometry.strideW()
            : stripRows / (ring * geometry.kernelW());
    int most = Math.max(fitting, 2 * geometry.kernelW());
    this.strips = (blocks + most - 1) / most;
    this.stripBlocks = (blocks + strips - 1) / strips;
    this.width = (stripBlocks * blockPixels - 1) * geometry.strideW() + reach + 1;
    this.phaseLength = (width + geometry.strideW() - 1) / geometry.strideW();
    this.weightRows = new float[segments * paddedTaps][];
    for (int s = 0; s < segments; s++) {
      for (int t = 0; t < paddedTaps; t++) {
        float[] row = new float[CacheLines.floats(rowLength)];
        int n = segmentChannels(s);
        for (int b = 0; t < taps && b < blockPixels; b++) {
          System.arraycopy(weights, t * channels + s * segment, row, b * n, n);
        }
        weightRows[s * paddedTaps + t] = row;
      }
    }
  }

  /** Channels of segment {@code s}, the first of which is {@code s * segment}. */
  final int segmentChannels(int s) {
    return Math.min(segment, channels - s * segment);
  }

  @Override
  public final int units() {
    return segments * outputRows();
  }

  @Override
  public final int grain() {
    return GRAIN;
  }

  @Override
  public final ScratchSize scratch() {
    int lines = g.strideW() > 1 && convertsRuns() ? 2 : 1;
    int line = pixelRows ? 0 : lines * phaseLength * g.strideW() * segmentChannels(0);
    int rows = ring * (pixelRows ? width : g.kernelW() * stripBlocks);
    return new ScratchSize(0, 0, ring + taps, line, rows, 0, RowStart.CHOICES, rowLength);
  }

  @Override
  public final void run(Memory memory, Scratch scratch, int from, int to) {
    int rows = outputRows();
    float[] acc = scratch.shiftedRows[RowStart.shift(scratch)];
    int last;
    for (int unit = from; unit < to; unit = last) {
      int s = unit / rows;
      last = Math.min(to, (s + 1) * rows);
      for (int strip = 0; strip < strips; strip++) {
        int x = strip * stripBlocks * blockPixels;
        strip(memory, scratch, acc, s, x, unit - s * rows, last - s * rows);
      }
    }
  }

  private int outputRows() {
    return g.batch() * g.outH();
  }

  /** Output rows {@code from} to {@code to} of the strip that starts at column {@code x}. */
  private void strip(Memory memory, Scratch scratch, float[] acc, int s, int x, int from, int to) {
    int[] staged = scratch.ints;
    Arrays.fill(staged, 0, ring, Integer.MIN_VALUE);
    for (int row = from; row < to; row++) {
      int batch = row / g.outH();
      int y = row % g.outH();
      if (y == 0) {
        Arrays.fill(staged, 0, ring, Integer.MIN_VALUE);
      }
      for (int i = 0; i < g.kernelH(); i++) {
        int iy = y * g.strideH() - g.padTop() + i * g.dilationH();
        int slot = Math.floorMod(iy, ring);
        if (staged[slot] != iy) {
          staged[slot] = iy;
          if (pixelRows) {
            stagePixels(memory, scratch.rows, slot * width, s, x, batch, iy);
          } else {
            stage(memory, scratch.floats, s, x, batch, iy);
            copyLine(scratch, slot, s, x);
          }
        }
        for (int j = 0; j < g.kernelW(); j++) {
          staged[ring + i * g.kernelW() + j] =
              pixelRows ? slot * width + j * g.dilationW() : (slot * g.kernelW() + j) * stripBlocks;
        }
      }
      outputRow(memory, scratch, acc, s, x, row * g.outW());
    }
  }

  /** Fills the line with what the strip reads of input row {@code iy}. */
  private void stage(Memory memory, float[] line, int s, int x, int batch, int iy) {
    int n = segmentChannels(s);
    int stride = g.strideW();
    int left = x * stride - g.padLeft();
    boolean inside = iy >= 0 && iy < g.inH();
    int first = inside ? Math.min(width, Math.max(0, -left)) : width;
    int end = Math.max(first, Math.min(width, g.inW() - left));
    int row = in + ((batch * g.inH() + iy) * g.inW() + left) * g.inC();
    pad(line, 0, first, n);
    pad(line, end, width, n);
    if (multiplier > 1) {
      for (int u = first; u < end; u++) {
        repeat(memory, row + u * g.inC(), line, at(u) * n, s * segment, n, multiplier);
      }
    } else if (n == channels && first < end && (stride == 1 || convertsRuns())) {
      int whole = stride == 1 ? 0 : phaseLength * stride * n;
      convert(memory, row + first * n, line, whole + first * n, (end - first) * n);
      for (int u = first; stride > 1 && u < end; u++) {
        System.arraycopy(line, whole + u * n, line, at(u) * n, n);
      }
    } else {
      for (int u = first; u < end; u++) {
        convert(memory, row + u * channels + s * segment, line, at(u) * n, n);
      }
    }
  }

  /** Fills the rows from {@code first} on with the pixels of input row {@code iy}. */
  private void stagePixels(
      Memory memory, float[][] rows, int first, int s, int x, int batch, int iy) {
    int n = segmentChannels(s);
    int left = x * g.strideW() - g.padLeft();
    boolean inside = iy >= 0 && iy < g.inH();
    int row = in + ((batch * g.inH() + iy) * g.inW() + left) * g.inC();
    for (int u = 0; u < width; u++) {
      float[] to = rows[first + u];
      if (!inside || left + u < 0 || left + u >= g.inW()) {
        Rows.fill(to, padding(), 0, n);
      } else if (multiplier > 1) {
        repeat(memory, row + u * g.inC(), to, 0, s * segment, n, multiplier);
      } else {
        convert(memory, row + u * channels + s * segment, to, 0, n);
      }
    }
  }

  private void pad(float[] line, int from, int to, int n) {
    for (int u = from; u < to; u++) {
      Arrays.fill(line, at(u) * n, at(u) * n + n, padding());
    }
  }

  /** Where in a line input column {@code u} of the strip lies. */
  private int at(int u) {
    return u % g.strideW() * phaseLength + u / g.strideW();
  }

  /** Copies the line to the rows of {@code slot}, [kernel column][block]. */
  private void copyLine(Scratch scratch, int slot, int s, int x) {
    int n = segmentChannels(s);
    int pixels = Math.min(stripBlocks * blockPixels, g.outW() - x);
    int row = slot * g.kernelW() * stripBlocks;
    for (int j = 0; j < g.kernelW(); j++) {
      int from = at(j * g.dilationW());
      for (int b = 0; b * blockPixels < pixels; b++) {
        int p = b * blockPixels;
        int length = Math.min(blockPixels, pixels - p) * n;
        System.arraycopy(scratch.floats, (from + p) * n, scratch.rows[row + b], 0, length);
      }
      row += stripBlocks;
    }
  }

  private void outputRow(Memory memory, Scratch scratch, float[] acc, int s, int x, int pixel) {
    int pixels = Math.min(stripBlocks * blockPixels, g.outW() - x);
    float[][] rows = scratch.rows;
    int[] first = scratch.ints;
    int step = pixelRows ? g.strideW() : 1;
    boolean exact = sumsAreExact();
    for (int b = 0; b * blockPixels < pixels; b++) {
      int p = b * blockPixels;
      int n = Math.min(blockPixels, pixels - p) * segmentChannels(s);
      int whole = Rows.wholeFrom0(n);
      start(acc, s, n, whole);
      for (int t = 0; t < paddedTaps; t += 3) {
        float[] r0 = rows[first[ring + t] + b * step];
        float[] r1 = rows[first[ring + Math.min(t + 1, taps - 1)] + b * step];
        float[] r2 = rows[first[ring + Math.min(t + 2, taps - 1)] + b * step];
        int w = s * paddedTaps + t;
        if (exact) {
          Rows.addProducts(
              acc, r0, weightRows[w], r1, weightRows[w + 1], r2, weightRows[w + 2], whole);
        } else {
          FloatRows.addProducts(
              acc, r0, weightRows[w], r1, weightRows[w + 1], r2, weightRows[w + 2], whole);
        }
      }
      finish(memory, acc, s, n, (pixel + x + p) * channels + s * segment);
    }
  }

  /** The staged value of positions outside the input. */
  abstract float padding();

  /** Whether no sum is ever rounded, so that it does not matter how often. */
  abstract boolean sumsAreExact();

  /** {@code line[to + i] = input[from + i]}. */
  abstract void convert(Memory memory, int from, float[] line, int to, int n);

  /** Whether {@link #convert} is so much faster in long runs that pixels are moved afterwards. */
  abstract boolean convertsRuns();

  /** {@code line[to + i] = input[from + (first + i) / times]}. */
  abstract void repeat(Memory memory, int from, float[] line, int to, int first, int n, int times);

  /**
   * First value of the {@code n} sums of a block of segment {@code s}; up to {@code whole} they may
   * be anything.
   */
  abstract void start(float[] acc, int s, int n, int whole);

  /**
   * Writes a block of segment {@code s}.
   *
   * @param at relative to the output tensor
   */
  abstract void finish(Memory memory, float[] acc, int s, int n, int at);

  @Override
  public final String microKernel() {
    return "channelRows3x" + blockPixels * segmentChannels(0);
  }
}
