package io.quern.kernels.reference;

import io.quern.kernels.Copy;
import io.quern.kernels.CopyRegion;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;

/** {@link Copy}, one element after the other. A unit is one region. */
final class CopyReference implements Kernel {
  private final Copy p;

  CopyReference(Copy p) {
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
        int source = region.from().at(i);
        int target = region.to().at(i);
        switch (p.elements()) {
          case BYTES -> {
            byte q = memory.bytes[source];
            memory.bytes[target] = p.tables() == null ? q : p.tables()[unit][q + 128];
          }
          case FLOATS -> memory.floats[target] = memory.floats[source];
          case INTS -> memory.ints[target] = memory.ints[source];
        }
      }
    }
  }
}
