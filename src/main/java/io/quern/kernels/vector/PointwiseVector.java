package io.quern.kernels.vector;

import io.quern.kernels.Conv2dInt8;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;

/** Pointwise convolution: a tile of pixels is staged as float, then multiplied panel by panel. */
final class PointwiseVector implements Kernel {
  /** Pixels of a unit: enough to pay for reading the weights again. */
  private static final int MOST_PIXELS = 48;

  private final int in;
  private final int out;
  private final int pixels;
  private final int inC;
  private final int outC;
  private final int tile;
  private final Panels panels;
  private final LaneRequantizer requantizer;

  private PointwiseVector(Conv2dInt8 p, FloatSums sums) {
    in = p.in();
    out = p.out();
    pixels = p.geometry().pixels();
    inC = p.geometry().inC();
    outC = p.geometry().outC();
    int units = (pixels + MOST_PIXELS - 1) / MOST_PIXELS;
    int even = (pixels + units - 1) / units;
    tile = Math.min(MOST_PIXELS, (even + 11) / 12 * 12);
    panels = new Panels(p.weights(), p.weightsZeroPoint(), sums.start(), inC);
    requantizer = new LaneRequantizer(p.requantization(), sums);
  }

  /** Null when the sums may be inexact. */
  static Kernel create(Conv2dInt8 p) {
    FloatSums sums =
        FloatSums.prove(
            p.weights(),
            p.weightsZeroPoint(),
            p.bias(),
            p.inputZeroPoint(),
            p.geometry().inC(),
            true);
    return sums == null ? null : new PointwiseVector(p, sums);
  }

  @Override
  public int units() {
    return (pixels + tile - 1) / tile;
  }

  @Override
  public ScratchSize scratch() {
    int rows = tile + Gemm.MOST_PIXELS;
    return new ScratchSize(Lanes.COUNT, 0, tile * Lanes.COUNT, rows * (inC + panels.maxWidth()));
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    float[] floats = scratch.floats;
    int rows = tile + Gemm.MOST_PIXELS;
    int acc = rows * inC;
    for (int unit = from; unit < to; unit++) {
      int first = unit * tile;
      int n = Math.min(tile, pixels - first);
      Lanes.toFloats(memory.bytes, in + first * inC, floats, 0, n * inC);
      multiply(panels, n, inC, floats, acc, requantizer, memory, out + first * outC, outC, scratch);
    }
  }

  /**
   * All panels of {@code n} staged pixels.
   *
   * @param acc where sums go
   */
  static void multiply(
      Panels panels,
      int n,
      int inC,
      float[] floats,
      int acc,
      LaneRequantizer requantizer,
      Memory memory,
      int out,
      int outC,
      Scratch scratch) {
    // The last panel first: its stores may spill over the first channels of the next pixel.
    for (int i = panels.count - 1; i >= 0; i--) {
      int o = panels.firstOutput(i);
      int width = panels.width(i);
      Gemm.run(
          panels.vectors(i),
          n,
          floats,
          0,
          inC,
          panels.weights,
          panels.weightsAt(i),
          inC,
          panels.bias,
          o,
          0,
          floats,
          acc,
          width);
      requantizer.tile(
          floats,
          acc,
          Lanes.COUNT,
          width,
          memory.bytes,
          out + o,
          outC,
          o,
          panels.channels(i),
          n,
          scratch,
          0);
    }
  }

  @Override
  public String microKernel() {
    return "gemm" + Gemm.tilePixels(panels.vectors(0)) + "x" + panels.maxWidth();
  }
}
