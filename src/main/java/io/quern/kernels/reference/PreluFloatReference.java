package io.quern.kernels.reference;

import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.PreluFloat;
import io.quern.kernels.Scratch;

/** {@link PreluFloat} as its formula reads. A unit is one element. */
final class PreluFloatReference implements Kernel {
  private final PreluFloat p;

  PreluFloatReference(PreluFloat p) {
    this.p = p;
  }

  @Override
  public int units() {
    return p.in().elements();
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    for (int unit = from; unit < to; unit++) {
      float x = memory.floats[p.in().at(unit)];
      float alpha = memory.floats[p.alpha().at(unit)];
      memory.floats[p.out() + unit] = x >= 0 ? x : x * alpha;
    }
  }
}
