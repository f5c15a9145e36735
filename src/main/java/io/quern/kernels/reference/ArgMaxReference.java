package io.quern.kernels.reference;

import io.quern.kernels.ArgMaxInt8;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;

/** {@link ArgMaxInt8} as its formula reads. A unit is one output element. */
final class ArgMaxReference implements Kernel {
  private final ArgMaxInt8 p;

  ArgMaxReference(ArgMaxInt8 p) {
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
        if (memory.bytes[first + a * p.inner()] > memory.bytes[first + best * p.inner()]) {
          best = a;
        }
      }
      memory.ints[p.out() + unit] = best;
    }
  }
}
