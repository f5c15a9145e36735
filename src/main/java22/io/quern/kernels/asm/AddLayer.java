package io.quern.kernels.asm;

import io.quern.kernels.AddInt8;
import io.quern.kernels.Requantization;

/**
 * A sum or difference of two dense tensors of one shape.
 *
 * @param params operands dense, factors at most 1
 * @param left from the left operand's int32 form to the common scale
 * @param right likewise
 * @param sum from the common scale to the output
 */
record AddLayer(AddInt8 params, Requantization left, Requantization right, Requantization sum) {
  /** Greatest left shift of operands: 255 * 2^20 fits in 28 bits. */
  private static final int MAX_SHIFT = 20;

  /** Greatest absolute value of an operand in its int32 form. */
  static final long MAX_OPERAND = 255L << MAX_SHIFT;

  /** Greatest absolute value of the sum. */
  static final long MAX_SUM = 2 * MAX_OPERAND;

  AddLayer {
    Checks.range("leftShift", params.leftShift(), 1, MAX_SHIFT);
    Checks.range("leftExponent", params.leftExponent(), -31, 0);
    Checks.range("rightExponent", params.rightExponent(), -31, 0);
    Checks.range("leftZeroPoint", params.leftZeroPoint(), -128, 127);
    Checks.range("rightZeroPoint", params.rightZeroPoint(), -128, 127);
    Checks.requantization(left, 1);
    Checks.requantization(right, 1);
    Checks.requantization(sum, 1);
  }

  /** Whether machine code takes these parameters. */
  static boolean accepts(AddInt8 p) {
    return p.left().isDense()
        && p.right().isDense()
        && p.leftShift() >= 1
        && p.leftShift() <= MAX_SHIFT
        && p.leftExponent() <= 0
        && p.rightExponent() <= 0
        && p.outExponent() <= 0;
  }

  static AddLayer of(AddInt8 p) {
    return new AddLayer(
        p,
        one(p.leftMultiplier(), p.leftExponent(), 0, -128, 127),
        one(p.rightMultiplier(), p.rightExponent(), 0, -128, 127),
        one(p.outMultiplier(), p.outExponent(), p.outZeroPoint(), p.qmin(), p.qmax()));
  }

  private static Requantization one(int multiplier, int shift, int zeroPoint, int qmin, int qmax) {
    return new Requantization(new int[] {multiplier}, new int[] {shift}, zeroPoint, qmin, qmax);
  }

  /**
   * Whether a factor is one half: exact for an operand, which is a multiple of a power of two. The
   * operand of the greater scale always has it.
   */
  static boolean isHalf(Requantization q) {
    return q.multipliers()[0] == 1 << 30 && q.shifts()[0] == 0;
  }

  int elements() {
    return params.left().elements();
  }

  /** The emitted code; a row is one element, scratch the array with the right operand. */
  KernelCode code(String name, Isa isa, byte[] code, byte[] packed) {
    return new KernelCode(
        name, isa, code, packed, 0, 1, 1, elements(), params.right().offset() + elements());
  }
}
