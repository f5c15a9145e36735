package io.quern.kernels.asm;

import io.quern.kernels.asm.CodeBuffer.Label;
import io.quern.kernels.asm.X86Assembler.Cond;
import io.quern.kernels.asm.X86Assembler.Gpr;
import io.quern.kernels.asm.X86Assembler.Mem;
import io.quern.kernels.asm.X86Assembler.Op;
import io.quern.kernels.asm.X86Assembler.Vec;

/**
 * Emits the matrix product of a {@link PointwiseLayer} for x86-64, requantized in registers.
 *
 * <p>Rows are taken in blocks of which the activations fit in half the first-level cache. They are
 * staged in scratch in the form that the multiplication wants: sign-extended to int16 (pairs of k),
 * or with the top bit flipped to uint8 (quads of k). Either way one step of k is 4 bytes per row,
 * which a broadcast gives to all lanes, and the loop is the same for all variants. For each panel
 * of 16 columns and each tile of rows, the accumulators start at {@code bias - zero * sum w} with
 * zero the input's zero point in the staged form. Where k is not a multiple of a step, the packed
 * weights are 0, so that whatever scratch holds there does not count. Where n is not a multiple of
 * 16, the last panel starts at n - 16 and repeats some columns; with n below 16 fewer bytes are
 * stored.
 *
 * <p>Sums are exact: a pair of products is at most 2^15 in magnitude, and the accumulator is proven
 * when planning. VPDPBUSD sums {@code (x + 128) * w} modulo 2^32, and the correction in the bias is
 * exact in the same arithmetic.
 */
final class PointwiseX86 {
  /** How a step of k is multiplied and added. */
  enum Variant {
    /** VPMOVSXBW, VPMADDWD, VPADDD: int8 weights, half the memory of {@link #MADD16}. */
    MADD8(CpuFeature.AVX2, null, 2, 1, 6),
    /** VPMADDWD, VPADDD: weights are kept as int16, which spares the widening. */
    MADD16(CpuFeature.AVX2, null, 2, 2, 6),
    /** VPDPWSSD in VEX encoding. */
    DPWSSD(CpuFeature.AVX_VNNI, Op.VPDPWSSD_VEX, 2, 2, 6),
    /** VPDPBUSD in VEX encoding. */
    DPBUSD(CpuFeature.AVX_VNNI, Op.VPDPBUSD_VEX, 4, 1, 6),
    /** VPDPBUSD in EVEX encoding. */
    DPBUSD_EVEX(CpuFeature.AVX512_VNNI, Op.VPDPBUSD, 4, 1, 6);

    final CpuFeature needs;
    private final Op dot;
    private final int kr;
    private final int weightBytes;
    private final int mr;

    Variant(CpuFeature needs, Op dot, int kr, int weightBytes, int mr) {
      this.needs = needs;
      this.dot = dot;
      this.kr = kr;
      this.weightBytes = weightBytes;
      this.mr = mr;
    }
  }

  private static final int NR = 16;
  private static final int STEP_BYTES = 4;
  private static final int UNROLL = 4;

  /** Half of the 32 KiB of the smallest first-level cache of an AVX2 processor. */
  private static final int BLOCK_BYTES = 16 * 1024;

  private static final Gpr IN = Gpr.RDI;
  private static final Gpr OUT = Gpr.RSI;
  private static final Gpr PACKED = Gpr.RDX;
  private static final Gpr SCRATCH = Gpr.RCX;
  private static final Gpr ROWS_LEFT = Gpr.R9;
  private static final Gpr BLOCK_ROWS = Gpr.R10;
  private static final Gpr TILE_IN = Gpr.R11;
  private static final Gpr TILE_OUT = Gpr.R12;
  private static final Gpr TILE_ROWS = Gpr.R13;
  private static final Gpr PANEL = Gpr.RBX;
  private static final Gpr COLUMN = Gpr.RBP;
  private static final Gpr W = Gpr.R14;
  private static final Gpr A = Gpr.R15;
  private static final Gpr COUNT = Gpr.RAX;
  private static final Gpr[] SAVED = {Gpr.RBX, Gpr.RBP, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15};

  private final PointwiseLayer layer;
  private final Variant variant;
  private final RequantizeX86 requantize;
  private final X86Assembler a = new X86Assembler();
  private final int steps;
  private final int stride;
  private final int blockRows;
  private final int weightStep;
  private final int biasAt;
  private final int panelBytes;

  private PointwiseX86(PointwiseLayer layer, Variant variant) {
    this.layer = layer;
    this.variant = variant;
    this.requantize = new RequantizeX86(layer.requantization(), layer.maxAbsAcc());
    this.steps = (layer.k() + variant.kr - 1) / variant.kr;
    this.stride = steps * STEP_BYTES;
    int fitting = Math.max(1, BLOCK_BYTES / stride / variant.mr) * variant.mr;
    this.blockRows = Math.min(fitting, layer.m());
    this.weightStep = NR * variant.kr * variant.weightBytes;
    this.biasAt = (int) CodeMemory.roundUp((long) steps * weightStep, 64);
    this.panelBytes =
        (int) CodeMemory.roundUp(biasAt + 2 * (32 + (long) requantize.vectorBytes()), 64);
  }

  /** Code and constants of {@code layer}. */
  static KernelCode emit(PointwiseLayer layer, Variant variant) {
    PointwiseX86 p = new PointwiseX86(layer, variant);
    p.function();
    return new KernelCode(
        "pointwise" + variant.mr + "x" + NR + "-" + variant,
        Isa.X86_64,
        p.a.toBytes(),
        p.pack(),
        0,
        layer.k(),
        layer.n(),
        layer.m(),
        p.blockRows * p.stride);
  }

  // ---- constants

  /**
   * Column of lane {@code lane} of vector {@code v}, so that narrowing within halves ends in order.
   */
  private static int laneColumn(int v, int lane) {
    return (lane >> 2) * 8 + v * 4 + (lane & 3);
  }

  private byte[] pack() {
    PackedWriter w = new PackedWriter();
    requantize.packHeader(w);
    int n = layer.n();
    int zero = layer.inputZeroPoint() + (variant.kr == 4 ? 128 : 0);
    for (int c0 = 0; c0 < n; c0 += NR) {
      int first = Math.max(0, Math.min(c0, n - NR));
      int start = w.position();
      for (int step = 0; step < steps; step++) {
        for (int v = 0; v < 2; v++) {
          for (int lane = 0; lane < 8; lane++) {
            int c = first + laneColumn(v, lane);
            for (int i = step * variant.kr; i < (step + 1) * variant.kr; i++) {
              int weight = c < n && i < layer.k() ? layer.weights()[c * layer.k() + i] : 0;
              if (variant.weightBytes == 2) {
                w.write16(weight);
              } else {
                w.write8(weight);
              }
            }
          }
        }
      }
      w.align(64);
      for (int v = 0; v < 2; v++) {
        int[] channels = new int[8];
        for (int lane = 0; lane < 8; lane++) {
          channels[lane] = Math.min(first + laneColumn(v, lane), n - 1);
        }
        w.vector32(8, i -> layer.bias()[channels[i]] - zero * layer.weightSum(channels[i]));
        requantize.packVector(w, channels);
      }
      w.align(64);
      Checks.length("panel", w.position() - start, panelBytes);
    }
    return w.toBytes();
  }

  // ---- code

  private void function() {
    Label block = new Label();
    Label panel = new Label();
    Label panelsDone = new Label();
    Label done = new Label();
    for (Gpr r : SAVED) {
      a.push(r);
    }
    a.imul(COUNT, Gpr.R8, layer.k());
    a.add(IN, COUNT);
    a.imul(COUNT, Gpr.R8, layer.n());
    a.add(OUT, COUNT);
    a.test(ROWS_LEFT, ROWS_LEFT);
    a.j(Cond.LE, done);

    a.bind(block);
    a.mov32(BLOCK_ROWS, blockRows);
    a.cmp(ROWS_LEFT, BLOCK_ROWS);
    a.cmov(Cond.L, BLOCK_ROWS, ROWS_LEFT);
    stage();
    a.lea(PANEL, Mem.at(PACKED, RequantizeX86.HEADER_BYTES));
    a.xor32(COLUMN, COLUMN);

    a.bind(panel);
    a.mov(TILE_IN, SCRATCH);
    a.lea(TILE_OUT, Mem.at(OUT, COLUMN, 0));
    a.mov(TILE_ROWS, BLOCK_ROWS);
    for (int rows : tileRows()) {
      Label tile = new Label();
      Label fewer = new Label();
      a.cmp(TILE_ROWS, rows);
      a.j(Cond.L, fewer);
      a.align(16);
      a.bind(tile);
      tile(rows);
      a.add(TILE_IN, rows * stride);
      a.add(TILE_OUT, rows * layer.n());
      a.sub(TILE_ROWS, rows);
      a.cmp(TILE_ROWS, rows);
      a.j(Cond.GE, tile);
      a.bind(fewer);
    }
    if (layer.n() > NR) {
      a.add(PANEL, panelBytes);
      a.add(COLUMN, NR);
      a.cmp(COLUMN, layer.n());
      a.j(Cond.GE, panelsDone);
      a.mov32(COUNT, layer.n() - NR);
      a.cmp(COLUMN, COUNT);
      a.cmov(Cond.G, COLUMN, COUNT);
      a.jmp(panel);
      a.bind(panelsDone);
    }
    a.imul(COUNT, BLOCK_ROWS, layer.n());
    a.add(OUT, COUNT);
    a.sub(ROWS_LEFT, BLOCK_ROWS);
    a.j(Cond.G, block);

    a.bind(done);
    a.vzeroupper();
    for (int i = SAVED.length - 1; i >= 0; i--) {
      a.pop(SAVED[i]);
    }
    a.ret();
  }

  /** Tile heights, from the full one down to 1: what remains of the rows is a sum of them. */
  private int[] tileRows() {
    int mr = Math.min(variant.mr, layer.m());
    return switch (mr) {
      case 1 -> new int[] {1};
      case 2 -> new int[] {2, 1};
      case 3 -> new int[] {3, 1};
      case 4, 5 -> new int[] {4, 2, 1};
      default -> new int[] {6, 3, 1};
    };
  }

  /**
   * Copies the rows of a block into scratch in the staged form, and advances the input past them.
   */
  private void stage() {
    Label row = new Label();
    int k = layer.k();
    a.mov(TILE_IN, SCRATCH);
    a.mov(TILE_ROWS, BLOCK_ROWS);
    if (variant.kr == 4) {
      a.mov32(COUNT, 0x80808080);
      a.mov32(Mem.at(SCRATCH, 0), COUNT);
      a.op(Op.VPBROADCASTD, Vec.ymm(1), Mem.at(SCRATCH, 0));
    }
    a.bind(row);
    int chunk = chunk();
    int chunks = k / chunk;
    int unrolled = Math.min(chunks, 4);
    int loops = chunks / unrolled;
    if (loops > 1) {
      Label loop = new Label();
      a.mov(W, IN);
      a.mov(A, TILE_IN);
      a.mov32(COUNT, loops);
      a.bind(loop);
      for (int i = 0; i < unrolled; i++) {
        stageChunk(W, A, i * chunk, chunk);
      }
      a.add(W, unrolled * chunk);
      a.add(A, unrolled * chunk * STEP_BYTES / variant.kr);
      a.sub(COUNT, 1);
      a.j(Cond.NE, loop);
    } else {
      loops = 0;
    }
    for (int i = loops * unrolled; i < chunks; i++) {
      stageChunk(IN, TILE_IN, i * chunk, chunk);
    }
    if (k % chunk != 0) {
      stageChunk(IN, TILE_IN, k - chunk, chunk);
    }
    a.add(IN, k);
    a.add(TILE_IN, stride);
    a.sub(TILE_ROWS, 1);
    a.j(Cond.NE, row);
  }

  /** Bytes staged at once; the last ones of a row overlap those before. */
  private int chunk() {
    int k = layer.k();
    return variant.kr == 4 && k >= 32 ? 32 : k >= 16 ? 16 : k >= 8 ? 8 : k >= 4 ? 4 : 1;
  }

  private void stageChunk(Gpr from, Gpr to, int at, int chunk) {
    Mem s = Mem.at(from, at);
    Vec x = Vec.xmm(0);
    Vec y = Vec.ymm(0);
    if (variant.kr == 4) {
      Mem d = Mem.at(to, at);
      switch (chunk) {
        case 32 -> {
          a.op(Op.VPXOR, y, Vec.ymm(1), s);
          a.vmovdqu(d, y);
        }
        case 16 -> {
          a.op(Op.VPXOR, x, Vec.xmm(1), s);
          a.vmovdqu(d, x);
        }
        case 8 -> {
          a.vmovq(x, s);
          a.op(Op.VPXOR, x, x, Vec.xmm(1));
          a.vmovq(d, x);
        }
        case 4 -> {
          a.mov32(COUNT, s);
          a.xor32(COUNT, 0x80808080);
          a.mov32(d, COUNT);
        }
        default -> {
          a.movzx8(COUNT, s);
          a.xor32(COUNT, 0x80);
          a.mov8(d, COUNT);
        }
      }
    } else {
      Mem d = Mem.at(to, 2 * at);
      switch (chunk) {
        case 16 -> {
          a.op(Op.VPMOVSXBW, y, s);
          a.vmovdqu(d, y);
        }
        case 8 -> {
          a.op(Op.VPMOVSXBW, x, s);
          a.vmovdqu(d, x);
        }
        case 4 -> {
          a.vmovd(x, s);
          a.op(Op.VPMOVSXBW, x, x);
          a.vmovq(d, x);
        }
        default -> {
          a.movsx8(COUNT, s);
          a.mov16(d, COUNT);
        }
      }
    }
  }

  /**
   * One tile: accumulators are registers 0 up, then two of weights, one broadcast and one product.
   */
  private void tile(int rows) {
    // few accumulators would wait for each other
    int sets = steps < UNROLL ? 1 : rows == 1 ? 4 : rows == 2 ? 2 : 1;
    initialise(rows, sets);
    a.mov(W, PANEL);
    a.mov(A, TILE_IN);
    int loops = steps / UNROLL;
    int peeled = steps;
    if (loops > 1) {
      Label loop = new Label();
      a.mov32(COUNT, loops);
      a.align(32);
      a.bind(loop);
      for (int u = 0; u < UNROLL; u++) {
        step(rows, u, u % sets);
      }
      a.add(W, UNROLL * weightStep);
      a.add(A, UNROLL * STEP_BYTES);
      a.sub(COUNT, 1);
      a.j(Cond.NE, loop);
      peeled = steps % UNROLL;
    }
    for (int u = 0; u < peeled; u++) {
      step(rows, u, u % sets);
    }
    for (int s = 1; s < sets; s++) {
      for (int i = 0; i < 2 * rows; i++) {
        a.op(Op.VPADDD, Vec.ymm(i), Vec.ymm(i), Vec.ymm(s * 2 * rows + i));
      }
    }
    finish(rows);
  }

  private void initialise(int rows, int sets) {
    for (int v = 0; v < 2; v++) {
      a.vmovdqu(Vec.ymm(v), Mem.at(PANEL, vectorAt(v)));
    }
    for (int r = 1; r < rows; r++) {
      for (int v = 0; v < 2; v++) {
        a.vmovdqa(Vec.ymm(2 * r + v), Vec.ymm(v));
      }
    }
    for (int i = 2 * rows; i < 2 * rows * sets; i++) {
      a.op(Op.VPXOR, Vec.ymm(i), Vec.ymm(i), Vec.ymm(i));
    }
  }

  private void step(int rows, int u, int set) {
    Vec broadcast = Vec.ymm(14);
    Vec product = Vec.ymm(15);
    for (int v = 0; v < 2; v++) {
      Mem m = Mem.at(W, u * weightStep + v * weightStep / 2);
      if (variant == Variant.MADD8) {
        a.op(Op.VPMOVSXBW, Vec.ymm(12 + v), m);
      } else {
        a.vmovdqu(Vec.ymm(12 + v), m);
      }
    }
    for (int r = 0; r < rows; r++) {
      a.op(Op.VPBROADCASTD, broadcast, Mem.at(A, r * stride + u * STEP_BYTES));
      for (int v = 0; v < 2; v++) {
        Vec acc = Vec.ymm(2 * (set * rows + r) + v);
        if (variant.dot == null) {
          a.op(Op.VPMADDWD, product, broadcast, Vec.ymm(12 + v));
          a.op(Op.VPADDD, acc, acc, product);
        } else {
          a.op(variant.dot, acc, broadcast, Vec.ymm(12 + v));
        }
      }
    }
  }

  private int vectorAt(int v) {
    return biasAt + v * (32 + requantize.vectorBytes());
  }

  private void finish(int rows) {
    Vec t0 = Vec.ymm(12);
    Vec t1 = Vec.ymm(13);
    Vec t2 = Vec.ymm(14);
    int count = Math.min(NR, layer.n());
    for (int r = 0; r < rows; r++) {
      for (int v = 0; v < 2; v++) {
        requantize.scale(a, Vec.ymm(2 * r + v), PACKED, PANEL, vectorAt(v) + 32, t0, t1, t2);
      }
      requantize.narrow16(a, Vec.ymm(2 * r), Vec.ymm(2 * r + 1), PACKED);
    }
    for (int r = 0; r < rows; r += 2) {
      boolean two = r + 1 < rows;
      Vec x = Vec.ymm(2 * r);
      requantize.narrow8(a, x, two ? Vec.ymm(2 * r + 2) : x, PACKED);
      a.op(Op.VPERMQ, x, x, 0xd8);
      RequantizeX86.store(a, x, TILE_OUT, r * layer.n(), count);
      if (two) {
        a.vextracti128(t0.xmm(), x, 1);
        RequantizeX86.store(a, t0, TILE_OUT, (r + 1) * layer.n(), count);
      }
    }
  }
}
