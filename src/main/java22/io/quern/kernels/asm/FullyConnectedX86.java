package io.quern.kernels.asm;

import io.quern.kernels.asm.CodeBuffer.Label;
import io.quern.kernels.asm.X86Assembler.Cond;
import io.quern.kernels.asm.X86Assembler.Gpr;
import io.quern.kernels.asm.X86Assembler.Mem;
import io.quern.kernels.asm.X86Assembler.Op;
import io.quern.kernels.asm.X86Assembler.Vec;

/**
 * Emits a {@link FullyConnectedLayer} for AVX2. Every weight is used once for each row of the
 * batch, so that memory is what limits it: weights stay in the model's order, and four outputs at a
 * time share each load of the inputs.
 *
 * <p>Inputs are copied to scratch as int16, less the zero point, with zeros up to a multiple of 16;
 * weights beyond the end of a row are those of the next, or padding after the last, and meet these
 * zeros. Products of int16 inputs and weights are added in pairs, at most {@code 2 * 255 * 128},
 * and then modulo 2^32; that the accumulator fits is proven when planning.
 */
final class FullyConnectedX86 {
  private static final int STEP = FullyConnectedLayer.STEP;
  private static final int QUAD = FullyConnectedLayer.QUAD;
  private static final int UNROLL = 2;

  private static final Gpr IN = Gpr.RDI;
  private static final Gpr OUT = Gpr.RSI;
  private static final Gpr PACKED = Gpr.RDX;
  private static final Gpr SCRATCH = Gpr.RCX;
  private static final Gpr FIRST = Gpr.R8;
  private static final Gpr LEFT = Gpr.R9;
  private static final Gpr COUNT = Gpr.RAX;
  private static final Gpr OUTPUTS = Gpr.R10;
  private static final Gpr X = Gpr.R11;
  private static final Gpr W = Gpr.RBX;
  private static final Gpr TRIPLE = Gpr.R12;
  private static final Gpr SINGLE = Gpr.R13;
  private static final Gpr SCALES = Gpr.R14;
  private static final Gpr BIAS = Gpr.R15;
  private static final Gpr[] SAVED = {Gpr.RBX, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15};

  private static final int INPUT_ZERO_AT = 0;
  private static final int SIGN_AT = 32;
  private static final int HALF_AT = 64;
  private static final int LEAST_AT = 96;
  private static final int MOST_AT = 128;
  private static final int ZERO_AT = 160;
  private static final int BIAS_AT = 192;

  private final FullyConnectedLayer layer;
  private final X86Assembler a = new X86Assembler();
  private final int steps;
  private final int scalesAt;
  private final int weightsAt;

  private FullyConnectedX86(FullyConnectedLayer layer) {
    this.layer = layer;
    this.steps = (layer.inputs() + STEP - 1) / STEP;
    this.scalesAt = layer.scalesAt(BIAS_AT);
    this.weightsAt = layer.weightsAt(BIAS_AT);
  }

  /** Code and constants of {@code layer}. */
  static KernelCode emit(FullyConnectedLayer layer) {
    FullyConnectedX86 f = new FullyConnectedX86(layer);
    f.function();
    return layer.code(
        "dot" + QUAD + "x" + STEP + "-avx2",
        Isa.X86_64,
        f.a.toBytes(),
        f.pack(),
        2 * STEP * f.steps);
  }

  private byte[] pack() {
    PackedWriter w = new PackedWriter();
    w.repeat32((layer.inputZeroPoint() & 0xffff) * 0x10001, 8);
    doubles(w, -0.0);
    doubles(w, FullyConnectedLayer.HALF);
    doubles(w, layer.qmin() - layer.zeroPoint());
    doubles(w, layer.qmax() - layer.zeroPoint());
    w.repeat32(layer.zeroPoint(), 8);
    return layer.pack(w, 0);
  }

  private static void doubles(PackedWriter w, double value) {
    for (int i = 0; i < 4; i++) {
      w.write64(Double.doubleToRawLongBits(value));
    }
  }

  private void function() {
    Label row = new Label();
    Label done = new Label();
    for (Gpr r : SAVED) {
      a.push(r);
    }
    a.test(LEFT, LEFT);
    a.j(Cond.LE, done);
    a.add(OUT, FIRST);
    a.mov32(SINGLE, layer.inputs());
    a.imul(TRIPLE, SINGLE, 3);
    if (layer.batch() > 1) {
      findRow();
    }
    a.bind(row);
    stage();
    a.mov32(OUTPUTS, layer.outputs());
    a.sub(OUTPUTS, FIRST);
    a.cmp(LEFT, OUTPUTS);
    a.cmov(Cond.L, OUTPUTS, LEFT);
    a.sub(LEFT, OUTPUTS);
    a.imul(W, FIRST, layer.inputs());
    a.add(W, PACKED);
    a.add(W, weightsAt);
    a.lea(SCALES, new Mem(PACKED, FIRST, 8, scalesAt));
    a.lea(BIAS, new Mem(PACKED, FIRST, 4, BIAS_AT));
    outputs(QUAD);
    outputs(1);
    if (layer.batch() > 1) {
      a.add(IN, layer.inputs());
      a.xor32(FIRST, FIRST);
      a.test(LEFT, LEFT);
      a.j(Cond.G, row);
    }
    a.bind(done);
    a.vzeroupper();
    for (int i = SAVED.length - 1; i >= 0; i--) {
      a.pop(SAVED[i]);
    }
    a.ret();
  }

  /** Makes {@link #FIRST} an output of a row of the batch, and {@link #IN} that row. */
  private void findRow() {
    Label next = new Label();
    Label found = new Label();
    a.bind(next);
    a.cmp(FIRST, layer.outputs());
    a.j(Cond.L, found);
    a.sub(FIRST, layer.outputs());
    a.add(IN, layer.inputs());
    a.jmp(next);
    a.bind(found);
  }

  /** Copies the inputs as int16, less the zero point. */
  private void stage() {
    int k = layer.inputs();
    Vec x = Vec.ymm(0);
    Vec zero = Vec.ymm(1);
    a.op(Op.VPXOR, x, x, x);
    a.vmovdqu(Mem.at(SCRATCH, 2 * STEP * (steps - 1)), x);
    if (k < STEP) {
      for (int i = 0; i < k; i++) {
        a.movsx8(COUNT, Mem.at(IN, i));
        a.sub(COUNT, layer.inputZeroPoint());
        a.mov16(Mem.at(SCRATCH, 2 * i), COUNT);
      }
      return;
    }
    Label loop = new Label();
    a.vmovdqu(zero, Mem.at(PACKED, INPUT_ZERO_AT));
    a.xor32(COUNT, COUNT);
    a.bind(loop);
    stage(x, zero, Mem.at(IN, COUNT, 0), new Mem(SCRATCH, COUNT, 2, 0));
    a.add(COUNT, STEP);
    a.cmp(COUNT, k - STEP);
    a.j(Cond.LE, loop);
    if (k % STEP != 0) {
      // overlaps the one before
      stage(x, zero, Mem.at(IN, k - STEP), Mem.at(SCRATCH, 2 * (k - STEP)));
    }
  }

  private void stage(Vec x, Vec zero, Mem from, Mem to) {
    a.op(Op.VPMOVSXBW, x, from);
    a.op(Op.VPSUBW, x, x, zero);
    a.vmovdqu(to, x);
  }

  /** As many times {@code n} outputs, 4 or 1, as {@link #OUTPUTS} has. */
  private void outputs(int n) {
    Label again = new Label();
    Label fewer = new Label();
    a.cmp(OUTPUTS, n);
    a.j(Cond.L, fewer);
    a.bind(again);
    sums(n);
    finish(n);
    a.add(OUT, n);
    a.add(BIAS, 4 * n);
    a.add(SCALES, 8 * n);
    a.sub(OUTPUTS, n);
    a.cmp(OUTPUTS, n);
    a.j(Cond.GE, again);
    a.bind(fewer);
  }

  /** Accumulators of outputs in registers 0 to {@code n - 1}; {@link #W} moves past their rows. */
  private void sums(int n) {
    for (int j = 0; j < n; j++) {
      a.op(Op.VPXOR, Vec.ymm(j), Vec.ymm(j), Vec.ymm(j));
    }
    a.mov(X, SCRATCH);
    int loops = steps / UNROLL;
    if (loops > 0) {
      Label loop = new Label();
      a.mov32(COUNT, loops);
      a.align(32);
      a.bind(loop);
      for (int u = 0; u < UNROLL; u++) {
        step(n, u);
      }
      a.add(X, 2 * STEP * UNROLL);
      a.add(W, STEP * UNROLL);
      a.sub(COUNT, 1);
      a.j(Cond.NE, loop);
    }
    if (steps % UNROLL != 0) {
      step(n, 0);
    }
    a.add(W, n * layer.inputs() - loops * UNROLL * STEP);
  }

  private void step(int n, int u) {
    Vec x = Vec.ymm(QUAD);
    a.vmovdqu(x, Mem.at(X, 2 * STEP * u));
    for (int j = 0; j < n; j++) {
      Vec w = Vec.ymm(QUAD + 1 + j);
      a.op(Op.VPMOVSXBW, w, weights(j, STEP * u));
      a.op(Op.VPMADDWD, w, w, x);
      a.op(Op.VPADDD, Vec.ymm(j), Vec.ymm(j), w);
    }
  }

  private static Mem weights(int j, int disp) {
    return switch (j) {
      case 0 -> Mem.at(W, disp);
      case 1, 2 -> new Mem(W, SINGLE, j, disp);
      default -> Mem.at(W, TRIPLE, disp);
    };
  }

  private void finish(int n) {
    Vec y = Vec.ymm(0);
    Vec t = Vec.ymm(1);
    Vec x = y.xmm();
    a.op(Op.VPHADDD, y, y, n == 1 ? y : t);
    if (n > 1) {
      a.op(Op.VPHADDD, Vec.ymm(2), Vec.ymm(2), Vec.ymm(3));
    }
    a.op(Op.VPHADDD, y, y, n == 1 ? y : Vec.ymm(2));
    a.vextracti128(t.xmm(), y, 1);
    a.op(Op.VPADDD, x, x, t.xmm());
    a.op(Op.VPADDD, x, x, Mem.at(BIAS, 0));
    a.op(Op.VCVTDQ2PD, y, x);
    a.op(Op.VMULPD, y, y, Mem.at(SCALES, 0));
    a.op(Op.VPAND, t, y, Mem.at(PACKED, SIGN_AT));
    a.op(Op.VPOR, t, t, Mem.at(PACKED, HALF_AT));
    a.op(Op.VADDPD, y, y, t);
    a.op(Op.VMAXPD, y, y, Mem.at(PACKED, LEAST_AT));
    a.op(Op.VMINPD, y, y, Mem.at(PACKED, MOST_AT));
    a.vcvttpd2dq(x, y);
    a.op(Op.VPADDD, x, x, Mem.at(PACKED, ZERO_AT));
    a.op(Op.VPACKSSDW, x, x, x);
    a.op(Op.VPACKSSWB, x, x, x);
    if (n == 1) {
      a.vpextrb(Mem.at(OUT, 0), x, 0);
    } else {
      a.vmovd(Mem.at(OUT, 0), x);
    }
  }
}
