package io.quern.kernels.asm;

import io.quern.kernels.asm.A64Assembler.Cond;
import io.quern.kernels.asm.A64Assembler.Op3;
import io.quern.kernels.asm.A64Assembler.V;
import io.quern.kernels.asm.A64Assembler.Width;
import io.quern.kernels.asm.A64Assembler.X;
import io.quern.kernels.asm.CodeBuffer.Label;
import java.util.Arrays;

/**
 * Emits a {@link DepthwiseLayer} for Advanced SIMD, 16 channels at a time, requantized in
 * registers.
 *
 * <p>Rows, columns, borders and blocks of channels are as in {@link DepthwiseX86}. Two taps are
 * multiplied and added in int16 by SMULL and SMLAL ({@code 2 * 127 * 128 = 32512} fits, which is
 * why weights of -128 are refused), then added to int32 by SADDW. With at most 10 taps the weights
 * and the bias of a block stay in registers for a whole row.
 */
final class DepthwiseA64 {
  private static final int LANES = 16;
  private static final int FILL = 48;

  private static final X IN = new X(0);
  private static final X OUT = new X(1);
  private static final X PACKED = new X(2);
  private static final X ZEROS = new X(3);
  private static final X ROW = new X(4);
  private static final X ROWS_LEFT = new X(5);
  private static final X CHANNEL = new X(6);
  private static final X BLOCK = new X(7);
  private static final X PIXEL_OUT = new X(8);
  private static final X COUNT = new X(9);
  private static final int TAP_ROW = 10;
  private static final int TAP_ROW_BASE = 19;
  private static final X TEMP = new X(27);
  private static final X CONSTANTS = new X(28);

  private static final V[] ACC = {new V(0), new V(1), new V(2), new V(3)};
  private static final V[] X_EVEN = {new V(4), new V(5)};
  private static final V[] X_ODD = {new V(26), new V(27)};
  private static final V LOW = new V(6);
  private static final V HIGH = new V(7);
  private static final V[] MULTIPLIERS = {new V(8), new V(9), new V(10), new V(11)};
  private static final V[] SHIFTS = {new V(12), new V(13), new V(14), new V(15)};
  private static final V[] BIAS = {new V(28), new V(29), new V(30), new V(31)};
  private static final int WEIGHTS = 16;
  private static final int MAX_KEPT = 10;

  private final DepthwiseLayer layer;
  private final RequantizeA64 requantize;
  private final A64Assembler a = new A64Assembler();
  private final int width;
  private final int constantsAt;
  private final int blockBytes;
  private final boolean kept;

  private DepthwiseA64(DepthwiseLayer layer) {
    this.layer = layer;
    this.requantize = new RequantizeA64(layer.requantization());
    int c = layer.channels();
    this.width = c >= 16 ? 16 : c >= 8 ? 8 : c >= 4 ? 4 : c;
    this.constantsAt = LANES * layer.taps();
    this.blockBytes = constantsAt + 4 * (16 + requantize.vectorBytes());
    this.kept = layer.taps() <= MAX_KEPT;
  }

  /** Code and constants of {@code layer}. */
  static KernelCode emit(DepthwiseLayer layer) {
    DepthwiseA64 d = new DepthwiseA64(layer);
    d.function();
    return new KernelCode(
        "depthwise" + layer.kernelH() + "x" + layer.kernelW() + "c" + d.width + "-neon",
        Isa.AARCH64,
        d.a.toBytes(),
        d.pack(),
        (long) layer.inH() * layer.rowBytes(),
        0,
        (long) layer.outW() * layer.channels(),
        layer.outH(),
        d.zeroBytes());
  }

  /** A row of zero points, in whole registers. */
  private int zeroBytes() {
    return layer.padded() ? (int) CodeMemory.roundUp(layer.rowBytes(), 16) : 0;
  }

  private byte[] pack() {
    PackedWriter head = new PackedWriter();
    requantize.packHeader(head);
    byte[] header = head.toBytes();
    PackedWriter w = new PackedWriter();
    for (int i = 0; i < RequantizeA64.HEADER_BYTES; i++) {
      w.write8(i < FILL ? header[i] : layer.inputZeroPoint());
    }
    int[] start = layer.startValues();
    int channels = layer.channels();
    for (int c0 = 0; c0 < channels; c0 += width) {
      int first = Math.min(c0, channels - width);
      int from = w.position();
      for (int t = 0; t < layer.taps(); t++) {
        for (int lane = 0; lane < LANES; lane++) {
          w.write8(lane < width ? layer.weights()[t * channels + first + lane] : 0);
        }
      }
      for (int q = 0; q < 4; q++) {
        int[] lanes = new int[4];
        for (int lane = 0; lane < 4; lane++) {
          lanes[lane] = first + Math.min(4 * q + lane, width - 1);
        }
        for (int c : lanes) {
          w.write32(start[c]);
        }
        requantize.packVector(w, lanes);
      }
      Checks.length("block", w.position() - from, blockBytes);
    }
    return w.toBytes();
  }

  private static X tapRow(int i) {
    return new X(TAP_ROW + i);
  }

  private static X tapRowBase(int i) {
    return new X(TAP_ROW_BASE + i);
  }

  private void addTo(X x, long imm) {
    if (Math.abs(imm) <= 0xffffff) {
      a.add(x, x, (int) imm);
    } else {
      a.mov(TEMP, imm);
      a.add(x, x, TEMP);
    }
  }

  private void function() {
    Label row = new Label();
    Label block = new Label();
    Label blocksDone = new Label();
    Label done = new Label();
    int channels = layer.channels();
    int outRowBytes = layer.outW() * channels;
    for (int i = 19; i < 29; i += 2) {
      a.push(new X(i), new X(i + 1));
    }
    for (int i = 8; i < 16; i += 2) {
      a.pushD(new V(i), new V(i + 1));
    }
    a.cmp(ROWS_LEFT, 0);
    a.b(Cond.LE, done);
    a.mov(COUNT, outRowBytes);
    a.madd(OUT, ROW, COUNT, OUT);
    fillZeros();

    a.bind(row);
    tapRows();
    a.mov(CHANNEL, 0);
    a.add(BLOCK, PACKED, RequantizeA64.HEADER_BYTES);

    a.bind(block);
    for (int i = 0; i < layer.kernelH(); i++) {
      a.add(tapRow(i), tapRowBase(i), CHANNEL);
    }
    a.add(PIXEL_OUT, OUT, CHANNEL);
    a.add(CONSTANTS, BLOCK, constantsAt);
    keepConstants();
    columns();
    if (channels > width) {
      addTo(BLOCK, blockBytes);
      a.add(CHANNEL, CHANNEL, width);
      a.mov(COUNT, channels);
      a.cmp(CHANNEL, COUNT);
      a.b(Cond.GE, blocksDone);
      a.mov(COUNT, channels - width);
      a.cmp(CHANNEL, COUNT);
      a.csel(CHANNEL, COUNT, CHANNEL, Cond.GT);
      a.b(block);
      a.bind(blocksDone);
    }
    addTo(OUT, outRowBytes);
    a.add(ROW, ROW, 1);
    a.subs(ROWS_LEFT, ROWS_LEFT, 1);
    a.b(Cond.NE, row);

    a.bind(done);
    for (int i = 14; i >= 8; i -= 2) {
      a.popD(new V(i), new V(i + 1));
    }
    for (int i = 27; i >= 19; i -= 2) {
      a.pop(new X(i), new X(i + 1));
    }
    a.ret();
  }

  private void fillZeros() {
    if (zeroBytes() == 0) {
      return;
    }
    Label fill = new Label();
    a.ldr(Width.Q, LOW, PACKED, FILL);
    a.mov(TEMP, ZEROS);
    a.mov(COUNT, zeroBytes() / 16);
    a.bind(fill);
    a.strQPost(LOW, TEMP, 16);
    a.subs(COUNT, COUNT, 1);
    a.b(Cond.NE, fill);
  }

  /**
   * Where the taps of output column 0 begin in each input row, columns left of the image included.
   */
  private void tapRows() {
    X y = CHANNEL;
    X rowBytes = PIXEL_OUT;
    a.mov(COUNT, layer.strideH());
    a.madd(y, ROW, COUNT, X.ZERO);
    a.add(y, y, -layer.padTop());
    a.mov(rowBytes, layer.rowBytes());
    a.mov(COUNT, layer.inH());
    for (int i = 0; i < layer.kernelH(); i++) {
      X at = tapRowBase(i);
      a.madd(at, y, rowBytes, IN);
      if (zeroBytes() > 0) {
        // unsigned, so that negative rows are outside too
        a.cmp(y, COUNT);
        a.csel(at, ZEROS, at, Cond.HS);
      }
      addTo(at, -(long) layer.padLeft() * layer.channels());
      a.add(y, y, layer.dilationH());
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
      a.mov(COUNT, to - from);
      a.bind(loop);
      pixel(from);
      a.subs(COUNT, COUNT, 1);
      a.b(Cond.NE, loop);
    } else if (to > from) {
      pixel(from);
    }
    for (int x = to; x < layer.outW(); x++) {
      pixel(x);
    }
  }

  /** Loads {@link #width} channels of tap {@code t} of output column {@code x}. */
  private void load(V d, int x, int t) {
    int j = t % layer.kernelW();
    X base;
    int disp = 0;
    if (layer.columnInside(x, j)) {
      base = tapRow(t / layer.kernelW());
      disp = j * layer.dilationW() * layer.channels();
    } else {
      a.add(TEMP, ZEROS, CHANNEL);
      base = TEMP;
    }
    Width w =
        switch (width) {
          case 16 -> Width.Q;
          case 8 -> Width.D;
          case 4 -> Width.S;
          default -> Width.B;
        };
    if (!A64Assembler.fits(w, disp)) {
      a.mov(TEMP, base);
      addTo(TEMP, disp);
      base = TEMP;
      disp = 0;
    }
    a.ldr(w, d, base, disp);
    if (w == Width.B && width > 1) {
      a.add(TEMP, base, disp);
      for (int i = 1; i < width; i++) {
        a.add(TEMP, TEMP, 1);
        a.ld1(1, d, i, TEMP);
      }
    }
  }

  private int constantsOf(int q) {
    return q * (16 + requantize.vectorBytes()) + 16;
  }

  private int quads() {
    return width > 8 ? 4 : width > 4 ? 2 : 1;
  }

  /** Loads what stays in registers for a row of a block. */
  private void keepConstants() {
    for (int t = 0; kept && t < layer.taps(); t++) {
      a.ldr(Width.Q, new V(WEIGHTS + t), BLOCK, LANES * t);
    }
    for (int q = 0; q < quads(); q++) {
      RequantizeA64.load(a, CONSTANTS, constantsOf(q), MULTIPLIERS[q], SHIFTS[q]);
      if (kept) {
        a.ldr(Width.Q, BIAS[q], CONSTANTS, constantsOf(q) - 16);
      }
    }
  }

  private void loadPair(V[] x, int column, int t) {
    load(x[0], column, t);
    if (t + 1 < layer.taps()) {
      load(x[1], column, t + 1);
    }
  }

  /** One output position; the row pointers then advance to the next. */
  private void pixel(int x) {
    int taps = layer.taps();
    // the next pair is loaded before this one is multiplied, which in-order cores need
    V[][] pairs = {X_EVEN, kept ? X_ODD : X_EVEN};
    loadPair(pairs[0], x, 0);
    for (int t = 0; t < taps; t += 2) {
      if (kept && t + 2 < taps) {
        loadPair(pairs[t / 2 + 1 & 1], x, t + 2);
      } else if (!kept && t > 0) {
        loadPair(pairs[0], x, t);
      }
      multiplyPair(pairs[t / 2 & 1], t);
    }
    for (int i = 0; i < layer.kernelH(); i++) {
      addTo(tapRow(i), (long) layer.strideW() * layer.channels());
    }
    int quads = quads();
    V[] accs = Arrays.copyOf(ACC, quads);
    int[] disps = new int[quads];
    for (int q = 0; q < quads; q++) {
      disps[q] = constantsOf(q);
    }
    V[] temps = {X_EVEN[0], X_EVEN[1], LOW, HIGH};
    requantize.scale(a, accs, MULTIPLIERS, SHIFTS, CONSTANTS, disps, temps);
    requantize.narrow(a, accs, PACKED, LOW, HIGH);
    RequantizeA64.store(a, ACC[0], 0, width, PIXEL_OUT, TEMP);
    addTo(PIXEL_OUT, layer.channels());
  }

  private void multiplyPair(V[] x, int t) {
    boolean two = t + 1 < layer.taps();
    boolean wide = width > 8;
    V w0 = weight(t, WEIGHTS);
    V w1 = two ? weight(t + 1, WEIGHTS + 1) : null;
    a.op(Op3.SMULL, LOW, x[0], w0);
    if (wide) {
      a.op(Op3.SMULL2, HIGH, x[0], w0);
    }
    if (two) {
      a.op(Op3.SMLAL, LOW, x[1], w1);
      if (wide) {
        a.op(Op3.SMLAL2, HIGH, x[1], w1);
      }
    }
    V[] from = ACC;
    if (t == 0 && kept) {
      from = BIAS;
    } else if (t == 0) {
      for (int q = 0; q < quads(); q++) {
        a.ldr(Width.Q, ACC[q], CONSTANTS, constantsOf(q) - 16);
      }
    }
    a.op(Op3.SADDW, ACC[0], from[0], LOW);
    if (width > 4) {
      a.op(Op3.SADDW2, ACC[1], from[1], LOW);
    }
    if (wide) {
      a.op(Op3.SADDW, ACC[2], from[2], HIGH);
      a.op(Op3.SADDW2, ACC[3], from[3], HIGH);
    }
  }

  /** Register of the weights of tap {@code t}, loaded into {@code scratch} unless they are kept. */
  private V weight(int t, int scratch) {
    if (kept) {
      return new V(WEIGHTS + t);
    }
    a.ldr(Width.Q, new V(scratch), BLOCK, LANES * t);
    return new V(scratch);
  }
}
