package io.quern.kernels.asm;

import io.quern.kernels.asm.A64Assembler.Cond;
import io.quern.kernels.asm.A64Assembler.Op2;
import io.quern.kernels.asm.A64Assembler.Op3;
import io.quern.kernels.asm.A64Assembler.V;
import io.quern.kernels.asm.A64Assembler.Width;
import io.quern.kernels.asm.A64Assembler.X;
import io.quern.kernels.asm.CodeBuffer.Label;
import java.util.Arrays;

/**
 * Emits the matrix product of a {@link PointwiseLayer} for AArch64, requantized in registers.
 *
 * <p>A step is 16 bytes of k. Where k is a multiple of it, rows are read in place; otherwise they
 * are copied to scratch, whose rows are whole steps, and the packed weights are 0 beyond k, so that
 * whatever scratch holds there does not count. Rows are taken in blocks that fit in half the
 * first-level cache, panels of columns within a block, tiles of rows within a panel. Where n is not
 * a multiple of the panel, the last panel starts earlier and repeats some columns.
 *
 * <p>The accumulators start at {@code bias - inputZeroPoint * sum w}, or get it added at the end.
 */
final class PointwiseA64 {
  /** How a step of k is multiplied and added. */
  enum Variant {
    /** SDOT by element: 4 rows by 16 columns; a lane is an output. */
    SDOT(CpuFeature.DOTPROD, 16),
    /**
     * SMULL, SMLAL2, SADALP: 4 rows by 4 columns; 8 sums of two products in int16 ({@code 2 * 127 *
     * 128 = 32512} fits) are added in pairs to the 4 partial sums of an output. With a weight of
     * -128 two products need not fit, and each is added by itself: SMULL, SADALP, SMULL2, SADALP.
     * All products of {@link SmallWeights} that fit are added in int16: SMLAL, SMLAL2; factors are
     * multiplied at the end.
     */
    SMLAL(CpuFeature.NEON, 4);

    final CpuFeature needs;
    private final int nr;

    Variant(CpuFeature needs, int nr) {
      this.needs = needs;
      this.nr = nr;
    }
  }

  static final int MR = 4;
  private static final int STEP = 16;

  /** Half of the 32 KiB first-level cache of a Cortex-A53 and A72; the A76's is larger. */
  private static final int BLOCK_BYTES = 16 * 1024;

  private static final X IN = new X(0);
  private static final X OUT = new X(1);
  private static final X PACKED = new X(2);
  private static final X SCRATCH = new X(3);
  private static final X FIRST_ROW = new X(4);
  private static final X ROWS_LEFT = new X(5);
  private static final X BLOCK_ROWS = new X(6);
  private static final X PANEL = new X(7);
  private static final X COLUMN = new X(8);
  private static final X TILE_ROWS = new X(9);
  private static final X TILE_IN = new X(10);
  private static final X TILE_OUT = new X(11);
  private static final X W = new X(12);
  private static final X COUNT = new X(13);
  private static final X[] ROW = {new X(14), new X(15), new X(16), new X(17)};

  /** Holds a constant or an address for an instruction or two. */
  private static final X TEMP = new X(4);

  private final PointwiseLayer layer;
  private final Variant variant;
  private final RequantizeA64 requantize;
  private final A64Assembler a = new A64Assembler();
  private final int nr;
  private final boolean staged;
  private final boolean pairFits;

  /** Null unless all sums fit in int16. */
  private final SmallWeights small;

  private final int stride;
  private final int steps;

  /** Of start values, and factors if there are any, for 4 columns. */
  private final int startBytes;

  private final int blockRows;
  private final int constantsAt;
  private final int panelBytes;

  private PointwiseA64(PointwiseLayer layer, Variant variant) {
    this.layer = layer;
    this.variant = variant;
    this.requantize = new RequantizeA64(layer.requantization());
    this.nr = variant.nr;
    this.staged = layer.k() % STEP != 0;
    this.pairFits = !layer.hasMinimalWeight();
    this.stride = (int) CodeMemory.roundUp(layer.k(), STEP);
    this.steps = stride / STEP;
    int most = variant == Variant.SMLAL ? Short.MAX_VALUE / (2 * 128 * steps) : 0;
    this.small = most == 0 ? null : SmallWeights.of(layer, most);
    this.startBytes = small == null ? 16 : 32;
    this.blockRows = Math.min(Math.max(1, BLOCK_BYTES / stride / MR) * MR, layer.m());
    this.constantsAt = stride * nr;
    this.panelBytes = constantsAt + nr / 4 * (startBytes + requantize.vectorBytes());
  }

  /** Code and constants of {@code layer}. */
  static KernelCode emit(PointwiseLayer layer, Variant variant) {
    PointwiseA64 p = new PointwiseA64(layer, variant);
    p.function();
    return new KernelCode(
        "pointwise" + MR + "x" + p.nr + "-" + variant + (p.small == null ? "" : "-int16"),
        Isa.AARCH64,
        p.a.toBytes(),
        p.pack(),
        0,
        layer.k(),
        layer.n(),
        layer.m(),
        p.staged ? p.blockRows * p.stride : 0);
  }

  // ---- constants

  private byte[] pack() {
    PackedWriter w = new PackedWriter();
    byte[] weights = small == null ? layer.weights() : small.divided(layer.weights());
    requantize.packHeader(w);
    int n = layer.n();
    for (int c0 = 0; c0 < n; c0 += nr) {
      int first = Math.max(0, Math.min(c0, n - nr));
      int start = w.position();
      // SDOT wants 4 values of each column in turn, SMLAL 16
      int kr = variant == Variant.SDOT ? 4 : STEP;
      for (int i0 = 0; i0 < stride; i0 += kr) {
        for (int c = first; c < first + nr; c++) {
          int count = c < n ? Math.max(0, Math.min(kr, layer.k() - i0)) : 0;
          w.write(weights, c * layer.k() + i0, count, kr, 1);
        }
      }
      for (int q = 0; q < nr; q += 4) {
        int[] channels = new int[4];
        for (int lane = 0; lane < 4; lane++) {
          channels[lane] = Math.min(first + q + lane, n - 1);
        }
        for (int c : channels) {
          w.write32(layer.bias()[c] - layer.inputZeroPoint() * layer.weightSum(c));
        }
        for (int i = 0; small != null && i < 4; i++) {
          w.write32(small.factors()[channels[i]]);
        }
        requantize.packVector(w, channels);
      }
      Checks.length("panel", w.position() - start, panelBytes);
    }
    return w.toBytes();
  }

  // ---- code

  private static V v(int index) {
    return new V(index);
  }

  private void addTo(X x, long imm) {
    if (imm <= 0xffffff) {
      a.add(x, x, (int) imm);
    } else {
      a.mov(TEMP, imm);
      a.add(x, x, TEMP);
    }
  }

  private void function() {
    Label block = new Label();
    Label panel = new Label();
    Label panelsDone = new Label();
    Label done = new Label();
    boolean saves = variant == Variant.SMLAL;
    for (int i = 8; saves && i < 16; i += 2) {
      a.pushD(v(i), v(i + 1));
    }
    a.mov(COUNT, layer.k());
    a.madd(IN, FIRST_ROW, COUNT, IN);
    a.mov(COUNT, layer.n());
    a.madd(OUT, FIRST_ROW, COUNT, OUT);
    a.cmp(ROWS_LEFT, 0);
    a.b(Cond.LE, done);

    a.bind(block);
    a.mov(BLOCK_ROWS, blockRows);
    a.cmp(ROWS_LEFT, BLOCK_ROWS);
    a.csel(BLOCK_ROWS, ROWS_LEFT, BLOCK_ROWS, Cond.LT);
    if (staged) {
      stage();
    }
    a.add(PANEL, PACKED, RequantizeA64.HEADER_BYTES);
    a.mov(COLUMN, 0);

    a.bind(panel);
    a.mov(TILE_IN, staged ? SCRATCH : IN);
    a.add(TILE_OUT, OUT, COLUMN);
    a.mov(TILE_ROWS, BLOCK_ROWS);
    for (int rows = MR; rows >= 1; rows >>= 1) {
      Label tile = new Label();
      Label fewer = new Label();
      if (rows > layer.m()) {
        continue;
      }
      a.cmp(TILE_ROWS, rows);
      a.b(Cond.LT, fewer);
      a.bind(tile);
      tile(rows);
      addTo(TILE_IN, (long) rows * stride);
      addTo(TILE_OUT, (long) rows * layer.n());
      a.subs(TILE_ROWS, TILE_ROWS, rows);
      a.cmp(TILE_ROWS, rows);
      a.b(Cond.GE, tile);
      a.bind(fewer);
    }
    if (layer.n() > nr) {
      addTo(PANEL, panelBytes);
      a.add(COLUMN, COLUMN, nr);
      a.mov(COUNT, layer.n());
      a.cmp(COLUMN, COUNT);
      a.b(Cond.GE, panelsDone);
      a.mov(COUNT, layer.n() - nr);
      a.cmp(COLUMN, COUNT);
      a.csel(COLUMN, COUNT, COLUMN, Cond.GT);
      a.b(panel);
      a.bind(panelsDone);
    }
    if (!staged) {
      a.mov(COUNT, layer.k());
      a.madd(IN, BLOCK_ROWS, COUNT, IN);
    }
    a.mov(COUNT, layer.n());
    a.madd(OUT, BLOCK_ROWS, COUNT, OUT);
    a.sub(ROWS_LEFT, ROWS_LEFT, BLOCK_ROWS);
    a.cmp(ROWS_LEFT, 0);
    a.b(Cond.GT, block);

    a.bind(done);
    for (int i = 14; saves && i >= 8; i -= 2) {
      a.popD(v(i), v(i + 1));
    }
    a.ret();
  }

  /** Copies the rows of a block into scratch and advances the input past them. */
  private void stage() {
    Label row = new Label();
    int k = layer.k();
    Width width = k >= 16 ? Width.Q : k >= 8 ? Width.D : k >= 4 ? Width.S : Width.B;
    int chunks = k / width.bytes;
    a.mov(TILE_IN, SCRATCH);
    a.mov(TILE_ROWS, BLOCK_ROWS);
    a.bind(row);
    if (width == Width.Q) {
      Label loop = new Label();
      a.mov(ROW[0], IN);
      a.mov(ROW[1], TILE_IN);
      a.mov(COUNT, chunks);
      a.bind(loop);
      a.ldrQPost(v(0), ROW[0], 16);
      a.strQPost(v(0), ROW[1], 16);
      a.subs(COUNT, COUNT, 1);
      a.b(Cond.NE, loop);
      // the last bytes overlap those before; the pointers are at chunks * 16
      int back = k % 16 - 16;
      a.ldr(Width.Q, v(0), ROW[0], back);
      a.str(Width.Q, v(0), ROW[1], back);
    } else {
      for (int i = 0; i < chunks; i++) {
        a.ldr(width, v(0), IN, i * width.bytes);
        a.str(width, v(0), TILE_IN, i * width.bytes);
      }
      if (k % width.bytes != 0) {
        a.ldr(width, v(0), IN, k - width.bytes);
        a.str(width, v(0), TILE_IN, k - width.bytes);
      }
    }
    addTo(IN, k);
    addTo(TILE_IN, stride);
    a.subs(TILE_ROWS, TILE_ROWS, 1);
    a.b(Cond.NE, row);
  }

  /** One tile: rows in registers 0 to 3, weights in 4 to 7, accumulators in 16 to 31. */
  private void tile(int rows) {
    Label loop = new Label();
    a.mov(W, PANEL);
    a.mov(ROW[0], TILE_IN);
    for (int r = 1; r < rows; r++) {
      a.mov(COUNT, stride);
      a.add(ROW[r], ROW[r - 1], COUNT);
    }
    initialise(rows);
    a.mov(COUNT, steps);
    a.bind(loop);
    for (int r = 0; r < rows; r++) {
      a.ldrQPost(v(r), ROW[r], STEP);
    }
    if (variant == Variant.SDOT) {
      dotStep(rows);
    } else {
      multiplyStep(rows);
    }
    a.subs(COUNT, COUNT, 1);
    a.b(Cond.NE, loop);
    // W has reached the constants
    if (variant == Variant.SDOT) {
      finishDot(rows);
    } else {
      finishMultiply(rows);
    }
  }

  private static V acc(int r, int c) {
    return v(16 + 4 * r + c);
  }

  private int vectorAt(int q) {
    return q * (startBytes + requantize.vectorBytes());
  }

  private void initialise(int rows) {
    if (variant == Variant.SDOT) {
      a.mov(COUNT, constantsAt);
      a.add(COUNT, PANEL, COUNT);
      for (int q = 0; q < 4; q++) {
        a.ldr(Width.Q, acc(0, q), COUNT, vectorAt(q));
      }
      for (int r = 1; r < rows; r++) {
        for (int q = 0; q < 4; q++) {
          a.mov(acc(r, q), acc(0, q));
        }
      }
    } else {
      for (int i = 0; i < 4 * rows; i++) {
        a.clear(v(16 + i));
      }
    }
  }

  private void dotStep(int rows) {
    for (int lane = 0; lane < 4; lane++) {
      a.ldpQ(v(4), v(5), W, lane * 64);
      a.ldpQ(v(6), v(7), W, lane * 64 + 32);
      for (int q = 0; q < 4; q++) {
        for (int r = 0; r < rows; r++) {
          a.sdot(acc(r, q), v(4 + q), v(r), lane);
        }
      }
    }
    a.add(W, W, 256);
  }

  private void multiplyStep(int rows) {
    a.ldpQ(v(4), v(5), W, 0);
    a.ldpQ(v(6), v(7), W, 32);
    a.add(W, W, 64);
    if (small != null) {
      for (Op3 op : new Op3[] {Op3.SMLAL, Op3.SMLAL2}) {
        for (int i = 0; i < 4 * rows; i++) {
          a.op(op, acc(i >> 2, i & 3), v(i >> 2), v(4 + (i & 3)));
        }
      }
      return;
    }
    for (int c = 0; c < 4; c++) {
      // two sets of products, so that in-order cores find independent work
      int products = 8 + 4 * (c & 1);
      multiply(Op3.SMULL, rows, products, c);
      if (pairFits) {
        multiply(Op3.SMLAL2, rows, products, c);
      } else {
        accumulate(rows, products, c);
        multiply(Op3.SMULL2, rows, products, c);
      }
      accumulate(rows, products, c);
    }
  }

  private void multiply(Op3 op, int rows, int products, int c) {
    for (int r = 0; r < rows; r++) {
      a.op(op, v(products + r), v(r), v(4 + c));
    }
  }

  private void accumulate(int rows, int products, int c) {
    for (int r = 0; r < rows; r++) {
      a.op(Op2.SADALP, acc(r, c), v(products + r));
    }
  }

  /** Requantizes outputs of the same 4 columns, one register per row. */
  private void scale(V[] column, int disp) {
    V[] multipliers = new V[column.length];
    V[] shifts = new V[column.length];
    int[] disps = new int[column.length];
    Arrays.fill(multipliers, v(4));
    Arrays.fill(shifts, v(5));
    Arrays.fill(disps, disp);
    RequantizeA64.load(a, W, disp, v(4), v(5));
    requantize.scale(a, column, multipliers, shifts, W, disps, new V[] {v(0), v(1), v(2), v(3)});
  }

  private void finishDot(int rows) {
    for (int q = 0; q < 4; q++) {
      V[] column = new V[rows];
      for (int r = 0; r < rows; r++) {
        column[r] = acc(r, q);
      }
      scale(column, vectorAt(q) + 16);
    }
    a.mov(ROW[0], TILE_OUT);
    for (int r = 0; r < rows; r++) {
      V[] row = {acc(r, 0), acc(r, 1), acc(r, 2), acc(r, 3)};
      requantize.narrow(a, row, PACKED, v(0), v(1));
      RequantizeA64.store(a, row[0], 0, Math.min(nr, layer.n()), ROW[0], TEMP);
      if (r + 1 < rows) {
        addTo(ROW[0], layer.n());
      }
    }
  }

  private void finishMultiply(int rows) {
    V[] row = new V[rows];
    for (int i = 0; small != null && i < 4 * rows; i++) {
      a.op(Op2.SADDLP, v(16 + i), v(16 + i));
    }
    a.ldr(Width.Q, v(4), W, 0);
    for (int r = 0; r < rows; r++) {
      row[r] = acc(r, 0);
      a.op(Op3.ADDP_4S, acc(r, 0), acc(r, 0), acc(r, 1));
      a.op(Op3.ADDP_4S, acc(r, 2), acc(r, 2), acc(r, 3));
    }
    for (int r = 0; r < rows; r++) {
      a.op(Op3.ADDP_4S, acc(r, 0), acc(r, 0), acc(r, 2));
    }
    if (small != null) {
      a.ldr(Width.Q, v(5), W, 16);
      for (V x : row) {
        a.op(Op3.MUL_4S, x, x, v(5));
      }
    }
    for (V x : row) {
      a.op(Op3.ADD_4S, x, x, v(4));
    }
    scale(row, startBytes);
    requantize.narrow(a, row, PACKED, v(0), v(1));
    a.mov(ROW[0], TILE_OUT);
    for (int r = 0; r < rows; r++) {
      RequantizeA64.store(a, row[0], 4 * r, Math.min(nr, layer.n()), ROW[0], TEMP);
      if (r + 1 < rows) {
        addTo(ROW[0], layer.n());
      }
    }
  }
}
