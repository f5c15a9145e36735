package io.quern.kernels.asm;

import io.quern.kernels.Requantization;
import io.quern.kernels.asm.A64Assembler.Op2;
import io.quern.kernels.asm.A64Assembler.Op3;
import io.quern.kernels.asm.A64Assembler.V;
import io.quern.kernels.asm.A64Assembler.Width;
import io.quern.kernels.asm.A64Assembler.X;

/**
 * Requantization of int32 accumulators in Advanced SIMD registers, bit for bit {@link
 * io.quern.quant.FixedPoint#multiply}, then zero point, clamp and narrowing to int8.
 *
 * <p><b>High multiplication.</b> SQRDMULH is {@code floor((2 * a * b + 2^31) / 2^32) = floor((a * b
 * + 2^30) / 2^31)}, which is what gemmlowp's nudge and truncating division compute for either sign
 * (proof in {@link RequantizeX86}); so no correction.
 *
 * <p><b>Rounding shift</b> by e, ties away from zero. SRSHL by -e is {@code floor((x + 2^(e-1)) /
 * 2^e)} without intermediate overflow: ties go up. For negative x, {@code x - 1} is given to it: no
 * other result changes, because only a tie loses its half. That is {@code x += x >> 31}, but only
 * where e is at least 1: {@code (x & -e) >> 31} is -1 exactly when x and -e are both negative. The
 * addition cannot overflow, as {@code x >= -2^31 + 1} after the multiplication.
 *
 * <p><b>Narrowing</b> as in {@link RequantizeX86}.
 *
 * <p>Constants: a header per kernel and {@link #vectorBytes} per 4 channels.
 */
final class RequantizeA64 {
  /** Zero point (16-bit), qmin, qmax: 16 bytes each, and 16 unused. */
  static final int HEADER_BYTES = 64;

  private static final int LANES = 4;
  private static final int VECTOR = 4 * LANES;

  private final Requantization q;
  private final boolean left;
  private final boolean someRight;
  private final boolean allRight;

  RequantizeA64(Requantization q) {
    this.q = q;
    boolean anyLeft = false;
    boolean anyRight = false;
    boolean everyRight = true;
    for (int shift : q.shifts()) {
      anyLeft |= shift > 0;
      anyRight |= shift < 0;
      everyRight &= shift < 0;
    }
    this.left = anyLeft;
    this.someRight = anyRight;
    this.allRight = everyRight;
  }

  int vectorBytes() {
    return VECTOR * (left ? 3 : 2);
  }

  void packHeader(PackedWriter w) {
    for (int i = 0; i < 8; i++) {
      w.write16(q.zeroPoint());
    }
    for (int i = 0; i < 16; i++) {
      w.write8(q.qmin());
    }
    for (int i = 0; i < 16; i++) {
      w.write8(q.qmax());
    }
    w.align(HEADER_BYTES);
  }

  /** Writes the constants of 4 lanes. */
  void packVector(PackedWriter w, int[] channels) {
    for (int c : channels) {
      w.write32(q.multipliers()[c]);
    }
    for (int c : channels) {
      w.write32(Math.min(q.shifts()[c], 0));
    }
    for (int i = 0; left && i < channels.length; i++) {
      w.write32(Math.max(q.shifts()[channels[i]], 0));
    }
  }

  /**
   * Loads multipliers and right shifts of 4 channels; {@code disp} is a multiple of 16 below 1008.
   */
  static void load(A64Assembler a, X base, int disp, V multipliers, V shifts) {
    a.ldpQ(multipliers, shifts, base, disp);
  }

  /**
   * Multiplies and shifts accumulators in place, step by step for all, so that in-order cores find
   * independent work.
   *
   * @param multipliers as loaded, one register per accumulator
   * @param shifts as loaded, one register per accumulator
   * @param base of the constants, for the left shifts if there are any
   * @param disps of the constants of each accumulator
   * @param t clobbered: as many as accumulators
   */
  void scale(A64Assembler a, V[] accs, V[] multipliers, V[] shifts, X base, int[] disps, V[] t) {
    if (left) {
      for (int i = 0; i < accs.length; i++) {
        a.ldr(Width.Q, t[i], base, disps[i] + 2 * VECTOR);
      }
      for (int i = 0; i < accs.length; i++) {
        a.op(Op3.SSHL_4S, accs[i], accs[i], t[i]);
      }
    }
    for (int i = 0; i < accs.length; i++) {
      a.op(Op3.SQRDMULH_4S, accs[i], accs[i], multipliers[i]);
    }
    if (!someRight) {
      return;
    }
    for (int i = 0; i < accs.length && !allRight; i++) {
      a.op(Op3.AND, t[i], accs[i], shifts[i]);
    }
    for (int i = 0; i < accs.length; i++) {
      a.ssra(accs[i], allRight ? accs[i] : t[i], 31);
    }
    for (int i = 0; i < accs.length; i++) {
      a.op(Op3.SRSHL_4S, accs[i], accs[i], shifts[i]);
    }
  }

  /**
   * Narrows four vectors to the 16 bytes of {@code x[0]}: saturate, zero point, saturate, clamp.
   */
  void narrow(A64Assembler a, V[] x, X header, V t0, V t1) {
    a.op(Op2.SQXTN_4H, x[0], x[0]);
    if (x.length > 1) {
      a.op(Op2.SQXTN2_8H, x[0], x[1]);
    }
    if (x.length > 2) {
      a.op(Op2.SQXTN_4H, x[2], x[2]);
      a.op(Op2.SQXTN2_8H, x[2], x[3]);
    }
    if (q.zeroPoint() != 0) {
      a.ldr(Width.Q, t0, header, 0);
      a.op(Op3.SQADD_8H, x[0], x[0], t0);
      if (x.length > 2) {
        a.op(Op3.SQADD_8H, x[2], x[2], t0);
      }
    }
    a.op(Op2.SQXTN_8B, x[0], x[0]);
    if (x.length > 2) {
      a.op(Op2.SQXTN2_16B, x[0], x[2]);
    }
    if (q.qmin() > -128) {
      a.ldr(Width.Q, t0, header, 16);
      a.op(Op3.SMAX_16B, x[0], x[0], t0);
    }
    if (q.qmax() < 127) {
      a.ldr(Width.Q, t1, header, 32);
      a.op(Op3.SMIN_16B, x[0], x[0], t1);
    }
  }

  /**
   * Stores {@code count} bytes, 1 to 16, that begin at byte {@code from} of a register; {@code
   * from} is a multiple of the greatest power of two in {@code count}.
   *
   * @param base of the first byte
   */
  static void store(A64Assembler a, V v, int from, int count, X base, X temp) {
    if (count == 16) {
      a.str(Width.Q, v, base, 0);
      return;
    }
    int at = 0;
    if ((count & 8) != 0) {
      a.str(Width.D, v, base, 0);
      at = 8;
    }
    for (int bytes = 4; bytes >= 1; bytes >>= 1) {
      if ((count & bytes) != 0) {
        X address = base;
        if (at > 0) {
          a.add(temp, base, at);
          address = temp;
        }
        a.st1(bytes, v, (from + at) / bytes, address);
        at += bytes;
      }
    }
  }
}
