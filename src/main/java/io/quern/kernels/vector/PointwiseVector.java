package io.quern.kernels.vector;

import io.quern.kernels.Conv2dInt8;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Parts;
import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;

/**
 * Pointwise convolution: a tile of pixels is staged as float, then multiplied panel by panel. A
 * unit is a panel of a tile, which is staged once for those that follow each other; or, where that
 * makes few units, some pixels, which are taken together in tiles.
 */
final class PointwiseVector implements Kernel {
  /** Pixels of a tile: enough to pay for reading the weights again. */
  private static final int MOST_PIXELS = 56;

  /** Panels that layers have to have, in all tiles, to be divided by panel. */
  private static final int LEAST_UNITS = 16;

  private final int in;
  private final int out;
  private final int pixels;
  private final int inC;
  private final int outC;
  private final int tile;

  /** Panels that are units of a tile, or 1. */
  private final int groups;

  /** Pixels of a unit. */
  private final int chunk;

  private final Panels panels;
  private final LaneRequantizer requantizer;
  private final boolean eightInputs;

  private PointwiseVector(Conv2dInt8 p, FloatSums sums) {
    in = p.in();
    out = p.out();
    pixels = p.geometry().pixels();
    inC = p.geometry().inC();
    outC = p.geometry().outC();
    int whole = Gemm.wholePixels(Gemm.panelVectors(Lanes.roundUp(outC) / Lanes.COUNT));
    int most = MOST_PIXELS / whole * whole;
    tile = even(pixels, most, whole);
    int tiles = (pixels + tile - 1) / tile;
    panels = new Panels(p.weights(), p.weightsZeroPoint(), sums.start(), 1, inC, tile);
    // Stores of a vector that is not full spill over the next pixel: one unit has all panels.
    boolean byPanel = outC % Lanes.COUNT == 0 && tiles * panels.count >= LEAST_UNITS;
    groups = byPanel ? panels.count : 1;
    chunk = byPanel ? tile : whole;
    requantizer = new LaneRequantizer(p.requantization(), sums);
    boolean all = inC == 8 && outC % Lanes.COUNT == 0;
    for (int c = 0; all && c < outC; c += Lanes.COUNT) {
      all = requantizer.takesEightInputs(c);
    }
    eightInputs = all;
  }

  /** Pixels of the fewest tiles of at most {@code most}, a multiple of {@code whole}. */
  private static int even(int pixels, int most, int whole) {
    return (Parts.even(pixels, most) + whole - 1) / whole * whole;
  }

  /** Null when the sums may be inexact. */
  static Kernel create(Conv2dInt8 p) {
    FloatSums sums = prove(p);
    return sums == null ? null : new PointwiseVector(p, sums);
  }

  static FloatSums prove(Conv2dInt8 p) {
    return FloatSums.prove(
        p.weights(), p.weightsZeroPoint(), p.bias(), p.inputZeroPoint(), p.geometry().inC(), true);
  }

  @Override
  public int units() {
    return (pixels + chunk - 1) / chunk * groups;
  }

  @Override
  public int grain() {
    return tile / chunk;
  }

  @Override
  public ScratchSize scratch() {
    int rows = tile + Gemm.MOST_PIXELS;
    return LaneRequantizer.scratch(tile * Lanes.COUNT, rows * (inC + panels.maxWidth()));
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    float[] floats = scratch.floats;
    int acc = (tile + Gemm.MOST_PIXELS) * inC;
    int end = Math.min(pixels, (to + groups - 1) / groups * chunk);
    int n;
    for (int unit = from; unit < to; unit += (n + chunk - 1) / chunk) {
      int group = unit % groups;
      int first = unit / groups * chunk;
      n = Math.min(end - first, even(end - first, tile, chunk));
      if (unit == from || group == 0) {
        Lanes.toFloats(memory.bytes, in + first * inC, floats, 0, n * inC);
        Gemm.clearBehind(floats, n * inC);
      }
      // The last panel first: its stores may spill over the first channels of the next pixel.
      int count = panels.count / groups;
      for (int i = (group + 1) * count - 1; i >= group * count; i--) {
        if (eightInputs) {
          panels.eightInputs(requantizer, i, floats, memory.bytes, out + first * outC, n);
          continue;
        }
        panels.multiply(i, n, floats, 0, inC, Gemm.padded(inC), acc);
        panels.requantize(
            requantizer, i, floats, acc, memory.bytes, out + first * outC, n, scratch, 0);
      }
    }
  }

  @Override
  public String microKernel() {
    return (eightInputs ? "eight" : "gemm")
        + Gemm.tilePixels(panels.vectors(0))
        + "x"
        + panels.maxWidth();
  }
}
