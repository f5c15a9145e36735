package io.quern.kernels.asm;

import io.quern.kernels.Requantization;
import io.quern.kernels.asm.X86Assembler.Gpr;
import io.quern.kernels.asm.X86Assembler.Mem;
import io.quern.kernels.asm.X86Assembler.Op;
import io.quern.kernels.asm.X86Assembler.Vec;

/**
 * Requantization of int32 accumulators in 256-bit or 512-bit registers, bit for bit {@link
 * io.quern.quant.FixedPoint#multiply}, then zero point, clamp and narrowing to int8.
 *
 * <p><b>High multiplication.</b> With {@code p = acc * multiplier} (64 bits), gemmlowp computes
 * {@code (p + nudge) / 2^31} truncating, with nudge {@code 2^30} for {@code p >= 0} and {@code 1 -
 * 2^30} for {@code p < 0}. For negative p the numerator is negative, and truncation is {@code
 * floor((p + 1 - 2^30 + 2^31 - 1) / 2^31) = floor((p + 2^30) / 2^31)}: the same as for positive p.
 * So {@code h = floor((p + 2^30) / 2^31)} always. The saturating case, both factors -2^31, cannot
 * occur, as multipliers are not negative. And {@code |h| < 2^31}: a multiplier of at most 2^31 - 1
 * makes {@code h >= floor((-2^62 + 2^31 + 2^30) / 2^31) = -2^31 + 1}.
 *
 * <p><b>Rounding shift</b> by e, ties away from zero: {@code floor((h + 2^(e-1) + s) / 2^e)} for e
 * of at least 1, where s is -1 for negative h, which sends ties down, and else 0. For h = 0 either
 * s gives 0, so the sign of the accumulator will do. Floors of quotients compose, so rounding and
 * zero point z are one constant of the product: {@code floor((p + c + s * 2^31) / 2^(31 + e))},
 * {@code c = 2^30 + 2^(30 + e) + z * 2^(31 + e)}; with e up to {@link #MAX_FOLDED} the sum is below
 * 2^63.
 *
 * <p><i>Rectified</i>, when {@code qmin >= z}: a negative accumulator gives at most z with either
 * s, and so qmin; s is left out, and the upper half of the sum shifted by e - 1 is the result.
 * <i>Signed</i>, when {@code maxAbsAcc + 2^(e-1) + 2^(e+7) < 2^31}: bits 31 to 62 of {@code p + c},
 * plus s, shifted by e. <i>General</i>: gemmlowp's own, {@code (h >> e) + (remainder > threshold)},
 * in which nothing overflows; the comparison is the sign of {@code threshold - remainder}.
 *
 * <p><b>Narrowing</b> of 256-bit registers saturates to int16 and to int8, with a saturating
 * addition of the zero point between if it is not folded; each step is monotone and exact inside
 * [-32640, 32639], and everything beyond ends at the same bound of int8 as without saturation. In
 * 512-bit registers 32-bit lanes are clamped, then narrowed.
 *
 * <p>Constants: a header (see {@link #headerBytes}) per kernel and {@link #vectorBytes} per
 * register of channels.
 */
final class RequantizeX86 {
  private enum Rounding {
    RECTIFIED,
    SIGNED,
    GENERAL
  }

  /** Greatest right shift with which the zero point is folded into the product's constant. */
  private static final int MAX_FOLDED = 22;

  /** Odd lanes to even ones. */
  private static final int ODD_DOWN = 0xf5;

  /** Odd lanes of two registers, side by side. */
  private static final int ODD_OF_BOTH = 0xdd;

  /** Bits of the second operand where the third has ones, else of the first. */
  private static final int SELECT = 0xd8;

  private final Requantization q;
  private final int vector;
  private final int lanes;
  private final boolean left;
  private final Rounding rounding;

  /**
   * Finds the shortest way.
   *
   * @param maxAbsAcc greatest absolute value of an accumulator, below 2^31
   * @param bits of a register, 256 or 512
   */
  RequantizeX86(Requantization q, long maxAbsAcc, int bits) {
    this.q = q;
    this.vector = bits / 8;
    this.lanes = bits / 32;
    boolean anyLeft = false;
    boolean folded = true;
    boolean small = true;
    for (int c = 0; c < q.shifts().length; c++) {
      int e = right(c);
      anyLeft |= left(c) > 0;
      folded &= e >= 1 && e <= MAX_FOLDED;
      small &= maxAbsAcc + (1L << e >> 1) + (1L << e + 7) < Integer.MAX_VALUE;
    }
    this.left = anyLeft;
    if (folded && q.qmin() >= q.zeroPoint()) {
      rounding = Rounding.RECTIFIED;
    } else {
      rounding = folded && small ? Rounding.SIGNED : Rounding.GENERAL;
    }
  }

  /**
   * Right shift of channel {@code c}; any would do for a multiplier of 0, and 1 allows the short
   * forms.
   */
  private int right(int c) {
    return q.multipliers()[c] == 0 ? 1 : Math.max(-q.shifts()[c], 0);
  }

  private int left(int c) {
    return q.multipliers()[c] == 0 ? 0 : Math.max(q.shifts()[c], 0);
  }

  private long addend(int c) {
    long nudge = 1L << 30;
    return rounding == Rounding.GENERAL
        ? nudge
        : nudge + (1L << 30 + right(c)) + ((long) q.zeroPoint() << 31 + right(c));
  }

  /** A number below 8 that tells apart what {@link #scale} emits. */
  int variant() {
    return 2 * rounding.ordinal() + (left ? 1 : 0);
  }

  // ---- constants

  /** Bytes of constants for all channels: 4 registers. */
  int headerBytes() {
    return 4 * vector;
  }

  private Mem header(Gpr header, int index) {
    return Mem.at(header, index * vector);
  }

  /** Bytes of constants for a register of channels. */
  int vectorBytes() {
    return vector * (5 + (rounding == Rounding.GENERAL ? 2 : 0) + (left ? 1 : 0));
  }

  /**
   * Where {@link #scale} leaves lane {@code lane}: in each quarter of 128 bits, at its own place or
   * with the middle two exchanged. The same function tells which lane is at a place.
   */
  int position(int lane) {
    boolean middle = ((lane ^ lane >> 1) & 1) != 0;
    return rounding == Rounding.RECTIFIED && middle ? lane ^ 3 : lane;
  }

  void packHeader(PackedWriter w) {
    if (vector == 64) {
      int zero = rounding == Rounding.GENERAL ? q.zeroPoint() : 0;
      w.repeat32(q.qmin() - zero, lanes);
      w.repeat32(q.qmax() - zero, lanes);
      w.repeat32(zero, lanes);
    } else {
      w.repeat32((q.qmin() & 0xff) * 0x1010101, lanes);
      w.repeat32((q.qmax() & 0xff) * 0x1010101, lanes);
      w.repeat32((q.zeroPoint() & 0xffff) * 0x10001, lanes);
    }
    for (int i = 0; i < lanes; i++) {
      w.write32(-(i & 1));
    }
  }

  /**
   * Writes the constants of a register's lanes.
   *
   * @param channels of the lanes; a lane whose channel does not exist is given any channel
   */
  void packVector(PackedWriter w, int[] channels) {
    for (int i = 0; left && i < lanes; i++) {
      w.write32(left(channels[i]));
    }
    int[] multipliers = q.multipliers();
    for (int odd = 0; odd < 2; odd++) {
      for (int i = 0; i < lanes; i += 2) {
        w.write32(multipliers[channels[i + odd]]);
        w.write32(0);
      }
    }
    for (int odd = 0; odd < 2; odd++) {
      for (int i = 0; i < lanes; i += 2) {
        w.write64(addend(channels[i + odd]));
      }
    }
    int less = rounding == Rounding.RECTIFIED ? 1 : 0;
    for (int i = 0; i < lanes; i++) {
      w.write32(right(channels[position(i)]) - less);
    }
    if (rounding == Rounding.GENERAL) {
      for (int c : channels) {
        w.write32((int) ((1L << right(c)) - 1));
      }
      for (int c : channels) {
        w.write32((int) ((1L << right(c)) - 1) >> 1);
      }
    }
  }

  // ---- code

  /**
   * Multiplies and shifts the accumulators of a register in place; see {@link #position}.
   *
   * @param header register that points to the header
   * @param base register, with {@code disp}, of these lanes' constants
   * @param t0 clobbered, as is t1
   */
  void scale(X86Assembler a, Vec acc, Gpr header, Gpr base, int disp, Vec t0, Vec t1) {
    int at = disp;
    if (left) {
      a.op(Op.VPSLLVD, acc, acc, Mem.at(base, at));
      at += vector;
    }
    if (rounding == Rounding.SIGNED) {
      a.op(Op.VPSRAD, t1, acc, 31);
    }
    a.op(Op.VPSHUFD, t0, acc, ODD_DOWN);
    a.op(Op.VPMULDQ, acc, acc, Mem.at(base, at));
    a.op(Op.VPMULDQ, t0, t0, Mem.at(base, at + vector));
    a.op(Op.VPADDQ, acc, acc, Mem.at(base, at + 2 * vector));
    a.op(Op.VPADDQ, t0, t0, Mem.at(base, at + 3 * vector));
    Mem shift = Mem.at(base, at + 4 * vector);
    if (rounding == Rounding.RECTIFIED) {
      a.op(Op.VSHUFPS, acc, acc, t0, ODD_OF_BOTH);
      a.op(Op.VPSRAVD, acc, acc, shift);
      return;
    }
    a.op(Op.VPSRLQ, acc, acc, 31);
    a.op(Op.VPADDQ, t0, t0, t0);
    if (acc.bits() == 512) {
      a.op(Op.VPTERNLOGD, acc, t0, header(header, 3), SELECT);
    } else {
      a.op(Op.VPBLENDD, acc, acc, t0, 0xaa);
    }
    if (rounding == Rounding.SIGNED) {
      a.op(Op.VPADDD, acc, acc, t1);
      a.op(Op.VPSRAVD, acc, acc, shift);
    } else {
      roundingShift(a, acc, base, at, t0, t1);
    }
  }

  private void roundingShift(X86Assembler a, Vec acc, Gpr base, int at, Vec t0, Vec t1) {
    a.op(Op.VPSRAD, t1, acc, 31);
    a.vmovdqu(t0, Mem.at(base, at + 6 * vector));
    a.op(Op.VPSUBD, t0, t0, t1);
    a.vpand(t1, acc, Mem.at(base, at + 5 * vector));
    a.op(Op.VPSUBD, t0, t0, t1);
    a.op(Op.VPSRLD, t0, t0, 31);
    a.op(Op.VPSRAVD, acc, acc, Mem.at(base, at + 4 * vector));
    a.op(Op.VPADDD, acc, acc, t0);
  }

  /** {@code lo = saturate16(lo, hi) + zeroPoint}, within each half of 256-bit registers. */
  void narrow16(X86Assembler a, Vec lo, Vec hi, Gpr header) {
    narrow16(a, lo, lo, hi, header);
  }

  /** {@code d = saturate16(lo, hi) + zeroPoint}, likewise. */
  void narrow16(X86Assembler a, Vec d, Vec lo, Vec hi, Gpr header) {
    a.op(Op.VPACKSSDW, d, lo, hi);
    if (rounding == Rounding.GENERAL && q.zeroPoint() != 0) {
      a.op(Op.VPADDSW, d, d, header(header, 2));
    }
  }

  /** {@code lo = clamp(saturate8(lo, hi), qmin, qmax)}, within each half of 256-bit registers. */
  void narrow8(X86Assembler a, Vec lo, Vec hi, Gpr header) {
    a.op(Op.VPACKSSWB, lo, lo, hi);
    if (q.qmin() > -128) {
      a.op(Op.VPMAXSB, lo, lo, header(header, 0));
    }
    if (q.qmax() < 127) {
      a.op(Op.VPMINSB, lo, lo, header(header, 1));
    }
  }

  /**
   * Adds the zero point to the lanes of a 512-bit register and clamps them; saturation to int8 is
   * then left to the narrowing.
   */
  void clamp(X86Assembler a, Vec acc, Gpr header) {
    boolean unfolded = rounding == Rounding.GENERAL && q.zeroPoint() != 0;
    if (unfolded || q.qmin() > -128) {
      a.op(Op.VPMAXSD, acc, acc, header(header, 0));
    }
    if (unfolded || q.qmax() < 127) {
      a.op(Op.VPMINSD, acc, acc, header(header, 1));
    }
    if (unfolded) {
      a.op(Op.VPADDD, acc, acc, header(header, 2));
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
