package io.quern.kernels.asm;

import io.quern.kernels.AddInt8;
import io.quern.kernels.asm.A64Assembler.Cond;
import io.quern.kernels.asm.A64Assembler.Op3;
import io.quern.kernels.asm.A64Assembler.V;
import io.quern.kernels.asm.A64Assembler.Width;
import io.quern.kernels.asm.A64Assembler.X;
import io.quern.kernels.asm.CodeBuffer.Label;
import java.util.Arrays;

/**
 * Emits the sum or difference of an {@link AddLayer} for AArch64: 16 elements in four registers of
 * int32, then single ones. Both operands and the sum are scaled by {@link RequantizeA64}; an
 * operand whose factor is one half is only shifted.
 */
final class AddA64 {
  private static final int BLOCK = 16;

  /** Greatest shift of a widening from 16 to 32 bits. */
  private static final int MAX_WIDENING_SHIFT = 15;

  private static final int ZERO_POINTS_AT = RequantizeA64.HEADER_BYTES;
  private static final int VECTORS_AT = ZERO_POINTS_AT + 32;

  private static final X LEFT = new X(0);
  private static final X OUT = new X(1);
  private static final X PACKED = new X(2);
  private static final X RIGHT = new X(3);
  private static final X FIRST = new X(4);
  private static final X COUNT = new X(5);
  private static final X TEMP = new X(9);

  private static final V[] SUM = {v(0), v(1), v(2), v(3)};
  private static final V[] OPERAND = {v(4), v(5), v(6), v(7)};
  private static final V[] TEMPS = {v(16), v(17), v(18), v(19)};
  private static final V LOW = v(28);
  private static final V HIGH = v(29);
  private static final V BYTES = v(30);

  /** How an operand or the sum is scaled, and the registers that hold its constants. */
  private record Scaling(RequantizeA64 requantize, V multiplier, V shift, int at) {}

  private final AddLayer layer;
  private final AddInt8 p;
  private final A64Assembler a = new A64Assembler();
  private final Scaling left;
  private final Scaling right;
  private final Scaling sum;

  private AddA64(AddLayer layer) {
    this.layer = layer;
    this.p = layer.params();
    RequantizeA64 l = new RequantizeA64(layer.left());
    RequantizeA64 r = new RequantizeA64(layer.right());
    this.left = new Scaling(l, v(20), v(21), VECTORS_AT);
    this.right = new Scaling(r, v(22), v(23), left.at + l.vectorBytes());
    this.sum =
        new Scaling(new RequantizeA64(layer.sum()), v(24), v(25), right.at + r.vectorBytes());
  }

  private static V v(int index) {
    return new V(index);
  }

  /** Code and constants; the function's scratch is the array that holds the right operand. */
  static KernelCode emit(AddLayer layer) {
    AddA64 add = new AddA64(layer);
    add.function();
    return layer.code("add16-neon", Isa.AARCH64, add.a.toBytes(), add.pack());
  }

  private byte[] pack() {
    PackedWriter w = new PackedWriter();
    sum.requantize.packHeader(w);
    for (int zeroPoint : new int[] {p.leftZeroPoint(), p.rightZeroPoint()}) {
      for (int i = 0; i < 8; i++) {
        w.write16(zeroPoint);
      }
    }
    int[] same = new int[4];
    left.requantize.packVector(w, same);
    right.requantize.packVector(w, same);
    sum.requantize.packVector(w, same);
    return w.toBytes();
  }

  private void function() {
    a.add(LEFT, LEFT, FIRST);
    a.add(OUT, OUT, FIRST);
    a.mov(TEMP, p.right().offset());
    a.add(RIGHT, RIGHT, TEMP);
    a.add(RIGHT, RIGHT, FIRST);
    for (Scaling s : new Scaling[] {left, right, sum}) {
      RequantizeA64.load(a, PACKED, s.at, s.multiplier, s.shift);
    }
    a.ldpQ(v(26), v(27), PACKED, ZERO_POINTS_AT);
    for (int count : new int[] {BLOCK, 1}) {
      Label loop = new Label();
      Label fewer = new Label();
      a.cmp(COUNT, count);
      a.b(Cond.LT, fewer);
      a.bind(loop);
      block(count);
      a.add(LEFT, LEFT, count);
      a.add(RIGHT, RIGHT, count);
      a.add(OUT, OUT, count);
      a.subs(COUNT, COUNT, count);
      a.cmp(COUNT, count);
      a.b(Cond.GE, loop);
      a.bind(fewer);
    }
    a.ret();
  }

  /** {@code count} elements: 16 or 1. */
  private void block(int count) {
    int quads = (count + 3) / 4;
    V[] acc = Arrays.copyOf(SUM, quads);
    V[] other = Arrays.copyOf(OPERAND, quads);
    operand(left, AddLayer.isHalf(layer.left()), LEFT, v(26), acc, count);
    operand(right, AddLayer.isHalf(layer.right()), RIGHT, v(27), other, count);
    for (int i = 0; i < quads; i++) {
      a.op(p.subtract() ? Op3.SUB_4S : Op3.ADD_4S, acc[i], acc[i], other[i]);
    }
    scale(sum, acc);
    sum.requantize.narrow(a, acc, PACKED, TEMPS[0], TEMPS[1]);
    RequantizeA64.store(a, acc[0], 0, count, OUT, TEMP);
  }

  private void operand(Scaling scaling, boolean half, X from, V zeroPoint, V[] x, int count) {
    if (count == 1) {
      a.ld1(1, BYTES, 0, from);
    } else {
      a.ldr(Width.Q, BYTES, from, 0);
    }
    a.sshll8(LOW, BYTES, 0, false);
    a.op(Op3.SUB_8H, LOW, LOW, zeroPoint);
    if (x.length > 2) {
      a.sshll8(HIGH, BYTES, 0, true);
      a.op(Op3.SUB_8H, HIGH, HIGH, zeroPoint);
    }
    // a value that gains a bit less need not be halved
    int shift = p.leftShift() - (half ? 1 : 0);
    int widening = Math.min(shift, MAX_WIDENING_SHIFT);
    for (int i = 0; i < x.length; i++) {
      a.sshll16(x[i], i < 2 ? LOW : HIGH, widening, (i & 1) != 0);
    }
    for (int i = 0; i < x.length && shift > widening; i++) {
      a.shl(x[i], x[i], shift - widening);
    }
    if (!half) {
      scale(scaling, x);
    }
  }

  private void scale(Scaling s, V[] x) {
    V[] multipliers = new V[x.length];
    V[] shifts = new V[x.length];
    Arrays.fill(multipliers, s.multiplier);
    Arrays.fill(shifts, s.shift);
    s.requantize.scale(a, x, multipliers, shifts, PACKED, new int[x.length], TEMPS);
  }
}
