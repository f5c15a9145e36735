package io.quern.kernels.reference;

import io.quern.kernels.ArgMaxFloat;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;

/** {@link ArgMaxFloat} as its formula reads. A unit is one output element. */
final class ArgMaxFloatReference implements Kernel {
  private final ArgMaxFloat p;

  ArgMaxFloatReference(ArgMaxFloat p) {
    this.p = p;
  }

  @Override
  public int units() {
    return p.outer() * p.inner();
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    for (int unit = from; unit < to; unit++) {
      int first = p.in() + unit / p.inner() * p.axis() * p.inner() + unit % p.inner();
      int best = 0;
      for (int a = 1; a < p.axis(); a++) {
        if (memory.floats[first + a * p.inner()] > memory.floats[first + best * p.inner()]) {
          best = a;
        }
      }
      memory.ints[p.out() + unit] = best;
    }
  }
}
