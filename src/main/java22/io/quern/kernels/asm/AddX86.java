package io.quern.kernels.asm;

import io.quern.kernels.AddInt8;
import io.quern.kernels.asm.CodeBuffer.Label;
import io.quern.kernels.asm.X86Assembler.Cond;
import io.quern.kernels.asm.X86Assembler.Gpr;
import io.quern.kernels.asm.X86Assembler.Mem;
import io.quern.kernels.asm.X86Assembler.Op;
import io.quern.kernels.asm.X86Assembler.Vec;

/**
 * Emits the sum or difference of an {@link AddLayer} for x86-64, in AVX2: 32 elements in four
 * registers of int32, then 8, then single ones. Both operands and the sum are scaled by {@link
 * RequantizeX86}; an operand whose factor is one half is only shifted.
 */
final class AddX86 {
  private static final int LANES = 8;

  private static final Gpr LEFT = Gpr.RDI;
  private static final Gpr OUT = Gpr.RSI;
  private static final Gpr PACKED = Gpr.RDX;
  private static final Gpr RIGHT = Gpr.RCX;
  private static final Gpr FIRST = Gpr.R8;
  private static final Gpr COUNT = Gpr.R9;
  private static final Vec OPERAND = Vec.ymm(4);
  private static final int MIDDLE_EXCHANGED = 0xd8;

  private static final Vec T0 = Vec.ymm(5);
  private static final Vec T1 = Vec.ymm(6);

  /** An operand's place in the constants: its zero point, shifted, then its requantization. */
  private record Operand(RequantizeX86 requantize, boolean half, int at) {}

  private final AddInt8 p;
  private final X86Assembler a = new X86Assembler();
  private final RequantizeX86 sum;
  private final Operand left;
  private final Operand right;
  private final int sumAt;
  private final int orderAt;

  private AddX86(AddLayer layer) {
    this.p = layer.params();
    this.sum = new RequantizeX86(layer.sum(), AddLayer.MAX_SUM, 256, false);
    RequantizeX86 l = new RequantizeX86(layer.left(), AddLayer.MAX_OPERAND, 256, true);
    RequantizeX86 r = new RequantizeX86(layer.right(), AddLayer.MAX_OPERAND, 256, true);
    this.left = new Operand(l, AddLayer.isHalf(layer.left()), sum.headerBytes());
    this.right =
        new Operand(r, AddLayer.isHalf(layer.right()), left.at + 4 * LANES + l.vectorBytes());
    this.sumAt = right.at + 4 * LANES + r.vectorBytes();
    this.orderAt = sumAt + sum.vectorBytes();
  }

  /** Code and constants; the function's scratch is the array that holds the right operand. */
  static KernelCode emit(AddLayer layer) {
    AddX86 add = new AddX86(layer);
    add.function();
    return layer.code("add32-avx2", Isa.X86_64, add.a.toBytes(), add.pack());
  }

  private byte[] pack() {
    PackedWriter w = new PackedWriter();
    int[] same = new int[LANES];
    sum.packHeader(w);
    packOperand(w, left, p.leftZeroPoint());
    packOperand(w, right, p.rightZeroPoint());
    sum.packVector(w, same);
    for (int i = 0; i < LANES; i++) {
      // narrowing within halves leaves groups of four lanes in the order 0 2 4 6 1 3 5 7
      w.write32((i >> 1) + (i & 1) * 4);
    }
    for (int i = 0; i < 4 * LANES; i++) {
      w.write8((i & 12) + sum.position(i & 3));
    }
    return w.toBytes();
  }

  private void packOperand(PackedWriter w, Operand operand, int zeroPoint) {
    for (int i = 0; i < LANES; i++) {
      w.write32(zeroPoint << shift(operand));
    }
    operand.requantize.packVector(w, new int[LANES]);
  }

  /** A value that gains a bit less need not be halved; others gain what scaling expects. */
  private int shift(Operand operand) {
    return p.leftShift() + (operand.half ? -1 : operand.requantize.accShift());
  }

  private void function() {
    a.add(LEFT, FIRST);
    a.add(OUT, FIRST);
    a.add(RIGHT, p.right().offset());
    a.add(RIGHT, FIRST);
    for (int count : new int[] {4 * LANES, LANES, 1}) {
      Label loop = new Label();
      Label fewer = new Label();
      a.cmp(COUNT, count);
      a.j(Cond.L, fewer);
      a.align(32);
      a.bind(loop);
      block(count);
      a.add(LEFT, count);
      a.add(RIGHT, count);
      a.add(OUT, count);
      a.sub(COUNT, count);
      a.cmp(COUNT, count);
      a.j(Cond.GE, loop);
      a.bind(fewer);
    }
    a.vzeroupper();
    a.ret();
  }

  /** {@code count} elements: 32, 8 or 1. */
  private void block(int count) {
    boolean four = count > LANES;
    for (int i = 0; i < (four ? 4 : 1); i++) {
      Vec acc = Vec.ymm(i);
      operand(left, acc, Mem.at(LEFT, i * LANES), count);
      operand(right, OPERAND, Mem.at(RIGHT, i * LANES), count);
      a.op(p.subtract() ? Op.VPSUBD : Op.VPADDD, acc, acc, OPERAND);
      sum.scale(a, new Vec[] {acc}, PACKED, PACKED, sumAt, T0, T1);
    }
    Vec out = Vec.ymm(0);
    sum.narrow16(a, out, four ? Vec.ymm(1) : out, PACKED);
    if (four) {
      sum.narrow16(a, Vec.ymm(2), Vec.ymm(3), PACKED);
    }
    sum.narrow8(a, out, four ? Vec.ymm(2) : out, PACKED);
    a.vmovdqu(T0, Mem.at(PACKED, orderAt));
    a.op(Op.VPERMD, out, T0, out);
    if (sum.position(1) != 1) {
      a.op(Op.VPSHUFB, out, out, Mem.at(PACKED, orderAt + 4 * LANES));
    }
    if (four) {
      a.vmovdqu(Mem.at(OUT, 0), out);
    } else {
      RequantizeX86.store(a, out, OUT, 0, count);
    }
  }

  private void operand(Operand operand, Vec x, Mem from, int count) {
    if (count == 1) {
      a.vpinsrb(x.xmm(), x.xmm(), from, 0);
      a.op(Op.VPMOVSXBD, x, x.xmm());
    } else {
      a.op(Op.VPMOVSXBD, x, from);
    }
    a.op(Op.VPSLLD, x, x, shift(operand));
    a.op(Op.VPSUBD, x, x, Mem.at(PACKED, operand.at));
    if (!operand.half) {
      int at = operand.at + 4 * LANES;
      operand.requantize.scale(a, new Vec[] {x}, PACKED, PACKED, at, T0, T1);
      if (operand.requantize.position(1) != 1) {
        a.op(Op.VPSHUFD, x, x, MIDDLE_EXCHANGED);
      }
    }
  }
}
