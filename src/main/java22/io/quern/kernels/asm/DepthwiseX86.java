package io.quern.kernels.asm;

import io.quern.kernels.asm.CodeBuffer.Label;
import io.quern.kernels.asm.X86Assembler.Cond;
import io.quern.kernels.asm.X86Assembler.Gpr;
import io.quern.kernels.asm.X86Assembler.Mem;
import io.quern.kernels.asm.X86Assembler.Op;
import io.quern.kernels.asm.X86Assembler.Vec;

/**
 * Emits a {@link DepthwiseLayer} for AVX2, 16 channels at a time, requantized in registers.
 *
 * <p>For each output row: pointers to the input rows, where a row outside the image is a row of
 * zero points in scratch. For each block of channels: the output columns, of which those at the
 * left and right border are emitted one by one, since which of their taps lie outside is known;
 * such taps read the row of zero points too. So every tap counts, and the start value {@code bias -
 * zeroPoint * sum w} holds for all outputs.
 *
 * <p>Two taps are multiplied and added in int16: {@code 2 * 127 * 128 = 32512} fits, which is why
 * weights of -128 are refused. Each sum is split into even channels (VPMADDWD with 1, 0, 1, 0, ...)
 * and odd channels (arithmetic shift of 32-bit lanes), added in int32; a byte shuffle at the end
 * restores the order.
 *
 * <p>The last block of channels starts at {@code channels - 16} and repeats some of them; with
 * fewer than 16 channels, blocks have 8 or 4 channels in the same way, and with fewer than 4 the
 * bytes are moved one by one.
 */
final class DepthwiseX86 {
  private static final int LANES = 16;

  private static final Gpr IN = Gpr.RDI;
  private static final Gpr OUT = Gpr.RSI;
  private static final Gpr PACKED = Gpr.RDX;
  private static final Gpr ZEROS = Gpr.RCX;
  private static final Gpr ROW = Gpr.R8;
  private static final Gpr ROWS_LEFT = Gpr.R9;
  private static final Gpr CHANNEL = Gpr.RBP;
  private static final Gpr BLOCK = Gpr.R12;
  private static final Gpr PIXEL_OUT = Gpr.R11;
  private static final Gpr COUNT = Gpr.RAX;

  /** Input rows; the last three hold other things between rows, kept on the stack meanwhile. */
  private static final Gpr[] TAP_ROW = {
    Gpr.RBX, Gpr.R13, Gpr.R14, Gpr.R15, Gpr.R10, Gpr.RDI, Gpr.R8, Gpr.R9
  };

  private static final Gpr[] SAVED = {Gpr.RBX, Gpr.RBP, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15};
  private static final int SLOT_IN = 8 * TAP_ROW.length;
  private static final int SLOT_ROW = SLOT_IN + 8;
  private static final int SLOT_ROWS_LEFT = SLOT_ROW + 8;
  private static final int FRAME_BYTES = SLOT_ROWS_LEFT + 8;

  private static final Vec ACC_EVEN = Vec.ymm(0);
  private static final Vec ACC_ODD = Vec.ymm(1);
  private static final Vec X0 = Vec.ymm(2);
  private static final Vec X1 = Vec.ymm(3);

  private final DepthwiseLayer layer;
  private final RequantizeX86 requantize;
  private final X86Assembler a = new X86Assembler();
  private final SlidingX86 sliding;
  private final int width;
  private final int evenAt;
  private final int fillAt;
  private final int orderAt;
  private final int blocksAt;
  private final int vectorAt;
  private final int blockBytes;

  private DepthwiseX86(DepthwiseLayer layer) {
    this.layer = layer;
    this.requantize =
        new RequantizeX86(
            layer.requantization(), layer.maxAbsAcc(), 256, SlidingX86.accepts(layer));
    this.evenAt = requantize.headerBytes();
    this.fillAt = evenAt + 32;
    this.orderAt = fillAt + 32;
    this.blocksAt = orderAt + 64;
    int c = layer.channels();
    this.width = c >= 16 ? 16 : c >= 8 ? 8 : c >= 4 ? 4 : c;
    this.vectorAt = 2 * LANES * layer.taps();
    Gpr[] rows = {TAP_ROW[0], TAP_ROW[1], TAP_ROW[2]};
    this.sliding =
        SlidingX86.accepts(layer)
            ? new SlidingX86(
                layer, requantize, a, rows, ZEROS, CHANNEL, BLOCK, PIXEL_OUT, PACKED, orderAt)
            : null;
    this.blockBytes =
        sliding != null
            ? sliding.blockBytes()
            : (int) CodeMemory.roundUp(vectorAt + 2 * (32 + (long) requantize.vectorBytes()), 64);
  }

  /** Code and constants of {@code layer}. */
  static KernelCode emit(DepthwiseLayer layer, Snippets snippets) {
    DepthwiseX86 d = new DepthwiseX86(layer);
    byte[] code = d.code(snippets);
    return new KernelCode(
        (d.sliding != null ? "sliding" : "depthwise")
            + layer.kernelH()
            + "x"
            + layer.kernelW()
            + "c"
            + d.width
            + "-avx2",
        Isa.X86_64,
        code,
        d.pack(),
        (long) layer.inH() * layer.rowBytes(),
        0,
        (long) layer.outW() * layer.channels(),
        layer.outH(),
        d.zeroBytes());
  }

  /** A row of zero points, in whole registers. */
  private int zeroBytes() {
    return layer.padded() ? (int) CodeMemory.roundUp(layer.rowBytes(), 32) : 0;
  }

  private byte[] code(Snippets snippets) {
    String key =
        Snippets.key(
            -1,
            requantize.code(),
            layer.inH(),
            layer.inW(),
            layer.channels(),
            layer.outH(),
            layer.outW(),
            layer.kernelH(),
            layer.kernelW(),
            layer.strideH(),
            layer.strideW(),
            layer.dilationH(),
            layer.dilationW(),
            layer.padTop(),
            layer.padLeft());
    byte[] code = snippets.function(key);
    if (code == null) {
      function();
      code = a.toBytes();
      snippets.putFunction(key, code);
    }
    return code;
  }

  private byte[] pack() {
    PackedWriter w = new PackedWriter();
    requantize.packHeader(w);
    for (int i = 0; i < 8; i++) {
      w.write32(1);
    }
    for (int i = 0; i < 32; i++) {
      w.write8(layer.inputZeroPoint());
    }
    for (int i = 0; sliding == null && i < 16; i++) {
      // of every 8 bytes, the even channels come first
      w.write8((i & 8) + (i & 1) * 4 + requantize.position(i >> 1 & 3));
    }
    if (sliding != null) {
      sliding.packOrder(w);
    }
    w.align(64);
    int[] start = layer.startValues();
    int channels = layer.channels();
    for (int c0 = 0; c0 < channels; c0 += width) {
      int first = Math.min(c0, channels - width);
      int from = w.position();
      if (sliding != null) {
        sliding.pack(w, first, start);
        Checks.length("block", w.position() - from, blockBytes);
        continue;
      }
      for (int t = 0; t < layer.taps(); t++) {
        w.write(layer.weights(), t * channels + first, width, LANES, 2);
      }
      for (int v = 0; v < 2; v++) {
        int[] lanes = new int[8];
        for (int lane = 0; lane < 8; lane++) {
          lanes[lane] = first + Math.min(2 * lane + v, width - 1);
        }
        for (int c : lanes) {
          w.write32(start[c]);
        }
        requantize.packVector(w, lanes);
      }
      w.align(64);
      Checks.length("block", w.position() - from, blockBytes);
    }
    return w.toBytes();
  }

  private void function() {
    Label row = new Label();
    Label block = new Label();
    Label blocksDone = new Label();
    Label done = new Label();
    int channels = layer.channels();
    int outRowBytes = layer.outW() * channels;
    for (Gpr r : SAVED) {
      a.push(r);
    }
    a.sub(Gpr.RSP, FRAME_BYTES);
    a.test(ROWS_LEFT, ROWS_LEFT);
    a.j(Cond.LE, done);
    a.imul(COUNT, ROW, outRowBytes);
    a.add(OUT, COUNT);
    fillZeros();
    a.mov(Mem.at(Gpr.RSP, SLOT_IN), IN);

    a.bind(row);
    a.mov(Mem.at(Gpr.RSP, SLOT_ROW), ROW);
    a.mov(Mem.at(Gpr.RSP, SLOT_ROWS_LEFT), ROWS_LEFT);
    tapRows();
    a.xor32(CHANNEL, CHANNEL);
    a.lea(BLOCK, Mem.at(PACKED, blocksAt));

    a.bind(block);
    for (int i = 0; i < layer.kernelH(); i++) {
      a.mov(TAP_ROW[i], Mem.at(Gpr.RSP, 8 * i));
      a.add(TAP_ROW[i], CHANNEL);
    }
    a.lea(PIXEL_OUT, Mem.at(OUT, CHANNEL, 0));
    if (sliding != null) {
      sliding.emit();
    } else {
      columns();
    }
    if (channels > width) {
      a.add(BLOCK, blockBytes);
      a.add(CHANNEL, width);
      a.cmp(CHANNEL, channels);
      a.j(Cond.GE, blocksDone);
      a.mov32(COUNT, channels - width);
      a.cmp(CHANNEL, COUNT);
      a.cmov(Cond.G, CHANNEL, COUNT);
      a.jmp(block);
      a.bind(blocksDone);
    }
    a.add(OUT, outRowBytes);
    a.mov(IN, Mem.at(Gpr.RSP, SLOT_IN));
    a.mov(ROW, Mem.at(Gpr.RSP, SLOT_ROW));
    a.mov(ROWS_LEFT, Mem.at(Gpr.RSP, SLOT_ROWS_LEFT));
    a.add(ROW, 1);
    a.sub(ROWS_LEFT, 1);
    a.j(Cond.NE, row);

    a.bind(done);
    a.vzeroupper();
    a.add(Gpr.RSP, FRAME_BYTES);
    for (int i = SAVED.length - 1; i >= 0; i--) {
      a.pop(SAVED[i]);
    }
    a.ret();
  }

  private void fillZeros() {
    if (zeroBytes() == 0) {
      return;
    }
    Label fill = new Label();
    a.vmovdqu(X0, Mem.at(PACKED, fillAt));
    a.mov(PIXEL_OUT, ZEROS);
    a.mov32(COUNT, zeroBytes() / 32);
    a.bind(fill);
    a.vmovdqu(Mem.at(PIXEL_OUT, 0), X0);
    a.add(PIXEL_OUT, 32);
    a.sub(COUNT, 1);
    a.j(Cond.NE, fill);
  }

  /**
   * Stores where the taps of output column 0 begin in each input row, columns left of the image
   * included.
   */
  private void tapRows() {
    Gpr y = Gpr.R10;
    Gpr at = Gpr.RBX;
    a.imul(y, ROW, layer.strideH());
    a.sub(y, layer.padTop());
    for (int i = 0; i < layer.kernelH(); i++) {
      a.imul(at, y, layer.rowBytes());
      a.add(at, IN);
      if (zeroBytes() > 0) {
        // unsigned, so that negative rows are outside too
        a.cmp(y, layer.inH());
        a.cmov(Cond.AE, at, ZEROS);
      }
      a.sub(at, layer.padLeft() * layer.channels());
      a.mov(Mem.at(Gpr.RSP, 8 * i), at);
      a.add(y, layer.dilationH());
    }
  }

  private void columns() {
    int from = 0;
    while (from < layer.outW() && !layer.allColumnsInside(from)) {
      pixel(from++);
    }
    int to = from;
    while (to < layer.outW() && layer.allColumnsInside(to)) {
      to++;
    }
    if (to - from > 1) {
      Label loop = new Label();
      a.mov32(COUNT, to - from);
      a.align(32);
      a.bind(loop);
      pixel(from);
      a.sub(COUNT, 1);
      a.j(Cond.NE, loop);
    } else if (to > from) {
      pixel(from);
    }
    for (int x = to; x < layer.outW(); x++) {
      pixel(x);
    }
  }

  private Mem tap(int x, int t) {
    int j = t % layer.kernelW();
    return layer.columnInside(x, j)
        ? Mem.at(TAP_ROW[t / layer.kernelW()], j * layer.dilationW() * layer.channels())
        : Mem.at(ZEROS, CHANNEL, 0);
  }

  /** One output position; the row pointers then advance to the next. */
  private void pixel(int x) {
    int taps = layer.taps();
    a.vmovdqu(ACC_EVEN, Mem.at(BLOCK, vectorAt));
    a.vmovdqu(ACC_ODD, Mem.at(BLOCK, vectorAt + 32 + requantize.vectorBytes()));
    for (int t = 0; t < taps; t += 2) {
      load(X0, tap(x, t));
      a.op(Op.VPMULLW, X0, X0, Mem.at(BLOCK, 2 * LANES * t));
      if (t + 1 < taps) {
        load(X1, tap(x, t + 1));
        a.op(Op.VPMULLW, X1, X1, Mem.at(BLOCK, 2 * LANES * (t + 1)));
        a.op(Op.VPADDW, X0, X0, X1);
      }
      a.op(Op.VPMADDWD, X1, X0, Mem.at(PACKED, evenAt));
      a.op(Op.VPSRAD, X0, X0, 16);
      a.op(Op.VPADDD, ACC_EVEN, ACC_EVEN, X1);
      a.op(Op.VPADDD, ACC_ODD, ACC_ODD, X0);
    }
    for (int i = 0; i < layer.kernelH(); i++) {
      a.add(TAP_ROW[i], layer.strideW() * layer.channels());
    }
    int constants = vectorAt + 32;
    requantize.scale(a, new Vec[] {ACC_EVEN}, PACKED, BLOCK, constants, X0, X1);
    constants += 32 + requantize.vectorBytes();
    requantize.scale(a, new Vec[] {ACC_ODD}, PACKED, BLOCK, constants, X0, X1);
    requantize.narrow16(a, ACC_EVEN, ACC_ODD, PACKED);
    requantize.narrow8(a, ACC_EVEN, ACC_EVEN, PACKED);
    a.op(Op.VPERMQ, ACC_EVEN, ACC_EVEN, 0xd8);
    a.op(Op.VPSHUFB, ACC_EVEN.xmm(), ACC_EVEN.xmm(), Mem.at(PACKED, orderAt));
    RequantizeX86.store(a, ACC_EVEN, PIXEL_OUT, 0, width);
    a.add(PIXEL_OUT, layer.channels());
  }

  /** Loads {@link #width} int8 values as int16. */
  private void load(Vec d, Mem m) {
    switch (width) {
      case 16 -> a.op(Op.VPMOVSXBW, d, m);
      case 8 -> a.op(Op.VPMOVSXBW, d.xmm(), m);
      case 4 -> {
        a.vmovd(d.xmm(), m);
        a.op(Op.VPMOVSXBW, d.xmm(), d.xmm());
      }
      default -> {
        a.op(Op.VPXOR, d.xmm(), d.xmm(), d.xmm());
        for (int i = 0; i < width; i++) {
          a.vpinsrb(d.xmm(), d.xmm(), new Mem(m.base(), m.index(), m.scale(), m.disp() + i), i);
        }
        a.op(Op.VPMOVSXBW, d.xmm(), d.xmm());
      }
    }
  }
}
