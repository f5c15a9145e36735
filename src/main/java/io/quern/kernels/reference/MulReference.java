package io.quern.kernels.reference;

import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.MulInt8;
import io.quern.kernels.Scratch;
import io.quern.quant.FixedPoint;

/** {@link MulInt8} as its formula reads. A unit is one output element. */
final class MulReference implements Kernel {
  private final MulInt8 p;

  MulReference(MulInt8 p) {
    this.p = p;
  }

  @Override
  public int units() {
    return p.left().elements();
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    for (int unit = from; unit < to; unit++) {
      int left = memory.bytes[p.left().at(unit)] - p.leftZeroPoint();
      int right = memory.bytes[p.right().at(unit)] - p.rightZeroPoint();
      int q = FixedPoint.multiply(left * right, p.multiplier(), p.shift()) + p.outZeroPoint();
      memory.bytes[p.out() + unit] = (byte) Clamp.clamp(q, p.qmin(), p.qmax());
    }
  }
}
