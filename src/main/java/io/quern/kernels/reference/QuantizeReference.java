package io.quern.kernels.reference;

import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.QuantizeInt8;
import io.quern.kernels.Scratch;
import io.quern.quant.Rounding;

/** {@link QuantizeInt8} as its formula reads. A unit is one element. */
final class QuantizeReference implements Kernel {
  private final QuantizeInt8 p;

  QuantizeReference(QuantizeInt8 p) {
    this.p = p;
  }

  @Override
  public int units() {
    return p.elements();
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    for (int i = from; i < to; i++) {
      float x = memory.floats[p.in() + i];
      memory.bytes[p.out() + i] = Rounding.quantize(x, p.scale(), p.zeroPoint());
    }
  }
}
