package io.quern.kernels.reference;

import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.PreluInt8;
import io.quern.kernels.Scratch;
import io.quern.quant.FixedPoint;

/** {@link PreluInt8} as its formula reads. A unit is one element. */
final class PreluReference implements Kernel {
  private final PreluInt8 p;

  PreluReference(PreluInt8 p) {
    this.p = p;
  }

  @Override
  public int units() {
    return p.in().elements();
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    for (int unit = from; unit < to; unit++) {
      int x = memory.bytes[p.in().at(unit)] - p.inputZeroPoint();
      int alpha = memory.bytes[p.alpha().at(unit)] - p.alphaZeroPoint();
      int y =
          x >= 0
              ? FixedPoint.multiply(x, p.positiveMultiplier(), p.positiveShift())
              : FixedPoint.multiply(x * alpha, p.negativeMultiplier(), p.negativeShift());
      memory.bytes[p.out() + unit] = (byte) Clamp.clamp(y + p.outputZeroPoint(), -128, 127);
    }
  }
}
