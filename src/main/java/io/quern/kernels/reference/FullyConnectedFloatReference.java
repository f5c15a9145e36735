package io.quern.kernels.reference;

import io.quern.kernels.FullyConnectedFloat;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;

/** {@link FullyConnectedFloat} as its formula reads. A unit is one output element. */
final class FullyConnectedFloatReference implements Kernel {
  private final FullyConnectedFloat p;

  FullyConnectedFloatReference(FullyConnectedFloat p) {
    this.p = p;
  }

  @Override
  public int units() {
    return p.batch() * p.outputs();
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    for (int unit = from; unit < to; unit++) {
      int b = unit / p.outputs();
      int o = unit % p.outputs();
      float acc = 0;
      for (int i = 0; i < p.inputs(); i++) {
        acc += memory.floats[p.in() + b * p.inputs() + i] * p.weights()[o * p.inputs() + i];
      }
      memory.floats[p.out() + unit] = Clamp.clamp(acc + p.bias()[o], p.min(), p.max());
    }
  }
}
