package io.quern.kernels.reference;

import io.quern.kernels.DequantizeInt8;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;

/** {@link DequantizeInt8} as its formula reads. A unit is one element. */
final class DequantizeReference implements Kernel {
  private final DequantizeInt8 p;

  DequantizeReference(DequantizeInt8 p) {
    this.p = p;
  }

  @Override
  public int units() {
    return p.elements();
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    for (int i = from; i < to; i++) {
      memory.floats[p.out() + i] = p.scale() * (memory.bytes[p.in() + i] - p.zeroPoint());
    }
  }
}
