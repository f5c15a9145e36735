package io.quern.kernels.reference;

import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.SoftmaxInt8;
import io.quern.quant.FixedPoint;
import io.quern.quant.FixedPointFunctions;

/** {@link SoftmaxInt8} as its formula reads. A unit is one row. */
final class SoftmaxReference implements Kernel {
  /** Integer bits of the sum of exponentials; a single exponential has none. */
  private static final int SUM_INTEGER_BITS = 12;

  private final SoftmaxInt8 p;

  SoftmaxReference(SoftmaxInt8 p) {
    this.p = p;
  }

  @Override
  public int units() {
    return p.rows();
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    byte[] bytes = memory.bytes;
    for (int row = from; row < to; row++) {
      int in = p.in() + row * p.depth();
      int out = p.out() + row * p.depth();
      int max = Byte.MIN_VALUE;
      for (int c = 0; c < p.depth(); c++) {
        max = Math.max(max, bytes[in + c]);
      }
      int sum = 0;
      for (int c = 0; c < p.depth(); c++) {
        int exp = p.exponentials()[max - bytes[in + c]];
        sum += FixedPoint.roundingDivideByPowerOfTwo(exp, SUM_INTEGER_BITS);
      }
      // sum = (1 + fraction) * 2^(31 - headroom) with fraction in [0, 1): 1 / (1 + fraction) is a
      // 31-bit fraction in (1/2, 1], and the power of two joins the last shift.
      int headroom = Integer.numberOfLeadingZeros(sum);
      int reciprocal = FixedPointFunctions.oneOverOnePlus((sum << headroom) - Integer.MIN_VALUE);
      int rightShift = SUM_INTEGER_BITS - headroom + 31 - Byte.SIZE;
      for (int c = 0; c < p.depth(); c++) {
        int exp = p.exponentials()[max - bytes[in + c]];
        int probability = FixedPoint.saturatingRoundingDoublingHighMul(reciprocal, exp);
        int q = FixedPoint.roundingDivideByPowerOfTwo(probability, rightShift) + Byte.MIN_VALUE;
        bytes[out + c] = (byte) Clamp.clamp(q, Byte.MIN_VALUE, Byte.MAX_VALUE);
      }
    }
  }
}
