package io.quern.kernels.asm;

import io.quern.kernels.ConvGeometry;
import io.quern.kernels.asm.CodeBuffer.Label;
import io.quern.kernels.asm.X86Assembler.Cond;
import io.quern.kernels.asm.X86Assembler.Gpr;
import io.quern.kernels.asm.X86Assembler.Mem;
import io.quern.kernels.asm.X86Assembler.Op;
import io.quern.kernels.asm.X86Assembler.Vec;

/**
 * The input rows that a block of output rows reads, copied to scratch in the form that the
 * multiplication wants, and the code that copies them.
 *
 * <p>Lines lie {@link #pitch} bytes apart. A line is an input row, or for rows outside the input
 * all zero points, with the zero points of the padding left and right of it. So whatever lies
 * outside the image, the elements of one row of the kernel are consecutive in one line, at a
 * distance from the patch's first element that is the same for all patches. Elements become int16
 * (pairs of depth) or uint8 (quads of depth, top bit flipped).
 */
final class StagingX86 {
  /** Half of the 32 KiB of the smallest first-level cache of an AVX2 processor. */
  private static final int BLOCK_BYTES = 16 * 1024;

  private static final Gpr FROM = Gpr.R8;
  private static final Gpr TO = Gpr.R9;
  private static final Gpr Y = Gpr.R10;
  private static final Gpr LINES = Gpr.R11;
  private static final Gpr CHUNK_FROM = Gpr.R12;
  private static final Gpr CHUNK_TO = Gpr.R13;
  private static final Gpr TEMP = Gpr.RAX;
  private static final Vec ZERO_POINT = Vec.ymm(1);
  private static final Vec FLIP = Vec.ymm(2);

  /** Bytes of constants: the zero point as staged, and what flips the top bits. */
  static final int HEADER_BYTES = 64;

  private final Conv2dLayer layer;
  private final ConvGeometry g;
  private final DotX86 dot;
  private final X86Assembler a;
  private final int shift;
  private final boolean flat;
  private final int copyBytes;
  private final int linesPerRow;
  private final int inputRowsPerLine;
  private final int spanLines;
  private final int pitch;
  private final int blockRows;

  /**
   * Chooses the block.
   *
   * @param shift of staged int16 elements, up to 2
   * @throws IllegalArgumentException if the offsets of the block do not fit in 31 bits
   */
  StagingX86(Conv2dLayer layer, DotX86 dot, int shift, X86Assembler a) {
    this.shift = shift;
    this.layer = layer;
    this.g = layer.geometry();
    this.dot = dot;
    this.a = a;
    int columns = Math.min(g.inW(), layer.patchColumns() - g.padLeft());
    this.copyBytes = Math.max(0, columns) * g.inC();
    boolean single = g.kernelH() == 1;
    this.linesPerRow = single ? 1 : g.strideH();
    this.inputRowsPerLine = single ? g.strideH() : 1;
    this.spanLines = (g.kernelH() - 1) * g.dilationH() + 1;
    long lineBytes = (long) layer.patchColumns() * g.inC() * dot.stagedBytes();
    boolean pads = layer.padsRows() || layer.padsColumns();
    this.flat = g.isPointwise();
    long wide = flat ? lineBytes : CodeMemory.roundUp(lineBytes, pads ? FILL_BYTES : 4);
    Checks.range("bytes of a line", wide, 1, 1 << 28);
    this.pitch = (int) wide;
    this.blockRows = chooseRows();
    Checks.range("bytes of a block", (long) lines(blockRows) * pitch, 1, 1 << 28);
  }

  private static final int FILL_BYTES = 32;

  /** As many rows as fit, or a tile's if they do not. */
  private int chooseRows() {
    int fitting = (BLOCK_BYTES / pitch - spanLines) / linesPerRow + 1;
    int tile = dot.rows(g.outC());
    int rows = Math.max(fitting, (tile + g.outW() - 1) / g.outW());
    if (g.outW() == 1) {
      rows -= rows % tile;
    }
    return Math.min(rows, g.outH());
  }

  private int lines(int rows) {
    return (rows - 1) * linesPerRow + spanLines;
  }

  /** Most output rows of a block. */
  int blockRows() {
    return blockRows;
  }

  /** A step beyond the last line may be read: it is multiplied with 0. */
  int scratchBytes() {
    return lines(blockRows) * pitch + 4;
  }

  /** Bytes from the start of the block to the patch of its output position {@code p}. */
  int patchAt(int p) {
    return p / g.outW() * linesPerRow * pitch
        + p % g.outW() * g.strideW() * g.inC() * dot.stagedBytes();
  }

  /** Bytes from one row of the kernel to the next. */
  int kernelRowBytes() {
    return g.dilationH() * pitch;
  }

  void packHeader(PackedWriter w) {
    int zero = layer.product().inputZeroPoint() + dot.stagedOffset();
    int pattern = dot.kr == 4 ? zero * 0x1010101 : (zero << shift & 0xffff) * 0x10001;
    w.repeat32(pattern, 8);
    w.repeat32(0x80808080, 8);
  }

  /** Fills the padding of the columns, which copies leave alone. */
  void prepare(Gpr scratch, Gpr header, int headerAt) {
    if (layer.padsColumns()) {
      a.vmovdqu(ZERO_POINT, Mem.at(header, headerAt));
      a.mov(TO, scratch);
      fill(TO, lines(blockRows) * pitch);
    }
  }

  /** Fills a multiple of {@link #FILL_BYTES}. */
  private void fill(Gpr to, int bytes) {
    Label loop = new Label();
    a.mov(CHUNK_TO, to);
    a.mov32(TEMP, bytes / FILL_BYTES);
    a.bind(loop);
    a.vmovdqu(Mem.at(CHUNK_TO, 0), ZERO_POINT);
    a.add(CHUNK_TO, FILL_BYTES);
    a.sub(TEMP, 1);
    a.j(Cond.NE, loop);
  }

  /**
   * Stages the lines of some output rows; uses registers RAX and R8 to R13 and vectors 0 to 2.
   *
   * @param in slot of the pointer to the input
   * @param row slot of the first output row
   * @param rows slot of their number
   */
  void stage(Mem in, Mem row, Mem rows, Gpr scratch, Gpr header, int headerAt) {
    if (dot.kr == 4) {
      a.vmovdqu(FLIP, Mem.at(header, headerAt + 32));
    }
    if (layer.padsRows()) {
      a.vmovdqu(ZERO_POINT, Mem.at(header, headerAt));
    }
    a.mov(TO, scratch);
    if (flat) {
      copyRows(in, row, rows);
    } else {
      stageLines(in, row, rows);
    }
  }

  /** The rows of the input are those of the output and lie one after the other: one copy. */
  private void copyRows(Mem in, Mem row, Mem rows) {
    Gpr last = CHUNK_FROM;
    Gpr end = CHUNK_TO;
    Label bytes = new Label();
    Label done = new Label();
    int rowBytes = g.inW() * g.inC();
    int chunk = dot.kr == 4 ? 32 : 16;
    a.mov(TEMP, row);
    a.imul(TEMP, TEMP, rowBytes);
    a.mov(FROM, in);
    a.add(FROM, TEMP);
    a.mov(end, rows);
    a.imul(end, end, rowBytes);
    a.add(end, FROM);
    a.lea(last, Mem.at(end, -chunk));
    if (rowBytes < chunk) {
      a.cmp(last, FROM);
      a.j(Cond.B, bytes);
    }
    copyWhileBelow(last, 4, chunk);
    copyWhileBelow(last, 1, chunk);
    // the last chunk overlaps the one before
    a.mov(TEMP, last);
    a.sub(TEMP, FROM);
    a.lea(TO, new Mem(TO, TEMP, dot.stagedBytes(), 0));
    copyChunk(Mem.at(last, 0), TO, 0, chunk);
    if (rowBytes < chunk) {
      a.jmp(done);
      a.bind(bytes);
      copyChunk(Mem.at(FROM, 0), TO, 0, 1);
      a.add(TO, dot.stagedBytes());
      a.add(FROM, 1);
      a.cmp(FROM, end);
      a.j(Cond.B, bytes);
      a.bind(done);
    }
  }

  /** Copies {@code chunks} at a time while they all begin below {@code last}. */
  private void copyWhileBelow(Gpr last, int chunks, int chunk) {
    Label loop = new Label();
    Label done = new Label();
    int bytes = chunks * chunk;
    a.bind(loop);
    a.lea(TEMP, Mem.at(FROM, bytes - chunk));
    a.cmp(TEMP, last);
    a.j(Cond.AE, done);
    for (int i = 0; i < chunks; i++) {
      copyChunk(Mem.at(FROM, i * chunk), TO, i * chunk * dot.stagedBytes(), chunk);
    }
    a.add(FROM, bytes);
    a.add(TO, bytes * dot.stagedBytes());
    a.jmp(loop);
    a.bind(done);
  }

  private void stageLines(Mem in, Mem row, Mem rows) {
    Label line = new Label();
    Label outside = new Label();
    Label next = new Label();
    int rowBytes = g.inW() * g.inC();
    a.mov(Y, row);
    a.imul(Y, Y, g.strideH());
    a.sub(Y, g.padTop());
    a.imul(TEMP, Y, rowBytes);
    a.mov(FROM, in);
    a.add(FROM, TEMP);
    a.mov(LINES, rows);
    a.imul(LINES, LINES, linesPerRow);
    a.add(LINES, spanLines - linesPerRow);
    a.bind(line);
    if (layer.padsRows()) {
      // unsigned, so that negative rows are outside too
      a.cmp(Y, g.inH());
      a.j(Cond.AE, outside);
    }
    copyLine();
    if (layer.padsRows()) {
      a.jmp(next);
      a.bind(outside);
      fill(TO, pitch);
      a.bind(next);
      a.add(Y, inputRowsPerLine);
    }
    a.add(TO, pitch);
    a.add(FROM, Math.multiplyExact(inputRowsPerLine, rowBytes));
    a.sub(LINES, 1);
    a.j(Cond.NE, line);
  }

  private void copyLine() {
    if (copyBytes == 0) {
      return;
    }
    int left = g.padLeft() * g.inC() * dot.stagedBytes();
    int chunk = chunk();
    int chunks = copyBytes / chunk;
    int unrolled = Math.min(chunks, 4);
    int loops = chunks > 8 ? chunks / unrolled : 0;
    if (loops > 0) {
      Label loop = new Label();
      a.mov(CHUNK_FROM, FROM);
      a.lea(CHUNK_TO, Mem.at(TO, left));
      a.mov32(TEMP, loops);
      a.bind(loop);
      for (int i = 0; i < unrolled; i++) {
        copyChunk(Mem.at(CHUNK_FROM, i * chunk), CHUNK_TO, i * chunk * dot.stagedBytes(), chunk);
      }
      a.add(CHUNK_FROM, unrolled * chunk);
      a.add(CHUNK_TO, unrolled * chunk * dot.stagedBytes());
      a.sub(TEMP, 1);
      a.j(Cond.NE, loop);
    }
    for (int i = loops * unrolled; i < chunks; i++) {
      copyChunk(Mem.at(FROM, i * chunk), TO, left + i * chunk * dot.stagedBytes(), chunk);
    }
    if (copyBytes % chunk != 0) {
      int last = copyBytes - chunk;
      copyChunk(Mem.at(FROM, last), TO, left + last * dot.stagedBytes(), chunk);
    }
  }

  /** Bytes copied at once; the last ones of a line overlap those before. */
  private int chunk() {
    if (dot.kr == 4 && copyBytes >= 32) {
      return 32;
    }
    return copyBytes >= 16 ? 16 : copyBytes >= 8 ? 8 : copyBytes >= 4 ? 4 : 1;
  }

  private void copyChunk(Mem from, Gpr to, int at, int chunk) {
    Mem d = Mem.at(to, at);
    Vec y = Vec.ymm(0);
    Vec x = y.xmm();
    if (dot.kr == 4) {
      switch (chunk) {
        case 32 -> {
          a.op(Op.VPXOR, y, FLIP, from);
          a.vmovdqu(d, y);
        }
        case 16 -> {
          a.op(Op.VPXOR, x, FLIP.xmm(), from);
          a.vmovdqu(d, x);
        }
        case 8 -> {
          a.vmovq(x, from);
          a.op(Op.VPXOR, x, x, FLIP.xmm());
          a.vmovq(d, x);
        }
        case 4 -> {
          a.mov32(TEMP, from);
          a.xor32(TEMP, 0x80808080);
          a.mov32(d, TEMP);
        }
        default -> {
          a.movzx8(TEMP, from);
          a.xor32(TEMP, 0x80);
          a.mov8(d, TEMP);
        }
      }
    } else {
      switch (chunk) {
        case 16 -> {
          a.op(Op.VPMOVSXBW, y, from);
          shift(y);
          a.vmovdqu(d, y);
        }
        case 8 -> {
          a.op(Op.VPMOVSXBW, x, from);
          shift(x);
          a.vmovdqu(d, x);
        }
        case 4 -> {
          a.vmovd(x, from);
          a.op(Op.VPMOVSXBW, x, x);
          shift(x);
          a.vmovq(d, x);
        }
        default -> {
          a.movsx8(TEMP, from);
          if (shift > 0) {
            a.imul(TEMP, TEMP, 1 << shift);
          }
          a.mov16(d, TEMP);
        }
      }
    }
  }

  private void shift(Vec v) {
    if (shift > 0) {
      a.op(Op.VPSLLW, v, v, shift);
    }
  }
}
