package io.quern.kernels.reference;

import io.quern.kernels.Kernel;
import io.quern.kernels.MeanInt8;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.StridedView;
import io.quern.quant.FixedPoint;

/** {@link MeanInt8} as its formula reads. A unit is one output element. */
final class MeanReference implements Kernel {
  private final MeanInt8 p;

  MeanReference(MeanInt8 p) {
    this.p = p;
  }

  @Override
  public int units() {
    return p.kept().elements();
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    StridedView reduced = p.reduced();
    int count = reduced.elements();
    for (int unit = from; unit < to; unit++) {
      int first = p.kept().at(unit);
      int acc = 0;
      for (int j = 0; j < count; j++) {
        acc += memory.bytes[first + reduced.at(j)] - p.inputZeroPoint();
      }
      int q = FixedPoint.multiply(acc, p.multiplier(), p.shift()) + p.outputZeroPoint();
      memory.bytes[p.out() + unit] = (byte) Clamp.clamp(q, Byte.MIN_VALUE, Byte.MAX_VALUE);
    }
  }
}
