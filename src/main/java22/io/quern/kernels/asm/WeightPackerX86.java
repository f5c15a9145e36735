package io.quern.kernels.asm;

import io.quern.kernels.asm.CodeBuffer.Label;
import io.quern.kernels.asm.X86Assembler.Cond;
import io.quern.kernels.asm.X86Assembler.Gpr;
import io.quern.kernels.asm.X86Assembler.Mem;
import io.quern.kernels.asm.X86Assembler.Op;
import io.quern.kernels.asm.X86Assembler.Vec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Sums and packs the weights of a matrix product in machine code of its own: weights are many, and
 * planning runs before the JVM has compiled it.
 *
 * <p>Immutable and safe for use by several threads.
 */
final class WeightPackerX86 {
  /** Ints of a table before its rows: whole steps of a run, elements left, runs, stride. */
  static final int TABLE_HEADER = 4;

  /** Weights that are summed at once. */
  private static final int BLOCK = 32;

  private static final int UPPER_HALF = 0xee;

  private static final Gpr[] SAVED = {Gpr.RBX, Gpr.RBP, Gpr.R12, Gpr.R13, Gpr.R14};

  private final CodeMemory memory;

  private WeightPackerX86(CodeMemory memory) {
    this.memory = memory;
  }

  /**
   * Makes the code.
   *
   * @throws AsmUnavailableException if memory cannot be had; nothing stays mapped
   */
  static WeightPackerX86 install(NativeMemory os) throws AsmUnavailableException {
    List<byte[]> codes = new ArrayList<>();
    codes.add(sums());
    codes.add(pack(2, 1));
    codes.add(pack(2, 2));
    codes.add(pack(4, 1));
    return new WeightPackerX86(
        CodeMemory.install(os, Isa.X86_64, codes, List.of(), Arena.ofAuto()));
  }

  private static int index(DotX86 dot) {
    return dot.kr == 4 ? 3 : dot.weightBytes;
  }

  /** Sum of the weights and sum of their magnitudes, by turns, of each row of [rows, depth]. */
  int[] sums(byte[] weights, int rows, int depth) {
    Checks.range("rows", rows, 1, Integer.MAX_VALUE / 2);
    Checks.range("depth", depth, 1, 1 << 16);
    Checks.length("weights", weights.length, (long) rows * depth);
    int[] sums = new int[2 * rows];
    MemorySegment none = MemorySegment.NULL;
    NativeCall.call(
        memory.code(0),
        MemorySegment.ofArray(weights),
        MemorySegment.ofArray(sums),
        none,
        none,
        rows,
        depth);
    return sums;
  }

  /**
   * Copies rows of weights, in steps of {@code dot.kr} elements that begin {@code stride} bytes
   * apart.
   *
   * @param to zeros where no row is copied
   * @param table {@link #TABLE_HEADER} ints, and for each row where it begins in {@code weights}
   *     and where its first step in {@code to}
   */
  void pack(DotX86 dot, byte[] weights, byte[] to, int[] table) {
    int steps = table[0];
    int left = table[1];
    int runs = table[2];
    int stride = table[3];
    int rows = (table.length - TABLE_HEADER) / 2;
    Checks.range("steps", steps, 0, 1 << 16);
    Checks.range("elements left", left, 0, dot.kr - 1);
    Checks.range("runs", runs, 1, 1 << 16);
    int stepBytes = dot.kr * dot.weightBytes;
    Checks.range("stride", stride, stepBytes, Integer.MAX_VALUE);
    long depth = ((long) steps * dot.kr + left) * runs;
    long last = ((long) (steps + (left > 0 ? 1 : 0)) * runs - 1) * stride + stepBytes;
    for (int i = TABLE_HEADER; i < table.length; i += 2) {
      if (table[i] < 0
          || table[i] + depth > weights.length
          || table[i + 1] < 0
          || table[i + 1] + last > to.length) {
        throw new IllegalArgumentException(
            "row from " + table[i] + " to " + table[i + 1] + " is outside the weights");
      }
    }
    NativeCall.call(
        memory.code(index(dot)),
        MemorySegment.ofArray(weights),
        MemorySegment.ofArray(to),
        MemorySegment.ofArray(table),
        MemorySegment.NULL,
        rows,
        0);
  }

  private static byte[] sums() {
    X86Assembler a = new X86Assembler();
    Label row = new Label();
    Label element = new Label();
    Gpr sum = Gpr.RAX;
    Gpr magnitudes = Gpr.RCX;
    Gpr w = Gpr.RDX;
    Gpr left = Gpr.R10;
    Gpr minus = Gpr.R11;
    Label blocks = new Label();
    Label block = new Label();
    Label next = new Label();
    Mem spare = Mem.at(Gpr.RSP, -8);
    Vec zero = Vec.ymm(0);
    Vec flip = Vec.ymm(1);
    Vec ofFlipped = Vec.ymm(2);
    Vec ofMagnitudes = Vec.ymm(3);
    Vec x = Vec.ymm(4);
    Vec y = Vec.ymm(5);
    a.mov32(sum, 0x80808080);
    a.mov32(spare, sum);
    a.op(Op.VPBROADCASTD, flip, spare);
    a.vpxor(zero, zero, zero);
    a.bind(row);
    a.xor32(sum, sum);
    a.xor32(magnitudes, magnitudes);
    a.mov(left, Gpr.R9);
    a.cmp(left, BLOCK);
    a.j(Cond.L, blocks);
    a.vpxor(ofFlipped, ofFlipped, ofFlipped);
    a.vpxor(ofMagnitudes, ofMagnitudes, ofMagnitudes);
    a.bind(block);
    a.vmovdqu(x, Mem.at(Gpr.RDI, 0));
    a.op(Op.VPABSB, y, x);
    a.vpxor(x, x, flip);
    a.op(Op.VPSADBW, y, y, zero);
    a.op(Op.VPSADBW, x, x, zero);
    a.op(Op.VPADDQ, ofMagnitudes, ofMagnitudes, y);
    a.op(Op.VPADDQ, ofFlipped, ofFlipped, x);
    a.add(Gpr.RDI, BLOCK);
    a.sub(left, BLOCK);
    a.cmp(left, BLOCK);
    a.j(Cond.GE, block);
    total(a, magnitudes, ofMagnitudes, x, spare);
    total(a, sum, ofFlipped, x, spare);
    a.mov(minus, left);
    a.sub(minus, Gpr.R9);
    a.imul(minus, minus, 128);
    a.add(sum, minus);
    a.bind(blocks);
    a.test(left, left);
    a.j(Cond.E, next);
    a.bind(element);
    a.movsx8(w, Mem.at(Gpr.RDI, 0));
    a.add(sum, w);
    a.xor32(minus, minus);
    a.sub(minus, w);
    // negative ones are large as unsigned 32-bit values
    a.cmp(w, 127);
    a.cmov(Cond.A, w, minus);
    a.add(magnitudes, w);
    a.add(Gpr.RDI, 1);
    a.sub(left, 1);
    a.j(Cond.NE, element);
    a.bind(next);
    a.mov32(Mem.at(Gpr.RSI, 0), sum);
    a.mov32(Mem.at(Gpr.RSI, 4), magnitudes);
    a.add(Gpr.RSI, 8);
    a.sub(Gpr.R8, 1);
    a.j(Cond.NE, row);
    a.vzeroupper();
    a.ret();
    return a.toBytes();
  }

  /** Adds the 64-bit lanes of {@code v}, of which the low half goes to {@code to}. */
  private static void total(X86Assembler a, Gpr to, Vec v, Vec temp, Mem spare) {
    a.vextracti128(temp.xmm(), v, 1);
    a.op(Op.VPADDQ, v.xmm(), v.xmm(), temp.xmm());
    a.op(Op.VPSHUFD, temp.xmm(), v.xmm(), UPPER_HALF);
    a.op(Op.VPADDQ, v.xmm(), v.xmm(), temp.xmm());
    a.vmovd(spare, v);
    a.mov32(to, spare);
  }

  private static byte[] pack(int kr, int weightBytes) {
    X86Assembler a = new X86Assembler();
    Label row = new Label();
    Label run = new Label();
    Label step = new Label();
    Label rest = new Label();
    Label element = new Label();
    Label runDone = new Label();
    Label done = new Label();
    Gpr weights = Gpr.RDI;
    Gpr to = Gpr.RSI;
    Gpr table = Gpr.RDX;
    Gpr rows = Gpr.R8;
    Gpr steps = Gpr.R9;
    Gpr left = Gpr.R10;
    Gpr runs = Gpr.R11;
    Gpr stride = Gpr.RBP;
    Gpr from = Gpr.R12;
    Gpr at = Gpr.R13;
    Gpr byteAt = Gpr.R14;
    Gpr runsLeft = Gpr.RCX;
    Gpr count = Gpr.RAX;
    Gpr w = Gpr.RBX;
    for (Gpr r : SAVED) {
      a.push(r);
    }
    a.test(rows, rows);
    a.j(Cond.LE, done);
    a.mov32(steps, Mem.at(table, 0));
    a.mov32(left, Mem.at(table, 4));
    a.mov32(runs, Mem.at(table, 8));
    a.mov32(stride, Mem.at(table, 12));
    a.add(table, 4 * TABLE_HEADER);
    a.bind(row);
    a.mov32(from, Mem.at(table, 0));
    a.add(from, weights);
    a.mov32(at, Mem.at(table, 4));
    a.add(at, to);
    a.add(table, 8);
    a.mov(runsLeft, runs);
    a.bind(run);
    a.mov(count, steps);
    a.test(count, count);
    a.j(Cond.E, rest);
    a.bind(step);
    if (kr * weightBytes == 4 && weightBytes == 1) {
      a.mov32(w, Mem.at(from, 0));
      a.mov32(Mem.at(at, 0), w);
    } else {
      for (int i = 0; i < kr; i++) {
        a.movsx8(w, Mem.at(from, i));
        store(a, weightBytes, Mem.at(at, i * weightBytes), w);
      }
    }
    a.add(from, kr);
    a.add(at, stride);
    a.sub(count, 1);
    a.j(Cond.NE, step);
    a.bind(rest);
    a.mov(count, left);
    a.test(count, count);
    a.j(Cond.E, runDone);
    a.mov(byteAt, at);
    a.bind(element);
    a.movsx8(w, Mem.at(from, 0));
    store(a, weightBytes, Mem.at(byteAt, 0), w);
    a.add(byteAt, weightBytes);
    a.add(from, 1);
    a.sub(count, 1);
    a.j(Cond.NE, element);
    a.add(at, stride);
    a.bind(runDone);
    a.sub(runsLeft, 1);
    a.j(Cond.NE, run);
    a.sub(rows, 1);
    a.j(Cond.NE, row);
    a.bind(done);
    for (int i = SAVED.length - 1; i >= 0; i--) {
      a.pop(SAVED[i]);
    }
    a.ret();
    return a.toBytes();
  }

  private static void store(X86Assembler a, int bytes, Mem to, Gpr from) {
    if (bytes == 1) {
      a.mov8(to, from);
    } else {
      a.mov16(to, from);
    }
  }
}
