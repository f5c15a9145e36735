package io.quern.kernels.reference;

import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Pad;
import io.quern.kernels.Scratch;

/** {@link Pad} as its formula reads. A unit is one output element. */
final class PadReference implements Kernel {
  private final Pad p;
  private final int outElements;

  PadReference(Pad p) {
    this.p = p;
    int n = 1;
    for (int d : p.outDims()) {
      n *= d;
    }
    this.outElements = n;
  }

  @Override
  public int units() {
    return outElements;
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    for (int unit = from; unit < to; unit++) {
      int in = inputPosition(unit);
      if (p.inFloat()) {
        memory.floats[p.out() + unit] = in < 0 ? p.value() : memory.floats[p.in() + in];
      } else {
        memory.bytes[p.out() + unit] = in < 0 ? (byte) p.value() : memory.bytes[p.in() + in];
      }
    }
  }

  /** Position in the input of an output position, or -1 in the padding. */
  private int inputPosition(int outPosition) {
    int position = 0;
    int stride = 1;
    int rest = outPosition;
    for (int d = p.outDims().length - 1; d >= 0; d--) {
      int i = rest % p.outDims()[d] - p.before()[d];
      rest /= p.outDims()[d];
      if (i < 0 || i >= p.inDims()[d]) {
        return -1;
      }
      position += i * stride;
      stride *= p.inDims()[d];
    }
    return position;
  }
}
