package io.quern.kernels.asm;

import io.quern.kernels.asm.CodeBuffer.Label;
import io.quern.kernels.asm.X86Assembler.Cond;
import io.quern.kernels.asm.X86Assembler.Gpr;
import io.quern.kernels.asm.X86Assembler.Mem;
import io.quern.kernels.asm.X86Assembler.Op;
import io.quern.kernels.asm.X86Assembler.Vec;

/**
 * A row of outputs of a 3 x 3 depthwise convolution for 16 channels in AVX2, by input columns: each
 * is loaded once and added to the up to three outputs that it belongs to.
 *
 * <p>Of a column, the inputs of the upper two rows are interleaved as int16, so that VPMADDWD
 * multiplies both with their weights and adds the products in int32; in the third row, those of
 * neighbouring columns are. So an output takes five multiplications for each 8 channels: one of
 * each of its columns, one of the third row's first pair and one of its second, whose other weight
 * is 0. Weights carry the shift of {@link RequantizeX86#accShift}. Interleaving leaves channels 0
 * to 3 and 8 to 11 in one register and the others in a second; narrowing brings them back in order.
 *
 * <p>Outputs are narrowed and stored two by two. Steps whose column lies in the padding read zero
 * points.
 */
final class SlidingX86 {
  private static final int LANES = 16;
  private static final int WEIGHT_VECTORS = 10;
  private static final int WEIGHTS_BYTES = 32 * WEIGHT_VECTORS;

  /** Vectors of weights: of the upper rows by column, then of the third row's pairs. */
  private static final int FIRST_PAIR = 6;

  private static final int SECOND_PAIR = 8;

  private static final Vec UPPER_LOW = Vec.ymm(6);
  private static final Vec PAIR_LOW = Vec.ymm(7);
  private static final int THIRD_ROW = 8;
  private static final Vec UPPER_HIGH = Vec.ymm(10);
  private static final Vec PRODUCT = Vec.ymm(11);
  private static final Vec PENDING = Vec.ymm(12);

  /** Weights that stay in registers from here on. */
  private static final int KEPT = 13;

  private static final int[] KEPT_VECTORS = {SECOND_PAIR, SECOND_PAIR + 1, 0};

  private final DepthwiseLayer layer;
  private final RequantizeX86 requantize;
  private final X86Assembler a;
  private final Gpr[] rows;
  private final Gpr zeros;
  private final Gpr channel;
  private final Gpr block;
  private final Gpr out;
  private final Gpr header;
  private final int orderAt;
  private final int stride;
  private final int rotation;

  /**
   * Emits nothing yet.
   *
   * @param rows pointers to the first column of the three input rows, padding included
   * @param zeros a row of zero points
   * @param channel first of the 16 channels, as in {@code zeros}
   * @param block pointer to what {@link #pack} wrote
   * @param out pointer to the row of outputs
   * @param header of the requantization
   * @param orderAt bytes from there to {@link #packOrder}
   */
  SlidingX86(
      DepthwiseLayer layer,
      RequantizeX86 requantize,
      X86Assembler a,
      Gpr[] rows,
      Gpr zeros,
      Gpr channel,
      Gpr block,
      Gpr out,
      Gpr header,
      int orderAt) {
    this.layer = layer;
    this.requantize = requantize;
    this.a = a;
    this.rows = rows;
    this.zeros = zeros;
    this.channel = channel;
    this.block = block;
    this.out = out;
    this.header = header;
    this.orderAt = orderAt;
    this.stride = layer.strideW();
    this.rotation = stride == 1 ? 3 : 2;
  }

  static boolean accepts(DepthwiseLayer p) {
    return p.kernelH() == 3
        && p.kernelW() == 3
        && p.dilationW() == 1
        && p.strideW() <= 2
        && p.channels() >= LANES;
  }

  // ---- constants

  int blockBytes() {
    return (int) CodeMemory.roundUp(WEIGHTS_BYTES + 2 * (32 + (long) requantize.vectorBytes()), 64);
  }

  /** Writes the order in which narrowing leaves bytes, for two outputs. */
  void packOrder(PackedWriter w) {
    for (int i = 0; i < 2 * LANES; i++) {
      w.write8((i & 12) + requantize.position(i & 3));
    }
  }

  /**
   * Writes weights, start values and requantization of 16 channels.
   *
   * @param start of each channel of the layer
   */
  void pack(PackedWriter w, int first, int[] start) {
    int[][] channels = new int[2][8];
    for (int half = 0; half < 2; half++) {
      for (int lane = 0; lane < 8; lane++) {
        channels[half][lane] = first + (lane & 3) + 4 * half + (lane & 4) * 2;
      }
    }
    for (int column = 0; column < 3; column++) {
      for (int[] lanes : channels) {
        pairs(w, lanes, column, 3 + column);
      }
    }
    for (int[] lanes : channels) {
      pairs(w, lanes, 6, 7);
    }
    for (int[] lanes : channels) {
      pairs(w, lanes, -1, 8);
    }
    for (int[] lanes : channels) {
      for (int c : lanes) {
        w.write32(start[c] << requantize.accShift());
      }
      requantize.packVector(w, lanes);
    }
    w.align(64);
  }

  private void pairs(PackedWriter w, int[] lanes, int tap, int otherTap) {
    byte[] weights = layer.weights();
    int n = layer.channels();
    for (int c : lanes) {
      int low = tap < 0 ? 0 : weights[tap * n + c];
      int shift = requantize.accShift();
      w.write32(low << shift & 0xffff | weights[otherTap * n + c] << 16 + shift);
    }
  }

  // ---- code

  /** Emits the row; moves {@link #rows} and {@link #out}. */
  void emit() {
    for (int i = 0; i < KEPT_VECTORS.length; i++) {
      a.vmovdqu(Vec.ymm(KEPT + i), Mem.at(block, 32 * KEPT_VECTORS[i]));
    }
    int steps = (layer.outW() - 1) * stride + 3;
    int period = stride == 1 ? 6 : 4;
    // steps from 2 on that lie inside and have all their outputs
    int alike = Math.min(layer.outW() * stride, layer.inW() + layer.padLeft()) - 2;
    int loops = alike / period;
    int s = 0;
    int base = 0;
    for (; s < 2; s++) {
      step(s, s);
    }
    if (loops > 1) {
      Label loop = new Label();
      a.mov32(Gpr.RAX, loops);
      a.align(32);
      a.bind(loop);
      for (; s < 2 + period; s++) {
        step(s, s);
      }
      for (Gpr row : rows) {
        a.add(row, period * layer.channels());
      }
      a.add(out, period / stride * layer.channels());
      a.sub(Gpr.RAX, 1);
      a.j(Cond.NE, loop);
      base = loops * period;
      s = 2 + base;
    }
    for (; s < steps; s++) {
      step(s, s - base);
    }
  }

  /**
   * Adds a column to its outputs.
   *
   * @param s column, padding included
   * @param from column relative to {@link #rows}, and output column times stride to {@link #out}
   */
  private void step(int s, int from) {
    Vec third = Vec.ymm(THIRD_ROW + (s & 1));
    Vec previous = Vec.ymm(THIRD_ROW + (~s & 1));
    int column = s - layer.padLeft();
    boolean inside = column >= 0 && column < layer.inW();
    Vec[] to = {UPPER_LOW, PAIR_LOW, third};
    for (int i = 0; i < 3; i++) {
      Mem m = inside ? Mem.at(rows[i], from * layer.channels()) : Mem.at(zeros, channel, 0);
      a.op(Op.VPMOVSXBW, to[i], m);
    }
    a.op(Op.VPUNPCKHWD, UPPER_HIGH, UPPER_LOW, PAIR_LOW);
    a.op(Op.VPUNPCKLWD, UPPER_LOW, UPPER_LOW, PAIR_LOW);
    if (output(s, 1) >= 0 || output(s, 2) >= 0) {
      a.op(Op.VPUNPCKLWD, PAIR_LOW, previous, third);
      a.op(Op.VPUNPCKHWD, previous, previous, third);
    }
    for (int j = 2; j >= 0; j--) {
      int x = output(s, j);
      if (x < 0) {
        continue;
      }
      for (int half = 0; half < 2; half++) {
        Vec acc = acc(x, half);
        multiply(half == 0 ? UPPER_LOW : UPPER_HIGH, 2 * j + half);
        if (j == 0) {
          a.op(Op.VPADDD, acc, PRODUCT, Mem.at(block, constantsAt(half)));
          continue;
        }
        a.op(Op.VPADDD, acc, acc, PRODUCT);
        multiply(half == 0 ? PAIR_LOW : previous, (j == 1 ? FIRST_PAIR : SECOND_PAIR) + half);
        a.op(Op.VPADDD, acc, acc, PRODUCT);
      }
    }
    int done = output(s, 2);
    if (done >= 0) {
      finish(done, from);
    }
  }

  /** The output column to which column {@code s} belongs as its {@code j}th, or -1. */
  private int output(int s, int j) {
    int first = s - j;
    return first < 0 || first % stride != 0 || first / stride >= layer.outW() ? -1 : first / stride;
  }

  private Vec acc(int x, int half) {
    return Vec.ymm(x % rotation * 2 + half);
  }

  private int constantsAt(int half) {
    return WEIGHTS_BYTES + half * (32 + requantize.vectorBytes());
  }

  private void multiply(Vec inputs, int vector) {
    for (int i = 0; i < KEPT_VECTORS.length; i++) {
      if (KEPT_VECTORS[i] == vector) {
        a.op(Op.VPMADDWD, PRODUCT, inputs, Vec.ymm(KEPT + i));
        return;
      }
    }
    a.op(Op.VPMADDWD, PRODUCT, inputs, Mem.at(block, 32 * vector));
  }

  /**
   * Requantizes output column {@code x}, whose last column is {@code from}, as in {@link #step}.
   */
  private void finish(int x, int from) {
    for (int half = 0; half < 2; half++) {
      int at = constantsAt(half) + 32;
      requantize.scale(a, new Vec[] {acc(x, half)}, header, block, at, UPPER_LOW, PAIR_LOW);
    }
    boolean second = (x & 1) != 0;
    Vec narrow = second ? acc(x, 0) : PENDING;
    requantize.narrow16(a, narrow, acc(x, 0), acc(x, 1), header);
    if (!second && x + 1 < layer.outW()) {
      return;
    }
    requantize.narrow8(a, PENDING, narrow, header);
    a.op(Op.VPERMQ, PENDING, PENDING, 0xd8);
    if (requantize.position(1) != 1) {
      a.op(Op.VPSHUFB, PENDING, PENDING, Mem.at(header, orderAt));
    }
    int at = (from - 2) / stride * layer.channels();
    if (second) {
      a.vmovdqu(Mem.at(out, at - layer.channels()), PENDING.xmm());
      a.vextracti128(Mem.at(out, at), PENDING, 1);
    } else {
      a.vmovdqu(Mem.at(out, at), PENDING.xmm());
    }
  }
}
