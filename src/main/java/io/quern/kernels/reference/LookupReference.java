package io.quern.kernels.reference;

import io.quern.kernels.Kernel;
import io.quern.kernels.LookupInt8;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;

/** {@link LookupInt8} as its formula reads. A unit is one element. */
final class LookupReference implements Kernel {
  private final LookupInt8 p;

  LookupReference(LookupInt8 p) {
    this.p = p;
  }

  @Override
  public int units() {
    return p.elements();
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    for (int i = from; i < to; i++) {
      memory.bytes[p.out() + i] = p.table()[memory.bytes[p.in() + i] + 128];
    }
  }
}
