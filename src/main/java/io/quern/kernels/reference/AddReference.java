package io.quern.kernels.reference;

import io.quern.kernels.AddInt8;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.quant.FixedPoint;

/** {@link AddInt8} as its formula reads. A unit is one output element. */
final class AddReference implements Kernel {
  private final AddInt8 p;

  AddReference(AddInt8 p) {
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
      int l = FixedPoint.multiply(left << p.leftShift(), p.leftMultiplier(), p.leftExponent());
      int r = FixedPoint.multiply(right << p.leftShift(), p.rightMultiplier(), p.rightExponent());
      int sum = p.subtract() ? l - r : l + r;
      int q = FixedPoint.multiply(sum, p.outMultiplier(), p.outExponent()) + p.outZeroPoint();
      memory.bytes[p.out() + unit] = (byte) Clamp.clamp(q, p.qmin(), p.qmax());
    }
  }
}
