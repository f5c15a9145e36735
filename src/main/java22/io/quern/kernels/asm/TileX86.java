package io.quern.kernels.asm;

import io.quern.kernels.ConvGeometry;
import io.quern.kernels.asm.CodeBuffer.Label;
import io.quern.kernels.asm.X86Assembler.Cond;
import io.quern.kernels.asm.X86Assembler.Gpr;
import io.quern.kernels.asm.X86Assembler.Mem;
import io.quern.kernels.asm.X86Assembler.Op;
import io.quern.kernels.asm.X86Assembler.Vec;

/**
 * A register tile of the product of patches and weights: the weights as it reads them, and its
 * code.
 *
 * <p>A step of depth is 4 bytes of each patch, which a broadcast gives to all lanes, and as many of
 * each column of weights. Consecutive elements of a patch are a run: a row of the kernel, or a
 * position of it when columns are dilated. Runs are padded to whole steps with weights of 0, so
 * that whatever follows in scratch does not count. Accumulators start at {@code bias - zero * sum
 * w} with zero the input's zero point in the staged form.
 *
 * <p>Columns are taken 16 at a time, in one 512-bit register or two of 256 bits, and a panel has
 * one to three times as many. Where the number of columns is not a multiple, the last ones are
 * computed again by their neighbours; with fewer than 16, fewer bytes are stored.
 *
 * <p>Sums are exact: a pair of products is at most 2^15 in magnitude, and the accumulator is proven
 * when planning. VPDPBUSD sums {@code (x + 128) * w} modulo 2^32, and the correction in the bias is
 * exact in the same arithmetic. With {@link SmallWeights}, pairs of products are added in int16 for
 * as many steps as fit; VPMADDWD with the columns' factors then widens them, into the accumulators
 * after the last step and into sums in scratch before.
 */
final class TileX86 {
  /** Columns that are stored together. */
  static final int GROUP = 16;

  /** Bytes of constants: what brings the halves of 4 rows of 8 bytes together. */
  static final int HEADER_BYTES = 32;

  /** Offsets of the tile's patches. */
  static final Gpr[] PATCH = {Gpr.RBX, Gpr.RBP, Gpr.R8, Gpr.R9, Gpr.R10, Gpr.R11, Gpr.R12, Gpr.R13};

  static final Gpr OUT = Gpr.RDI;
  static final Gpr PATCHES = Gpr.RSI;
  static final Gpr HEADER = Gpr.RDX;
  static final Gpr SCRATCH = Gpr.RCX;
  static final Gpr COUNT = Gpr.RAX;
  static final Gpr W = Gpr.R14;
  private static final Gpr A = Gpr.R15;

  private static final int STEP_BYTES = 4;
  private static final int UNROLL = 4;

  /** Steps that are emitted without a loop. */
  private static final int STRAIGHT = 20;

  private static final int UPPER_HALF = 0xee;

  /** Kinds of pieces of code that layers share. */
  private static final int STEP = 1;

  private static final int SCALE = 2;

  /** Displacements in such pieces are below this. */
  private static final int MAX_KEPT = 1 << 20;

  /** Accumulators that keep two multipliers of latency 5 busy. */
  private static final int CHAINS = 10;

  private final PointwiseLayer product;
  private final DotX86 dot;
  private final SmallWeights small;
  private final RequantizeX86 requantize;
  private final X86Assembler a;
  private final Mem[] counters;
  private final Mem panel;
  private final int bits;
  private final int headerAt;
  private final int groups;
  private final int registers;
  private final int lanes;
  private final int weightStep;
  private final int runLength;
  private final int runSteps;
  private final int[] runs;
  private final int[] runBytes;
  private final int biasAt;

  /** Most steps of a run that are added in int16, if they are. */
  private final int segment;

  /** Whether int16 sums are widened more than once. */
  private final boolean widens;

  private final int stagedBytes;
  private final int sumsAt;

  /**
   * Chooses the panel.
   *
   * @param small of the layer for {@link DotX86#MADDUBS}, else null
   * @param counters three slots in memory for counters of loops
   * @param panel slot of the pointer to the panel
   * @param headerAt bytes from the header to this class's constants
   */
  TileX86(
      Conv2dLayer layer,
      DotX86 dot,
      SmallWeights small,
      StagingX86 staging,
      RequantizeX86 requantize,
      X86Assembler a,
      Mem[] counters,
      Mem panel,
      int headerAt) {
    this.product = layer.product();
    this.dot = dot;
    this.requantize = requantize;
    this.a = a;
    this.small = small;
    this.counters = counters;
    this.panel = panel;
    this.headerAt = headerAt;
    this.bits = dot.bits(product.n());
    this.lanes = bits / 32;
    this.groups = bits == 512 ? groups((product.n() + GROUP - 1) / GROUP) : 1;
    this.registers = product.n() <= lanes ? 1 : groups * GROUP / lanes;
    this.weightStep = registers * lanes * dot.kr * dot.weightBytes;
    ConvGeometry g = layer.geometry();
    boolean dilated = g.dilationW() > 1;
    this.runLength = dilated ? g.inC() : g.kernelW() * g.inC();
    this.runSteps = (runLength + dot.kr - 1) / dot.kr;
    this.runs = new int[] {g.kernelH(), dilated ? g.kernelW() : 1};
    this.runBytes =
        new int[] {staging.kernelRowBytes(), g.dilationW() * g.inC() * dot.stagedBytes()};
    this.biasAt = (int) CodeMemory.roundUp((long) steps() * weightStep, 64);
    int fitting = small == null ? 1 << 16 : Short.MAX_VALUE / (2 * 255 * small.greatest());
    this.segment = runSteps <= fitting ? runSteps : fitting / UNROLL * UNROLL;
    this.widens = steps() > fitting;
    this.stagedBytes = staging.scratchBytes();
    this.sumsAt = (int) CodeMemory.roundUp(stagedBytes, 64);
  }

  /** One to three groups for each panel, so that few are computed twice. */
  private static int groups(int all) {
    return all <= 3 ? all : all % 2 == 0 ? 2 : all % 3 == 1 ? 2 : 3;
  }

  private int steps() {
    return runs[0] * runs[1] * runSteps;
  }

  private int vectorBytes() {
    return startBytes() + requantize.vectorBytes();
  }

  /** Start values, and the factors that widen. */
  private int startBytes() {
    return bits / 8 * (small == null ? 1 : 2);
  }

  int scratchBytes() {
    return widens ? sumsAt + maxAccumulators() * bits / 8 : stagedBytes;
  }

  /**
   * The weights of a product as {@link DotX86#MADDUBS} takes them, or null if they are too large.
   */
  static SmallWeights small(PointwiseLayer product) {
    return SmallWeights.of(product, Short.MAX_VALUE / (2 * 255 * UNROLL));
  }

  /** Columns of a panel. */
  int columns() {
    return registers * lanes;
  }

  int panelBytes() {
    return (int) CodeMemory.roundUp(biasAt + (long) registers * vectorBytes(), 64);
  }

  // ---- constants

  /** First column of group {@code i}, relative to its panel. */
  private int groupColumn(int i) {
    return product.n() >= columns()
        ? i * GROUP
        : Math.min(i * GROUP, Math.max(0, product.n() - GROUP));
  }

  /**
   * Column of a lane of register {@code v}, relative to its panel, so that narrowing ends in order.
   */
  private int laneColumn(int v, int lane) {
    int position = requantize.position(lane);
    if (bits == 512 || registers == 1) {
      return groupColumn(v) + position;
    }
    return (position >> 2) * 8 + v * 4 + (position & 3);
  }

  void packHeader(PackedWriter w) {
    for (int i = 0; i < 8; i++) {
      w.write32((i & 1) * 4 + i / 2);
    }
  }

  /** Begins the table of {@link #packPanel}, with room for the rows of all panels. */
  int[] table(int panels) {
    int[] table = new int[WeightPackerX86.TABLE_HEADER + 2 * panels * columns()];
    table[0] = runLength / dot.kr;
    table[1] = runLength % dot.kr;
    table[2] = runs[0] * runs[1];
    table[3] = weightStep;
    return table;
  }

  /**
   * Writes zeros for the weights, start values and requantization of the panel whose first column
   * is given.
   *
   * @param sums of weights and of their magnitudes, by turns, for each column
   * @param table of {@link WeightPackerX86#pack}
   * @param at where the rows of this panel begin in the table
   * @return where they end
   */
  int packPanel(PackedWriter w, int first, int[] sums, int[] table, int at) {
    int n = product.n();
    int k = product.k();
    int next = at;
    int[] rows = new int[registers * lanes];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = first + laneColumn(i / lanes, i % lanes);
    }
    for (int i = 0; i < rows.length; i++) {
      if (rows[i] < n) {
        table[next++] = rows[i] * k;
        table[next++] = w.position() + i * dot.kr * dot.weightBytes;
      }
    }
    w.zeros(biasAt);
    int zero = product.inputZeroPoint() + dot.stagedOffset();
    for (int v = 0; v < registers; v++) {
      int[] channels = new int[lanes];
      for (int lane = 0; lane < lanes; lane++) {
        channels[lane] = Math.min(rows[v * lanes + lane], n - 1);
      }
      for (int c : channels) {
        w.write32(product.bias()[c] - zero * sums[2 * c] << requantize.accShift());
      }
      for (int i = 0; small != null && i < lanes; i++) {
        w.write32((small.factors()[channels[i]] << requantize.accShift()) * 0x10001);
      }
      requantize.packVector(w, channels);
    }
    w.align(64);
    return next;
  }

  // ---- code

  private Vec vec(int index) {
    return new Vec(index, bits);
  }

  /** Register after the accumulators: weights, a broadcast, a product; then temporaries. */
  private Vec free(int index) {
    return vec((bits == 512 ? 24 : 12) + index);
  }

  private int maxAccumulators() {
    return bits == 512 ? 24 : 12;
  }

  /**
   * Emits a tile: patches at {@link #PATCHES}, panel at {@link #W}, first output at {@link #OUT}.
   */
  void emit(int rows) {
    int sets = sets(rows);
    for (int r = 0; r < rows; r++) {
      a.mov32(PATCH[r], Mem.at(PATCHES, 4 * r));
    }
    initialise(rows, sets);
    a.mov(A, SCRATCH);
    int constantsAt = biasAt + startBytes();
    if (steps() <= STRAIGHT && !widens) {
      straight(rows, sets);
    } else {
      loops(rows, sets);
      constantsAt -= steps() * weightStep;
    }
    for (int s = 1; s < sets; s++) {
      for (int i = 0; i < registers * rows; i++) {
        a.op(Op.VPADDD, vec(i), vec(i), vec(s * registers * rows + i));
      }
    }
    for (int i = 0; small != null && i < rows * registers; i++) {
      if (widens) {
        a.vmovdqu(vec(i), sum(i));
      } else {
        int at = constantsAt - startBytes() + i % registers * vectorBytes();
        widen(i, Mem.at(W, at + bits / 8));
        a.op(Op.VPADDD, vec(i), vec(i), Mem.at(W, at));
      }
    }
    scale(rows, constantsAt);
    if (bits == 512) {
      store512(rows);
    } else if (registers == 2) {
      store256(rows);
    } else {
      storeHalf(rows);
    }
  }

  private void scale(int rows, int constantsAt) {
    long key = key(SCALE, rows, 0) << 4 | requantize.variant();
    key = key << 31 | constantsAt;
    if (a.replay(key)) {
      return;
    }
    int from = a.position();
    for (int v = 0; v < registers; v++) {
      Vec[] column = new Vec[rows];
      for (int r = 0; r < rows; r++) {
        column[r] = vec(r * registers + v);
      }
      int at = constantsAt + v * vectorBytes();
      requantize.scale(a, column, HEADER, W, at, free(0), free(1), free(2), free(3));
    }
    a.keep(key, from);
  }

  /** What a piece of code depends on besides displacements, in 14 bits. */
  private long key(int kind, int rows, int set) {
    int key = kind << 4 | rows;
    key = key << 2 | set;
    key = key << 3 | dot.ordinal();
    key = key << 2 | registers;
    return key << 1 | (bits == 512 ? 1 : 0);
  }

  /** Few accumulators would wait for each other: steps then take turns. */
  private int sets(int rows) {
    int chains = rows * registers;
    int sets = 1;
    while (dot.op != null
        && sets < UNROLL
        && sets < runSteps
        && chains * sets < CHAINS
        && chains * sets * 2 <= maxAccumulators()) {
      sets *= 2;
    }
    return sets;
  }

  private void widen(int i, Mem factors) {
    a.op(Op.VPMADDWD, vec(i), vec(i), factors);
  }

  private Mem sum(int i) {
    return Mem.at(SCRATCH, sumsAt + i * bits / 8);
  }

  /** Moves what int16 holds to the sums in scratch. */
  private void flush(int rows) {
    a.mov(COUNT, panel);
    for (int i = 0; i < rows * registers; i++) {
      widen(i, Mem.at(COUNT, biasAt + i % registers * vectorBytes() + bits / 8));
      a.op(Op.VPADDD, vec(i), vec(i), sum(i));
      a.vmovdqu(sum(i), vec(i));
      a.vpxor(vec(i), vec(i), vec(i));
    }
  }

  private void initialise(int rows, int sets) {
    if (small != null) {
      for (int i = 0; i < rows * registers; i++) {
        if (widens) {
          a.vmovdqu(vec(i), Mem.at(W, biasAt + i % registers * vectorBytes()));
          a.vmovdqu(sum(i), vec(i));
        }
        a.vpxor(vec(i), vec(i), vec(i));
      }
      return;
    }
    for (int v = 0; v < registers; v++) {
      a.vmovdqu(vec(v), Mem.at(W, biasAt + v * vectorBytes()));
    }
    for (int i = registers; i < rows * registers; i++) {
      a.vmovdqa(vec(i), vec(i % registers));
    }
    for (int i = registers * rows; i < registers * rows * sets; i++) {
      a.vpxor(vec(i), vec(i), vec(i));
    }
  }

  private void straight(int rows, int sets) {
    for (int i = 0; i < steps(); i++) {
      int run = i / runSteps;
      int at = run / runs[1] * runBytes[0] + run % runs[1] * runBytes[1];
      step(rows, i % sets, at + i % runSteps * STEP_BYTES, i * weightStep);
    }
  }

  private void loops(int rows, int sets) {
    int inner = runs[1] * runBytes[1];
    Label outerLoop = open(0);
    Label innerLoop = open(1);
    int advanced = run(rows, sets);
    if (runs[1] > 1) {
      a.add(A, runBytes[1] - advanced);
    } else if (runs[0] > 1) {
      a.add(A, runBytes[0] - advanced);
    }
    close(1, innerLoop);
    if (runs[1] > 1 && runs[0] > 1) {
      a.add(A, runBytes[0] - inner);
    }
    close(0, outerLoop);
  }

  /** Begins the loop over the runs of a level: rows of the kernel, or positions in a row. */
  private Label open(int level) {
    Label again = new Label();
    if (runs[level] > 1) {
      a.mov32(COUNT, runs[level]);
      a.mov(counters[level], COUNT);
      a.bind(again);
    }
    return again;
  }

  private void close(int level, Label again) {
    if (runs[level] > 1) {
      a.mov(COUNT, counters[level]);
      a.sub(COUNT, 1);
      a.mov(counters[level], COUNT);
      a.j(Cond.NE, again);
    }
  }

  /** One run; {@link #W} ends behind its weights, and what {@link #A} advances is returned. */
  private int run(int rows, int sets) {
    if (!widens) {
      return steps(rows, sets, runSteps);
    }
    int segments = runSteps / segment;
    Label again = new Label();
    if (segments > 1) {
      a.mov32(COUNT, segments);
      a.mov(counters[2], COUNT);
      a.bind(again);
    }
    int advanced = steps(rows, sets, segment);
    int missing = segment * STEP_BYTES - advanced;
    if (missing > 0) {
      a.add(A, missing);
    }
    flush(rows);
    if (segments > 1) {
      a.mov(COUNT, counters[2]);
      a.sub(COUNT, 1);
      a.mov(counters[2], COUNT);
      a.j(Cond.NE, again);
    }
    advanced = segments * segment * STEP_BYTES;
    int rest = runSteps % segment;
    if (rest > 0) {
      advanced += steps(rows, sets, rest);
      flush(rows);
    }
    return advanced;
  }

  /** Steps one after the other. */
  private int steps(int rows, int sets, int count) {
    int loops = count / UNROLL;
    int peeled = count;
    int advanced = 0;
    if (loops > 1) {
      Label loop = new Label();
      a.mov32(COUNT, loops);
      a.align(32);
      a.bind(loop);
      for (int u = 0; u < UNROLL; u++) {
        step(rows, u % sets, u * STEP_BYTES, u * weightStep);
      }
      a.add(W, UNROLL * weightStep);
      a.add(A, UNROLL * STEP_BYTES);
      a.sub(COUNT, 1);
      a.j(Cond.NE, loop);
      peeled = count % UNROLL;
      advanced = loops * UNROLL * STEP_BYTES;
    }
    for (int u = 0; u < peeled; u++) {
      step(rows, u % sets, u * STEP_BYTES, u * weightStep);
    }
    if (peeled > 0) {
      a.add(W, peeled * weightStep);
    }
    return advanced;
  }

  private void step(int rows, int set, int patchAt, int weightsAt) {
    if (patchAt >= MAX_KEPT || weightsAt >= MAX_KEPT) {
      emitStep(rows, set, patchAt, weightsAt);
      return;
    }
    long key = key(STEP, rows, set) << 20 | patchAt;
    key = key << 20 | weightsAt;
    if (!a.replay(key)) {
      int from = a.position();
      emitStep(rows, set, patchAt, weightsAt);
      a.keep(key, from);
    }
  }

  private void emitStep(int rows, int set, int patchAt, int weightsAt) {
    Vec broadcast = free(registers);
    Vec pairs = free(registers + 1);
    for (int v = 0; v < registers; v++) {
      Mem m = Mem.at(W, weightsAt + v * weightStep / registers);
      if (dot == DotX86.MADD8) {
        a.op(Op.VPMOVSXBW, free(v), m);
      } else {
        a.vmovdqu(free(v), m);
      }
    }
    for (int r = 0; r < rows; r++) {
      a.op(Op.VPBROADCASTD, broadcast, Mem.at(A, PATCH[r], patchAt));
      int first = registers * (set * rows + r);
      if (dot.op == null) {
        pairs(first, broadcast, pairs);
        continue;
      }
      for (int v = 0; v < registers; v++) {
        a.op(dot.op, vec(first + v), broadcast, free(v));
      }
    }
  }

  /**
   * Both multiplications before the additions: so Zen 3 sends fewer of the latter to its two
   * multipliers.
   */
  private void pairs(int first, Vec broadcast, Vec pairs) {
    for (int v = 0; v < registers; v++) {
      a.op(
          small == null ? Op.VPMADDWD : Op.VPMADDUBSW,
          v < registers - 1 ? pairs : broadcast,
          broadcast,
          free(v));
    }
    for (int v = 0; v < registers; v++) {
      Vec acc = vec(first + v);
      a.op(small == null ? Op.VPADDD : Op.VPADDW, acc, acc, v < registers - 1 ? pairs : broadcast);
    }
  }

  private void store256(int rows) {
    int count = Math.min(GROUP, product.n());
    for (int r = 0; r < rows; r++) {
      requantize.narrow16(a, vec(2 * r), vec(2 * r + 1), HEADER);
    }
    for (int r = 0; r < rows; r += 2) {
      boolean two = r + 1 < rows;
      Vec x = vec(2 * r);
      requantize.narrow8(a, x, two ? vec(2 * r + 2) : x, HEADER);
      a.op(Op.VPERMQ, x, x, 0xd8);
      RequantizeX86.store(a, x, OUT, r * product.n(), count);
      if (two && count == GROUP) {
        a.vextracti128(Mem.at(OUT, (r + 1) * product.n()), x, 1);
      } else if (two) {
        a.vextracti128(free(0).xmm(), x, 1);
        RequantizeX86.store(a, free(0), OUT, (r + 1) * product.n(), count);
      }
    }
  }

  /** One register for each row: four rows are narrowed to one. */
  private void storeHalf(int rows) {
    int n = product.n();
    a.vmovdqu(free(0), Mem.at(HEADER, headerAt));
    for (int r = 0; r < rows; r += 4) {
      int left = Math.min(4, rows - r);
      Vec x = vec(r);
      Vec y = vec(r + Math.min(2, left - 1));
      requantize.narrow16(a, x, vec(r + Math.min(1, left - 1)), HEADER);
      if (left > 2) {
        requantize.narrow16(a, y, vec(r + left - 1), HEADER);
      }
      requantize.narrow8(a, x, left > 2 ? y : x, HEADER);
      a.op(Op.VPERMD, x, free(0), x);
      if (left == 4 && n == DotX86.HALF_GROUP) {
        a.vmovdqu(Mem.at(OUT, r * n), x);
        continue;
      }
      Vec shifted = free(1).xmm();
      for (int i = 0; i < left; i++) {
        if (i == 2) {
          a.vextracti128(shifted, x, 1);
        } else if (i > 0) {
          a.op(Op.VPSHUFD, shifted, i == 1 ? x.xmm() : shifted, UPPER_HALF);
        }
        RequantizeX86.store(a, i == 0 ? x : shifted, OUT, (r + i) * n, n);
      }
    }
  }

  private void store512(int rows) {
    int count = Math.min(GROUP, product.n());
    for (int r = 0; r < rows; r++) {
      for (int v = 0; v < registers; v++) {
        Vec x = vec(r * registers + v);
        requantize.clamp(a, x, HEADER);
        int at = r * product.n() + groupColumn(v);
        if (count == GROUP) {
          a.vpmovsdb(Mem.at(OUT, at), x);
        } else {
          // one register in each row, so that its number is below 16
          a.vpmovsdb(x.xmm(), x);
          RequantizeX86.store(a, x, OUT, at, count);
        }
      }
    }
  }
}
