package io.quern.kernels.reference;

import io.quern.kernels.CopyFloat;
import io.quern.kernels.CopyRegion;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;

/** {@link CopyFloat}, one element after the other. A unit is one region. */
final class CopyFloatReference implements Kernel {
  private final CopyFloat p;

  CopyFloatReference(CopyFloat p) {
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
        memory.floats[region.to().at(i)] = memory.floats[region.from().at(i)];
      }
    }
  }
}
