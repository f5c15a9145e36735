package io.quern.kernels.reference;

import io.quern.kernels.CopyRegion;
import io.quern.kernels.Kernel;
import io.quern.kernels.LookupCopyInt8;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;

/** {@link LookupCopyInt8}, one element after the other. A unit is one region. */
final class LookupCopyReference implements Kernel {
  private final LookupCopyInt8 p;

  LookupCopyReference(LookupCopyInt8 p) {
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
      byte[] table = p.tables()[unit];
      int elements = region.from().elements();
      for (int i = 0; i < elements; i++) {
        int q = memory.bytes[region.from().at(i)];
        memory.bytes[region.to().at(i)] = table[q + 128];
      }
    }
  }
}
