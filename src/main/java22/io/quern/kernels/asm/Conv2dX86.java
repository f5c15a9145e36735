package io.quern.kernels.asm;

import io.quern.kernels.ConvGeometry;
import io.quern.kernels.asm.CodeBuffer.Label;
import io.quern.kernels.asm.X86Assembler.Cond;
import io.quern.kernels.asm.X86Assembler.Gpr;
import io.quern.kernels.asm.X86Assembler.Mem;
import java.util.Arrays;
import java.util.TreeSet;

/**
 * Emits a {@link Conv2dLayer} for x86-64, requantized in registers. A row of the code is a row of
 * the output.
 *
 * <p>For each block of output rows, {@link StagingX86} copies the input rows that it needs. For
 * each panel of columns, {@link TileX86} multiplies the patches of the block's output positions, a
 * tile of them at a time; patches overlap where the kernel does, and where they begin is a table,
 * since a tile may go on in the next output row.
 */
final class Conv2dX86 {
  private static final Gpr[] SAVED = {Gpr.RBX, Gpr.RBP, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15};

  private static final Mem IN = slot(0);
  private static final Mem OUT = slot(1);
  private static final Mem ROW = slot(2);
  private static final Mem ROWS_LEFT = slot(3);
  private static final Mem BLOCK_ROWS = slot(4);
  private static final Mem PANEL = slot(5);
  private static final Mem COLUMN = slot(6);
  private static final Mem POSITIONS_LEFT = slot(7);
  private static final Mem[] COUNTERS = {slot(8), slot(9), slot(10)};
  private static final int FRAME_BYTES = 88;

  private final Conv2dLayer layer;
  private final ConvGeometry g;
  private final DotX86 dot;
  private final X86Assembler a;
  private final WeightPackerX86 packer;
  private final SmallWeights small;
  private final int[] sums;
  private final RequantizeX86 requantize;
  private final StagingX86 staging;
  private final TileX86 tile;
  private final int stagingAt;
  private final int patchesAt;
  private final int panelsAt;

  private Conv2dX86(
      Conv2dLayer layer,
      DotX86 dot,
      SmallWeights small,
      WeightPackerX86 packer,
      Snippets snippets) {
    PointwiseLayer product = layer.product();
    this.layer = layer;
    this.g = layer.geometry();
    this.dot = dot;
    this.a = new X86Assembler(snippets);
    this.packer = packer;
    this.small = small;
    this.sums = packer.sums(product.weights(), product.n(), product.k());
    this.requantize =
        new RequantizeX86(
            product.requantization(),
            maxAbsAcc(product),
            dot.bits(g.outC()),
            dot.kr == 2 || small != null);
    this.staging = new StagingX86(layer, dot, requantize.accShift(), a);
    this.stagingAt = requantize.headerBytes();
    int tileAt = stagingAt + StagingX86.HEADER_BYTES;
    this.patchesAt = tileAt + TileX86.HEADER_BYTES;
    this.tile = new TileX86(layer, dot, small, staging, requantize, a, COUNTERS, PANEL, tileAt);
    this.panelsAt = (int) CodeMemory.roundUp(patchesAt + 4L * staging.blockRows() * g.outW(), 64);
  }

  /** Greatest absolute value of any accumulator. */
  private long maxAbsAcc(PointwiseLayer product) {
    long max = 0;
    for (int c = 0; c < product.n(); c++) {
      max = Math.max(max, Math.abs((long) product.bias()[c]) + 255L * sums[2 * c + 1]);
    }
    return max;
  }

  private static Mem slot(int index) {
    return Mem.at(Gpr.RSP, 8 * index);
  }

  /**
   * Code and constants of {@code layer}.
   *
   * @param small of the layer for {@link DotX86#MADDUBS}, else null
   */
  static KernelCode emit(
      Conv2dLayer layer,
      DotX86 dot,
      SmallWeights small,
      WeightPackerX86 packer,
      Snippets snippets) {
    Conv2dX86 c = new Conv2dX86(layer, dot, small, packer, snippets);
    byte[] code = c.code(snippets);
    ConvGeometry g = layer.geometry();
    boolean pointwise = g.isPointwise();
    int rowBytes = pointwise ? g.inW() * g.inC() : 0;
    return new KernelCode(
        (pointwise ? "pointwise" : "conv")
            + dot.rows(g.outC())
            + "x"
            + c.tile.columns()
            + "-"
            + dot,
        Isa.X86_64,
        code,
        c.pack(),
        pointwise ? 0 : (long) g.inH() * g.inW() * g.inC(),
        rowBytes,
        (long) g.outW() * g.outC(),
        g.outH(),
        c.tile.scratchBytes());
  }

  private byte[] code(Snippets snippets) {
    String key =
        Snippets.key(
            dot.ordinal(),
            small == null ? 0 : small.greatest(),
            requantize.code(),
            g.inH(),
            g.inW(),
            g.inC(),
            g.outH(),
            g.outW(),
            g.outC(),
            g.kernelH(),
            g.kernelW(),
            g.strideH(),
            g.strideW(),
            g.dilationH(),
            g.dilationW(),
            g.padTop(),
            g.padLeft());
    byte[] code = snippets.function(key);
    if (code == null) {
      function();
      code = a.toBytes();
      snippets.putFunction(key, code);
    }
    return code;
  }

  private byte[] pack() {
    int n = g.outC();
    int columns = tile.columns();
    int panels = (n + columns - 1) / columns;
    PackedWriter w =
        new PackedWriter(Math.addExact(panelsAt, Math.multiplyExact(panels, tile.panelBytes())));
    requantize.packHeader(w);
    staging.packHeader(w);
    tile.packHeader(w);
    for (int p = 0; p < staging.blockRows() * g.outW(); p++) {
      w.write32(staging.patchAt(p));
    }
    w.align(64);
    int[] table = tile.table(panels);
    int at = WeightPackerX86.TABLE_HEADER;
    for (int p = 0; p < panels; p++) {
      int first = Math.max(0, Math.min(p * columns, n - columns));
      at = tile.packPanel(w, first, sums, table, at);
      Checks.length("panel", w.position() - panelsAt, (p + 1L) * tile.panelBytes());
    }
    byte[] packed = w.toBytes();
    byte[] weights = layer.product().weights();
    packer.pack(
        dot, small == null ? weights : small.divided(weights), packed, Arrays.copyOf(table, at));
    return packed;
  }

  private void function() {
    Label block = new Label();
    Label done = new Label();
    for (Gpr r : SAVED) {
      a.push(r);
    }
    a.sub(Gpr.RSP, FRAME_BYTES);
    a.test(Gpr.R9, Gpr.R9);
    a.j(Cond.LE, done);
    a.mov(IN, Gpr.RDI);
    a.imul(Gpr.RAX, Gpr.R8, g.outW() * g.outC());
    a.add(Gpr.RSI, Gpr.RAX);
    a.mov(OUT, Gpr.RSI);
    a.mov(ROW, Gpr.R8);
    a.mov(ROWS_LEFT, Gpr.R9);
    staging.prepare(TileX86.SCRATCH, TileX86.HEADER, stagingAt);

    a.bind(block);
    a.mov32(Gpr.RAX, staging.blockRows());
    a.mov(Gpr.RBX, ROWS_LEFT);
    a.cmp(Gpr.RBX, Gpr.RAX);
    a.cmov(Cond.G, Gpr.RBX, Gpr.RAX);
    a.mov(BLOCK_ROWS, Gpr.RBX);
    staging.stage(IN, ROW, BLOCK_ROWS, TileX86.SCRATCH, TileX86.HEADER, stagingAt);
    panels();
    a.mov(Gpr.RBX, BLOCK_ROWS);
    a.imul(Gpr.RAX, Gpr.RBX, g.outW() * g.outC());
    a.mov(Gpr.RBP, OUT);
    a.add(Gpr.RBP, Gpr.RAX);
    a.mov(OUT, Gpr.RBP);
    a.mov(Gpr.RBP, ROW);
    a.add(Gpr.RBP, Gpr.RBX);
    a.mov(ROW, Gpr.RBP);
    a.mov(Gpr.RBP, ROWS_LEFT);
    a.sub(Gpr.RBP, Gpr.RBX);
    a.mov(ROWS_LEFT, Gpr.RBP);
    a.j(Cond.G, block);

    a.bind(done);
    a.vzeroupper();
    a.add(Gpr.RSP, FRAME_BYTES);
    for (int i = SAVED.length - 1; i >= 0; i--) {
      a.pop(SAVED[i]);
    }
    a.ret();
  }

  private void panels() {
    Label panel = new Label();
    Label panelsDone = new Label();
    int n = g.outC();
    a.lea(TileX86.W, Mem.at(TileX86.HEADER, panelsAt));
    a.xor32(TileX86.COUNT, TileX86.COUNT);
    a.bind(panel);
    a.mov(PANEL, TileX86.W);
    a.mov(COLUMN, TileX86.COUNT);
    a.mov(TileX86.OUT, OUT);
    a.add(TileX86.OUT, TileX86.COUNT);
    a.lea(TileX86.PATCHES, Mem.at(TileX86.HEADER, patchesAt));
    a.mov(TileX86.COUNT, BLOCK_ROWS);
    a.imul(TileX86.COUNT, TileX86.COUNT, g.outW());
    tiles();
    if (n > tile.columns()) {
      a.mov(TileX86.W, PANEL);
      a.add(TileX86.W, tile.panelBytes());
      a.mov(TileX86.COUNT, COLUMN);
      a.add(TileX86.COUNT, tile.columns());
      a.cmp(TileX86.COUNT, n);
      a.j(Cond.GE, panelsDone);
      a.mov32(Gpr.RBX, n - tile.columns());
      a.cmp(TileX86.COUNT, Gpr.RBX);
      a.cmov(Cond.G, TileX86.COUNT, Gpr.RBX);
      a.jmp(panel);
      a.bind(panelsDone);
    }
  }

  /** Tiles of the output positions of a block, whose number is in {@link TileX86#COUNT}. */
  private void tiles() {
    a.mov(POSITIONS_LEFT, TileX86.COUNT);
    for (int rows : heights()) {
      Label again = new Label();
      Label fewer = new Label();
      a.cmp(TileX86.COUNT, rows);
      a.j(Cond.L, fewer);
      a.align(16);
      a.bind(again);
      a.mov(TileX86.W, PANEL);
      tile.emit(rows);
      a.add(TileX86.PATCHES, 4 * rows);
      a.add(TileX86.OUT, rows * g.outC());
      a.mov(TileX86.COUNT, POSITIONS_LEFT);
      a.sub(TileX86.COUNT, rows);
      a.mov(POSITIONS_LEFT, TileX86.COUNT);
      a.cmp(TileX86.COUNT, rows);
      a.j(Cond.GE, again);
      a.bind(fewer);
    }
  }

  /**
   * Heights of tiles, the greatest first: the full one, what full ones leave of a whole block and
   * of the last, and 1, so that every number of positions is a sum of them.
   */
  private Iterable<Integer> heights() {
    int all = layer.product().m();
    int most = dot.rows(g.outC());
    int block = staging.blockRows() * g.outW();
    TreeSet<Integer> heights = new TreeSet<>();
    heights.add(1);
    for (int left : new int[] {most, most / 2, block % most, all % block % most}) {
      if (left > 0 && left <= all) {
        heights.add(left);
      }
    }
    return heights.descendingSet();
  }
}
