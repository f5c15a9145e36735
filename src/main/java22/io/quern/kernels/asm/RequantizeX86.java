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
 * {@code c = 2^30 + 2^(30 + e) + z * 2^(31 + e)}. All its parts are multiples of 2^30:
 * <i>folded</i> is {@code floor((g + 1 + 2^e + z * 2^(e+1) + 2s) / 2^(e+1))} with {@code g =
 * floor(p / 2^30)}, the upper half of the product if accumulators come multiplied by 4. For that, e
 * is 1 to {@link #MAX_FOLDED}, and {@code 4 * maxAbsAcc < 2^31}; then {@code |g| <= 2^30} and the
 * constant is below that too. Where {@code qmin >= z}, a negative accumulator gives at most z with
 * either s, and so qmin: s is left out. <i>General</i>: gemmlowp's own, {@code (h >> e) +
 * (remainder > threshold)}, in which nothing overflows; the comparison is the sign of {@code
 * threshold - remainder}.
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
  /** Greatest right shift with which rounding and zero point are folded into one constant. */
  private static final int MAX_FOLDED = 20;

  /** Accumulators of the folded form come shifted by this. */
  private static final int FOLDED_SHIFT = 2;

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
  private final boolean folded;
  private final boolean signed;
  private final int accShift;

  /**
   * Finds the shortest way.
   *
   * @param maxAbsAcc greatest absolute value of an accumulator, below 2^31
   * @param bits of a register, 256 or 512
   * @param shifts whether accumulators can come shifted by {@link #accShift}; else they are shifted
   *     here
   */
  RequantizeX86(Requantization q, long maxAbsAcc, int bits, boolean shifts) {
    this.q = q;
    this.vector = bits / 8;
    this.lanes = bits / 32;
    boolean anyLeft = false;
    boolean fold = maxAbsAcc << FOLDED_SHIFT <= Integer.MAX_VALUE;
    for (int c = 0; c < q.shifts().length; c++) {
      anyLeft |= left(c) > 0;
      fold &= right(c) >= 1 && right(c) <= MAX_FOLDED;
    }
    this.left = anyLeft;
    this.folded = fold;
    this.signed = q.qmin() < q.zeroPoint();
    this.accShift = fold && shifts ? FOLDED_SHIFT : 0;
  }

  /** How far left accumulators are expected to be shifted, without overflow. */
  int accShift() {
    return accShift;
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

  private int addend(int c) {
    return 1 + (1 << right(c)) + (q.zeroPoint() << right(c) + 1);
  }

  /** A number below 16 that tells apart what {@link #scale} emits. */
  int variant() {
    return (left ? 1 : 0) + (folded ? 2 : 0) + (signed ? 4 : 0) + (accShift > 0 ? 8 : 0);
  }

  /** A number below 128 that tells apart all code that this emits. */
  int code() {
    boolean zero = !folded && q.zeroPoint() != 0;
    return 8 * variant() + (q.qmin() > -128 ? 4 : 0) + (q.qmax() < 127 ? 2 : 0) + (zero ? 1 : 0);
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
    return vector * (folded ? signed ? 5 : 4 : left ? 7 : 6);
  }

  /**
   * Where {@link #scale} leaves lane {@code lane}: in each quarter of 128 bits, at its own place or
   * with the middle two exchanged. The same function tells which lane is at a place.
   */
  int position(int lane) {
    boolean middle = ((lane ^ lane >> 1) & 1) != 0;
    return folded && middle ? lane ^ 3 : lane;
  }

  void packHeader(PackedWriter w) {
    if (vector == 64) {
      int zero = !folded ? q.zeroPoint() : 0;
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
    if (folded) {
      int[] placed = new int[lanes];
      for (int i = 0; i < lanes; i++) {
        placed[i] = channels[position(i)];
        w.write32(right(placed[i]) + 1);
      }
      for (int c : placed) {
        w.write32(addend(c));
      }
      for (int i = 0; signed && i < lanes; i++) {
        w.write32(addend(placed[i]) - 2);
      }
      return;
    }
    for (int i = 0; i < lanes; i += 2) {
      w.write64(1L << 30);
    }
    for (int c : channels) {
      w.write32(right(c));
    }
    for (int c : channels) {
      w.write32((int) ((1L << right(c)) - 1));
    }
    for (int c : channels) {
      w.write32((int) ((1L << right(c)) - 1) >> 1);
    }
  }

  // ---- code

  /**
   * Multiplies and shifts the accumulators of registers in place; see {@link #position}.
   *
   * @param accs registers of the same channels
   * @param header register that points to the header
   * @param base register, with {@code disp}, of these lanes' constants
   * @param t clobbered: 2 registers, or 4, in which constants are kept for all of {@code accs}
   */
  void scale(X86Assembler a, Vec[] accs, Gpr header, Gpr base, int disp, Vec... t) {
    if (!folded) {
      for (Vec acc : accs) {
        general(a, acc, header, base, disp, t[0], t[1]);
      }
      return;
    }
    boolean keep = t.length > 3 && accs.length > 1;
    Mem shift = Mem.at(base, disp + 2 * vector);
    Mem addend = Mem.at(base, disp + 3 * vector);
    Mem negative = Mem.at(base, disp + 4 * vector);
    boolean blend = signed && vector == 32;
    if (keep) {
      a.vmovdqu(t[1], addend);
      a.vmovdqu(t[2], shift);
      if (blend) {
        a.vmovdqu(t[3], negative);
      }
    }
    for (Vec acc : accs) {
      if (accShift == 0) {
        a.op(Op.VPSLLD, acc, acc, FOLDED_SHIFT);
      }
      a.op(Op.VPSHUFD, t[0], acc, ODD_DOWN);
      a.op(Op.VPMULDQ, acc, acc, Mem.at(base, disp));
      a.op(Op.VPMULDQ, t[0], t[0], Mem.at(base, disp + vector));
      a.op(Op.VSHUFPS, acc, acc, t[0], ODD_OF_BOTH);
      if (blend) {
        if (keep) {
          a.vblendvps(t[0], t[1], t[3], acc);
        } else {
          a.vmovdqu(t[1], addend);
          a.vblendvps(t[0], t[1], negative, acc);
        }
        a.op(Op.VPADDD, acc, acc, t[0]);
      } else {
        if (signed) {
          a.op(Op.VPSRAD, t[0], acc, 31);
          a.op(Op.VPADDD, acc, acc, t[0]);
          a.op(Op.VPADDD, acc, acc, t[0]);
        }
        if (keep) {
          a.op(Op.VPADDD, acc, acc, t[1]);
        } else {
          a.op(Op.VPADDD, acc, acc, addend);
        }
      }
      if (keep) {
        a.op(Op.VPSRAVD, acc, acc, t[2]);
      } else {
        a.op(Op.VPSRAVD, acc, acc, shift);
      }
    }
  }

  private void general(X86Assembler a, Vec acc, Gpr header, Gpr base, int disp, Vec t0, Vec t1) {
    int at = disp;
    if (left) {
      a.op(Op.VPSLLVD, acc, acc, Mem.at(base, at));
      at += vector;
    }
    a.op(Op.VPSHUFD, t0, acc, ODD_DOWN);
    a.op(Op.VPMULDQ, acc, acc, Mem.at(base, at));
    a.op(Op.VPMULDQ, t0, t0, Mem.at(base, at + vector));
    a.op(Op.VPADDQ, acc, acc, Mem.at(base, at + 2 * vector));
    a.op(Op.VPADDQ, t0, t0, Mem.at(base, at + 2 * vector));
    a.op(Op.VPSRLQ, acc, acc, 31);
    a.op(Op.VPADDQ, t0, t0, t0);
    if (acc.bits() == 512) {
      a.op(Op.VPTERNLOGD, acc, t0, header(header, 3), SELECT);
    } else {
      a.op(Op.VPBLENDD, acc, acc, t0, 0xaa);
    }
    roundingShift(a, acc, base, at + 3 * vector, t0, t1);
  }

  private void roundingShift(X86Assembler a, Vec acc, Gpr base, int at, Vec t0, Vec t1) {
    a.op(Op.VPSRAD, t1, acc, 31);
    a.vmovdqu(t0, Mem.at(base, at + 2 * vector));
    a.op(Op.VPSUBD, t0, t0, t1);
    a.vpand(t1, acc, Mem.at(base, at + vector));
    a.op(Op.VPSUBD, t0, t0, t1);
    a.op(Op.VPSRLD, t0, t0, 31);
    a.op(Op.VPSRAVD, acc, acc, Mem.at(base, at));
    a.op(Op.VPADDD, acc, acc, t0);
  }

  /** {@code lo = saturate16(lo, hi) + zeroPoint}, within each half of 256-bit registers. */
  void narrow16(X86Assembler a, Vec lo, Vec hi, Gpr header) {
    narrow16(a, lo, lo, hi, header);
  }

  /** {@code d = saturate16(lo, hi) + zeroPoint}, likewise. */
  void narrow16(X86Assembler a, Vec d, Vec lo, Vec hi, Gpr header) {
    a.op(Op.VPACKSSDW, d, lo, hi);
    if (!folded && q.zeroPoint() != 0) {
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
    boolean unfolded = !folded && q.zeroPoint() != 0;
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
