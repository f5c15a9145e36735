package io.quern.kernels.reference;

import io.quern.kernels.BinaryFloat;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;

/** {@link BinaryFloat} as its formula reads. A unit is one output element. */
final class BinaryFloatReference implements Kernel {
  private final BinaryFloat p;

  BinaryFloatReference(BinaryFloat p) {
    this.p = p;
  }

  @Override
  public int units() {
    return p.left().elements();
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    for (int unit = from; unit < to; unit++) {
      float left = memory.floats[p.left().at(unit)];
      float right = memory.floats[p.right().at(unit)];
      float result =
          switch (p.function()) {
            case ADD -> left + right;
            case SUB -> left - right;
            case MUL -> left * right;
          };
      memory.floats[p.out() + unit] = Clamp.clamp(result, p.min(), p.max());
    }
  }
}
