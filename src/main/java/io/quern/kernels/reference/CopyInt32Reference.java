package io.quern.kernels.reference;

import io.quern.kernels.CopyInt32;
import io.quern.kernels.CopyRegion;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;

/** {@link CopyInt32}, one element after the other. A unit is one region. */
final class CopyInt32Reference implements Kernel {
  private final CopyInt32 p;

  CopyInt32Reference(CopyInt32 p) {
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
        memory.ints[region.to().at(i)] = memory.ints[region.from().at(i)];
      }
    }
  }
}
