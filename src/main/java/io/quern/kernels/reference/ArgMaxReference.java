package io.quern.kernels.reference;

import io.quern.kernels.ArgMax;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;

/** {@link ArgMax} as its formula reads. A unit is one output element. */
final class ArgMaxReference implements Kernel {
  private final ArgMax p;

  ArgMaxReference(ArgMax p) {
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
        if (element(memory, first + a * p.inner()) > element(memory, first + best * p.inner())) {
          best = a;
        }
      }
      memory.ints[p.out() + unit] = best;
    }
  }

  private float element(Memory memory, int index) {
    return p.floats() ? memory.floats[index] : memory.bytes[index];
  }
}
