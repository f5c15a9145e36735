package io.quern.kernels.asm;

import io.quern.kernels.Requantization;
import io.quern.kernels.asm.X86Assembler.Gpr;
import io.quern.kernels.asm.X86Assembler.Mem;
import io.quern.kernels.asm.X86Assembler.Op;
import io.quern.kernels.asm.X86Assembler.Vec;

/**
 * Requantization of int32 accumulators in AVX2 registers, bit for bit {@link
 * io.quern.quant.FixedPoint#multiply}, then zero point, clamp and narrowing to int8.
 *
 * <p><b>High multiplication.</b> With {@code p = a * b} (64 bits), gemmlowp computes {@code (p +
 * nudge) / 2^31} truncating, with nudge {@code 2^30} for {@code p >= 0} and {@code 1 - 2^30} for
 * {@code p < 0}. For negative p the numerator is negative, and truncation is {@code floor((p + 1 -
 * 2^30 + 2^31 - 1) / 2^31) = floor((p + 2^30) / 2^31)}: the same as for positive p. So {@code h =
 * (p + 2^30) >> 31} always; its 32 bits are bits 31 to 62 of the sum. The saturating case, both
 * factors -2^31, cannot occur, as multipliers are not negative. And {@code |h| < 2^31}: {@code b <=
 * 2^31 - 1} makes {@code h >= floor((-2^62 + 2^31 + 2^30) / 2^31) = -2^31 + 1}.
 *
 * <p><b>Rounding shift</b> by e, ties away from zero. <i>Short form</i>, when every e is at least 1
 * and {@code maxAbsAcc + 2^(e-1) < 2^31}: {@code (h + 2^(e-1) + (h >> 31)) >> e}; for negative h
 * the sum is {@code h + 2^(e-1) - 1}, whose floor division rounds ties down, away from zero.
 * <i>General form</i>: gemmlowp's own, {@code (h >> e) + (remainder > threshold)}, in which nothing
 * overflows.
 *
 * <p><b>Narrowing</b> saturates to int16, adds the zero point with saturation and saturates to
 * int8; each step is monotone and exact inside [-32640, 32639], and everything beyond ends at the
 * same bound of int8 as without saturation.
 *
 * <p>Constants: a header (see {@link #HEADER_BYTES}) per kernel and {@link #vectorBytes} per 8
 * channels.
 */
final class RequantizeX86 {
  /** Nudge, zero point (16-bit), qmin, qmax: 32 bytes each. */
  static final int HEADER_BYTES = 128;

  private static final int NUDGE = 0;
  private static final int ZERO_POINT = 32;
  private static final int QMIN = 64;
  private static final int QMAX = 96;
  private static final int LANES = 8;
  private static final int VECTOR = 4 * LANES;

  private final Requantization q;
  private final boolean left;
  private final boolean general;

  RequantizeX86(Requantization q, long maxAbsAcc) {
    this.q = q;
    boolean anyLeft = false;
    boolean shortForm = true;
    for (int c = 0; c < q.shifts().length; c++) {
      int e = right(c);
      anyLeft |= left(c) > 0;
      shortForm &= e >= 1 && maxAbsAcc + (1L << e >> 1) < Integer.MAX_VALUE;
    }
    this.left = anyLeft;
    this.general = !shortForm;
  }

  /**
   * Right shift of channel {@code c}; any would do for a multiplier of 0, and 1 allows the short
   * form.
   */
  private int right(int c) {
    return q.multipliers()[c] == 0 ? 1 : Math.max(-q.shifts()[c], 0);
  }

  private int left(int c) {
    return q.multipliers()[c] == 0 ? 0 : Math.max(q.shifts()[c], 0);
  }

  /** Bytes of constants for 8 channels. */
  int vectorBytes() {
    return VECTOR * ((left ? 1 : 0) + (general ? 5 : 4));
  }

  void packHeader(PackedWriter w) {
    for (int i = 0; i < 4; i++) {
      w.write32(1 << 30);
      w.write32(0);
    }
    for (int i = 0; i < 16; i++) {
      w.write16(q.zeroPoint());
    }
    for (int i = 0; i < 32; i++) {
      w.write8(q.qmin());
    }
    for (int i = 0; i < 32; i++) {
      w.write8(q.qmax());
    }
  }

  /**
   * Writes the constants of 8 lanes.
   *
   * @param channels of the lanes; a lane whose channel does not exist is given any channel
   */
  void packVector(PackedWriter w, int[] channels) {
    if (left) {
      w.vector32(LANES, i -> left(channels[i]));
    }
    w.vector32(LANES, i -> q.multipliers()[channels[i]]);
    w.vector32(LANES, i -> (i & 1) == 0 ? q.multipliers()[channels[i + 1]] : 0);
    w.vector32(LANES, i -> right(channels[i]));
    if (general) {
      w.vector32(LANES, i -> (int) ((1L << right(channels[i])) - 1));
      w.vector32(LANES, i -> (int) ((1L << right(channels[i])) - 1) >> 1);
    } else {
      w.vector32(LANES, i -> 1 << (right(channels[i]) - 1));
    }
  }

  /**
   * Multiplies and shifts 8 accumulators in place.
   *
   * @param header register that points to the header
   * @param base register, with {@code disp}, of these lanes' constants
   * @param t0 clobbered, as are t1 and t2
   */
  void scale(X86Assembler a, Vec acc, Gpr header, Gpr base, int disp, Vec t0, Vec t1, Vec t2) {
    int at = disp;
    if (left) {
      a.op(Op.VPSLLVD, acc, acc, Mem.at(base, at));
      at += VECTOR;
    }
    a.op(Op.VPSRLQ, t0, acc, 32);
    a.op(Op.VPMULDQ, acc, acc, Mem.at(base, at));
    a.op(Op.VPMULDQ, t0, t0, Mem.at(base, at + VECTOR));
    a.op(Op.VPADDQ, acc, acc, Mem.at(header, NUDGE));
    a.op(Op.VPADDQ, t0, t0, Mem.at(header, NUDGE));
    a.op(Op.VPSRLQ, acc, acc, 31);
    a.op(Op.VPADDQ, t0, t0, t0);
    a.op(Op.VPBLENDD, acc, acc, t0, 0xaa);
    Mem shift = Mem.at(base, at + 2 * VECTOR);
    a.op(Op.VPSRAD, t1, acc, 31);
    if (general) {
      a.op(Op.VPAND, t0, acc, Mem.at(base, at + 3 * VECTOR));
      a.vmovdqu(t2, Mem.at(base, at + 4 * VECTOR));
      a.op(Op.VPSUBD, t2, t2, t1);
      a.op(Op.VPCMPGTD, t0, t0, t2);
      a.op(Op.VPSRAVD, acc, acc, shift);
      a.op(Op.VPSUBD, acc, acc, t0);
    } else {
      a.op(Op.VPADDD, acc, acc, Mem.at(base, at + 3 * VECTOR));
      a.op(Op.VPADDD, acc, acc, t1);
      a.op(Op.VPSRAVD, acc, acc, shift);
    }
  }

  /** {@code lo = saturate16(lo, hi) + zeroPoint}, within each 128-bit half. */
  void narrow16(X86Assembler a, Vec lo, Vec hi, Gpr header) {
    a.op(Op.VPACKSSDW, lo, lo, hi);
    if (q.zeroPoint() != 0) {
      a.op(Op.VPADDSW, lo, lo, Mem.at(header, ZERO_POINT));
    }
  }

  /** {@code lo = clamp(saturate8(lo, hi), qmin, qmax)}, within each 128-bit half. */
  void narrow8(X86Assembler a, Vec lo, Vec hi, Gpr header) {
    a.op(Op.VPACKSSWB, lo, lo, hi);
    if (q.qmin() > -128) {
      a.op(Op.VPMAXSB, lo, lo, Mem.at(header, QMIN));
    }
    if (q.qmax() < 127) {
      a.op(Op.VPMINSB, lo, lo, Mem.at(header, QMAX));
    }
  }

  /** Stores the first {@code count} bytes, 1 to 16, of an xmm register. */
  static void store(X86Assembler a, Vec v, Gpr base, int disp, int count) {
    if (count == 16) {
      a.vmovdqu(Mem.at(base, disp), v.xmm());
      return;
    }
    int at = 0;
    if ((count & 8) != 0) {
      a.vmovq(Mem.at(base, disp), v.xmm());
      at = 8;
    }
    if ((count & 4) != 0) {
      a.vpextrd(Mem.at(base, disp + at), v.xmm(), at / 4);
      at += 4;
    }
    if ((count & 2) != 0) {
      a.vpextrw(Mem.at(base, disp + at), v.xmm(), at / 2);
      at += 2;
    }
    if ((count & 1) != 0) {
      a.vpextrb(Mem.at(base, disp + at), v.xmm(), at);
    }
  }
}
