package io.quern.kernels.reference;

import io.quern.kernels.FixedInterpolation;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.ResizeBilinearInt8;
import io.quern.kernels.ResizeGeometry;
import io.quern.kernels.Scratch;

/** {@link ResizeBilinearInt8} as its formula reads. A unit is an output row of one image. */
final class ResizeBilinearReference implements Kernel {
  private static final int ONE = 1 << FixedInterpolation.BITS;
  private static final int HALF = 1 << (2 * FixedInterpolation.BITS - 1);

  private final ResizeBilinearInt8 p;

  ResizeBilinearReference(ResizeBilinearInt8 p) {
    this.p = p;
  }

  @Override
  public int units() {
    return p.geometry().batch() * p.geometry().outH();
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    ResizeGeometry g = p.geometry();
    for (int unit = from; unit < to; unit++) {
      int n = unit / g.outH();
      int y = unit % g.outH();
      int upperRow = p.in() + (n * g.inH() + p.rows().lower()[y]) * g.inW() * g.channels();
      int lowerRow = p.in() + (n * g.inH() + p.rows().upper()[y]) * g.inW() * g.channels();
      long fy = p.rows().fraction()[y];
      for (int x = 0; x < g.outW(); x++) {
        int left = p.columns().lower()[x] * g.channels();
        int right = p.columns().upper()[x] * g.channels();
        long fx = p.columns().fraction()[x];
        for (int c = 0; c < g.channels(); c++) {
          long sum =
              memory.bytes[upperRow + left + c] * (ONE - fy) * (ONE - fx)
                  + memory.bytes[lowerRow + left + c] * fy * (ONE - fx)
                  + memory.bytes[upperRow + right + c] * (ONE - fy) * fx
                  + memory.bytes[lowerRow + right + c] * fy * fx;
          long rounded = (sum + (sum > 0 ? HALF : -HALF)) / (2 * HALF);
          memory.bytes[p.out() + (unit * g.outW() + x) * g.channels() + c] = (byte) rounded;
        }
      }
    }
  }
}
