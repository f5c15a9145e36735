package io.quern.kernels.reference;

import io.quern.kernels.Kernel;
import io.quern.kernels.MeanFloat;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.StridedView;

/** {@link MeanFloat} as its formula reads. A unit is one output element. */
final class MeanFloatReference implements Kernel {
  private final MeanFloat p;

  MeanFloatReference(MeanFloat p) {
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
      float sum = 0;
      for (int j = 0; j < count; j++) {
        sum += memory.floats[first + reduced.at(j)];
      }
      memory.floats[p.out() + unit] = sum / count;
    }
  }
}
