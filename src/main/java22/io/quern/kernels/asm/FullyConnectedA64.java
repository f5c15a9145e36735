package io.quern.kernels.asm;

import io.quern.kernels.Requantization;
import io.quern.kernels.asm.A64Assembler.Cond;
import io.quern.kernels.asm.A64Assembler.Op2;
import io.quern.kernels.asm.A64Assembler.Op3;
import io.quern.kernels.asm.A64Assembler.V;
import io.quern.kernels.asm.A64Assembler.Width;
import io.quern.kernels.asm.A64Assembler.X;
import io.quern.kernels.asm.CodeBuffer.Label;

/**
 * Emits a {@link FullyConnectedLayer} for AArch64. Every weight is used once for each row of the
 * batch, so that memory is what limits it: weights stay in the model's order, and four outputs at a
 * time share each load of the inputs.
 *
 * <p>Inputs are copied to scratch, with zeros up to a multiple of 16; weights beyond the end of a
 * row are those of the next, or padding after the last, and meet these zeros. With SDOT, 16
 * products are added to the four partial sums of an output; without, as in {@link PointwiseA64}.
 * The sum starts at {@code bias - inputZeroPoint * sum w}. FCVTAS rounds ties away from zero.
 */
final class FullyConnectedA64 {
  private static final int STEP = FullyConnectedLayer.STEP;
  private static final int QUAD = FullyConnectedLayer.QUAD;

  private static final X IN = new X(0);
  private static final X OUT = new X(1);
  private static final X PACKED = new X(2);
  private static final X SCRATCH = new X(3);
  private static final X FIRST = new X(4);
  private static final X LEFT = new X(5);
  private static final X FROM = new X(6);
  private static final X OUTPUTS = new X(7);
  private static final X COUNT = new X(8);
  private static final X[] W = {new X(9), new X(10), new X(11), new X(12)};
  private static final X BIAS = new X(13);
  private static final X SCALES = new X(14);
  private static final X INPUTS = new X(15);
  private static final X TEMP = new X(16);
  private static final X WEIGHTS = new X(17);

  private static final int BIAS_AT = RequantizeA64.HEADER_BYTES;

  private final FullyConnectedLayer layer;
  private final boolean dot;
  private final boolean pairFits;
  private final RequantizeA64 bounds;
  private final A64Assembler a = new A64Assembler();
  private final int steps;
  private final int scalesAt;
  private final int weightsAt;

  private FullyConnectedA64(FullyConnectedLayer layer, boolean dot) {
    this.layer = layer;
    this.dot = dot;
    this.pairFits = dot || !Checks.hasMinimum(layer.weights());
    this.bounds =
        new RequantizeA64(
            new Requantization(
                new int[0], new int[0], layer.zeroPoint(), layer.qmin(), layer.qmax()));
    this.steps = (layer.inputs() + STEP - 1) / STEP;
    this.scalesAt = layer.scalesAt(BIAS_AT);
    this.weightsAt = layer.weightsAt(BIAS_AT);
  }

  /**
   * Code and constants of {@code layer}.
   *
   * @param dot whether to use SDOT
   */
  static KernelCode emit(FullyConnectedLayer layer, boolean dot) {
    FullyConnectedA64 f = new FullyConnectedA64(layer, dot);
    f.function();
    return layer.code(
        "dot" + QUAD + "x" + STEP + (dot ? "-SDOT" : "-SMLAL"),
        Isa.AARCH64,
        f.a.toBytes(),
        f.pack(),
        STEP * f.steps);
  }

  private byte[] pack() {
    PackedWriter w = new PackedWriter();
    bounds.packHeader(w);
    return layer.pack(w, layer.inputZeroPoint());
  }

  private static V v(int index) {
    return new V(index);
  }

  private void function() {
    Label row = new Label();
    Label done = new Label();
    a.cmp(LEFT, 0);
    a.b(Cond.LE, done);
    a.add(OUT, OUT, FIRST);
    a.mov(INPUTS, layer.inputs());
    if (layer.batch() > 1) {
      findRow();
    }
    a.bind(row);
    stage();
    a.mov(OUTPUTS, layer.outputs());
    a.sub(OUTPUTS, OUTPUTS, FIRST);
    a.cmp(LEFT, OUTPUTS);
    a.csel(OUTPUTS, LEFT, OUTPUTS, Cond.LT);
    a.sub(LEFT, LEFT, OUTPUTS);
    a.madd(WEIGHTS, FIRST, INPUTS, PACKED);
    a.add(WEIGHTS, WEIGHTS, weightsAt);
    a.mov(TEMP, 4);
    a.madd(BIAS, FIRST, TEMP, PACKED);
    a.add(BIAS, BIAS, BIAS_AT);
    a.mov(TEMP, 8);
    a.madd(SCALES, FIRST, TEMP, PACKED);
    a.add(SCALES, SCALES, scalesAt);
    outputs(QUAD);
    outputs(1);
    if (layer.batch() > 1) {
      a.add(IN, IN, INPUTS);
      a.mov(FIRST, 0);
      a.cmp(LEFT, 0);
      a.b(Cond.GT, row);
    }
    a.bind(done);
    a.ret();
  }

  /** Makes {@link #FIRST} an output of a row of the batch, and {@link #IN} that row. */
  private void findRow() {
    Label next = new Label();
    Label found = new Label();
    a.mov(TEMP, layer.outputs());
    a.bind(next);
    a.cmp(FIRST, TEMP);
    a.b(Cond.LT, found);
    a.sub(FIRST, FIRST, TEMP);
    a.add(IN, IN, INPUTS);
    a.b(next);
    a.bind(found);
  }

  private void stage() {
    int k = layer.inputs();
    if (k % STEP != 0) {
      a.clear(v(0));
      a.add(COUNT, SCRATCH, STEP * (steps - 1));
      a.str(Width.Q, v(0), COUNT, 0);
    }
    if (k < STEP) {
      int at = 0;
      for (Width width : new Width[] {Width.D, Width.S, Width.B}) {
        for (; k - at >= width.bytes; at += width.bytes) {
          a.ldr(width, v(0), IN, at);
          a.str(width, v(0), SCRATCH, at);
        }
      }
      return;
    }
    Label loop = new Label();
    a.mov(FROM, IN);
    a.mov(TEMP, SCRATCH);
    a.mov(COUNT, k / STEP);
    a.bind(loop);
    a.ldrQPost(v(0), FROM, STEP);
    a.strQPost(v(0), TEMP, STEP);
    a.subs(COUNT, COUNT, 1);
    a.b(Cond.NE, loop);
    if (k % STEP != 0) {
      // overlaps the one before
      int back = k % STEP - STEP;
      a.ldr(Width.Q, v(0), FROM, back);
      a.str(Width.Q, v(0), TEMP, back);
    }
  }

  /** As many times {@code n} outputs, 4 or 1, as {@link #OUTPUTS} has. */
  private void outputs(int n) {
    Label again = new Label();
    Label fewer = new Label();
    a.cmp(OUTPUTS, n);
    a.b(Cond.LT, fewer);
    a.bind(again);
    sums(n);
    finish(n);
    a.add(OUT, OUT, n);
    a.add(BIAS, BIAS, 4 * n);
    a.add(SCALES, SCALES, 8 * n);
    a.subs(OUTPUTS, OUTPUTS, n);
    a.cmp(OUTPUTS, n);
    a.b(Cond.GE, again);
    a.bind(fewer);
  }

  private static V acc(int j) {
    return v(16 + j);
  }

  /** Partial sums of outputs; {@link #WEIGHTS} moves past their rows. */
  private void sums(int n) {
    Label loop = new Label();
    for (int j = 0; j < n; j++) {
      a.clear(acc(j));
      if (j == 0) {
        a.mov(W[0], WEIGHTS);
      } else {
        a.add(W[j], W[j - 1], INPUTS);
      }
    }
    a.add(WEIGHTS, W[n - 1], INPUTS);
    a.mov(FROM, SCRATCH);
    a.mov(COUNT, steps);
    a.bind(loop);
    a.ldrQPost(v(0), FROM, STEP);
    for (int j = 0; j < n; j++) {
      a.ldrQPost(v(4 + j), W[j], STEP);
    }
    if (dot) {
      for (int j = 0; j < n; j++) {
        a.sdot(acc(j), v(4 + j), v(0));
      }
    } else {
      multiply(Op3.SMULL, n);
      if (pairFits) {
        multiply(Op3.SMLAL2, n);
      } else {
        accumulate(n);
        multiply(Op3.SMULL2, n);
      }
      accumulate(n);
    }
    a.subs(COUNT, COUNT, 1);
    a.b(Cond.NE, loop);
  }

  private void multiply(Op3 op, int n) {
    for (int j = 0; j < n; j++) {
      a.op(op, v(20 + j), v(0), v(4 + j));
    }
  }

  private void accumulate(int n) {
    for (int j = 0; j < n; j++) {
      a.op(Op2.SADALP, acc(j), v(20 + j));
    }
  }

  private void finish(int n) {
    V x = acc(0);
    V low = v(1);
    V high = v(2);
    a.op(Op3.ADDP_4S, x, x, n == 1 ? x : acc(1));
    if (n > 1) {
      a.op(Op3.ADDP_4S, acc(2), acc(2), acc(3));
    }
    a.op(Op3.ADDP_4S, x, x, n == 1 ? x : acc(2));
    a.ldr(Width.Q, v(0), BIAS, 0);
    a.op(Op3.ADD_4S, x, x, v(0));
    a.ldr(Width.Q, v(3), SCALES, 0);
    a.ldr(Width.Q, v(4), SCALES, 16);
    a.sshll32(low, x, false);
    a.sshll32(high, x, true);
    a.op(Op2.SCVTF_2D, low, low);
    a.op(Op2.SCVTF_2D, high, high);
    a.op(Op3.FMUL_2D, low, low, v(3));
    a.op(Op3.FMUL_2D, high, high, v(4));
    a.op(Op2.FCVTAS_2D, low, low);
    a.op(Op2.FCVTAS_2D, high, high);
    a.op(Op2.SQXTN_2S, x, low);
    a.op(Op2.SQXTN2_4S, x, high);
    bounds.narrow(a, new V[] {x}, PACKED, v(0), v(1));
    RequantizeA64.store(a, x, 0, n, OUT, TEMP);
  }
}
