package io.quern.kernels.reference;

import io.quern.kernels.CopyInt8;
import io.quern.kernels.CopyRegion;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;

/** {@link CopyInt8}, one element after the other. A unit is one region. */
final class CopyReference implements Kernel {
  private final CopyInt8 p;

  CopyReference(CopyInt8 p) {
    this.p = p;
  }

  @Override
  public int units() {
    return p.regions().length;
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    for (int unit = from; unit < to; unit++) {
      CopyRegion region = p.regions()[unit];
      int elements = region.from().elements();
      for (int i = 0; i < elements; i++) {
        memory.bytes[region.to().at(i)] = memory.bytes[region.from().at(i)];
      }
    }
  }
}
