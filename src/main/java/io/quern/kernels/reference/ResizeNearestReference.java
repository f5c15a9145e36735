package io.quern.kernels.reference;

import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.ResizeGeometry;
import io.quern.kernels.ResizeNearest;
import io.quern.kernels.Scratch;

/** {@link ResizeNearest} as its formula reads. A unit is an output row of one image. */
final class ResizeNearestReference implements Kernel {
  private final ResizeNearest p;

  ResizeNearestReference(ResizeNearest p) {
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
      int row = unit / g.outH() * g.inH() + p.rows()[unit % g.outH()];
      for (int x = 0; x < g.outW(); x++) {
        int in = p.in() + (row * g.inW() + p.columns()[x]) * g.channels();
        int out = p.out() + (unit * g.outW() + x) * g.channels();
        for (int c = 0; c < g.channels(); c++) {
          if (p.floats()) {
            memory.floats[out + c] = memory.floats[in + c];
          } else {
            memory.bytes[out + c] = memory.bytes[in + c];
          }
        }
      }
    }
  }
}
