package io.quern.kernels.asm;

import io.quern.kernels.asm.CodeBuffer.Label;

/**
 * Assembler for the AArch64 instructions that the int8 kernels use: a little integer code, Advanced
 * SIMD, SDOT and cache maintenance.
 *
 * <p>Encodings follow the Arm Architecture Reference Manual for A-profile, chapter C6 and C7, and
 * are tested byte for byte against binutils. Operands that do not fit an instruction are refused.
 */
final class A64Assembler {
  /**
   * 64-bit integer register 0 to 30; 31 is the stack pointer or zero, as the instruction has it.
   */
  record X(int index) {
    /** The register that reads as 0. */
    static final X ZERO = new X(31);

    /** The stack pointer, as a base address or in additions of constants. */
    static final X SP = new X(31);

    X {
      Checks.range("integer register", index, 0, 31);
    }
  }

  /** Vector register. */
  record V(int index) {
    V {
      Checks.range("vector register", index, 0, 31);
    }
  }

  /** Condition, with its encoding. */
  enum Cond {
    EQ(0),
    NE(1),
    HS(2),
    LO(3),
    GE(10),
    LT(11),
    GT(12),
    LE(13);

    final int code;

    Cond(int code) {
      this.code = code;
    }
  }

  /**
   * Vector instructions with three registers; {@code syntax} has d, n and m where the numbers go.
   */
  enum Op3 {
    SMULL(0x0e20c000, "smull vd.8h, vn.8b, vm.8b"),
    SMULL2(0x4e20c000, "smull2 vd.8h, vn.16b, vm.16b"),
    SMLAL(0x0e208000, "smlal vd.8h, vn.8b, vm.8b"),
    SMLAL2(0x4e208000, "smlal2 vd.8h, vn.16b, vm.16b"),
    SADDW(0x0e601000, "saddw vd.4s, vn.4s, vm.4h"),
    SADDW2(0x4e601000, "saddw2 vd.4s, vn.4s, vm.8h"),
    ADD_4S(0x4ea08400, "add vd.4s, vn.4s, vm.4s"),
    SUB_4S(0x6ea08400, "sub vd.4s, vn.4s, vm.4s"),
    SUB_8H(0x6e608400, "sub vd.8h, vn.8h, vm.8h"),
    MUL_4S(0x4ea09c00, "mul vd.4s, vn.4s, vm.4s"),
    ADDP_4S(0x4ea0bc00, "addp vd.4s, vn.4s, vm.4s"),
    AND(0x4e201c00, "and vd.16b, vn.16b, vm.16b"),
    SQRDMULH_4S(0x6ea0b400, "sqrdmulh vd.4s, vn.4s, vm.4s"),
    SRSHL_4S(0x4ea05400, "srshl vd.4s, vn.4s, vm.4s"),
    SSHL_4S(0x4ea04400, "sshl vd.4s, vn.4s, vm.4s"),
    SQADD_8H(0x4e600c00, "sqadd vd.8h, vn.8h, vm.8h"),
    FMUL_2D(0x6e60dc00, "fmul vd.2d, vn.2d, vm.2d"),
    SMAX_16B(0x4e206400, "smax vd.16b, vn.16b, vm.16b"),
    SMIN_16B(0x4e206c00, "smin vd.16b, vn.16b, vm.16b");

    private final int base;
    final String syntax;

    Op3(int base, String syntax) {
      this.base = base;
      this.syntax = syntax;
    }
  }

  /** Vector instructions with two registers. */
  enum Op2 {
    SADALP(0x4e606800, "sadalp vd.4s, vn.8h"),
    SADDLP(0x4e602800, "saddlp vd.4s, vn.8h"),
    SCVTF_2D(0x4e61d800, "scvtf vd.2d, vn.2d"),
    FCVTAS_2D(0x4e61c800, "fcvtas vd.2d, vn.2d"),
    SQXTN_2S(0x0ea14800, "sqxtn vd.2s, vn.2d"),
    SQXTN2_4S(0x4ea14800, "sqxtn2 vd.4s, vn.2d"),
    SQXTN_4H(0x0e614800, "sqxtn vd.4h, vn.4s"),
    SQXTN2_8H(0x4e614800, "sqxtn2 vd.8h, vn.4s"),
    SQXTN_8B(0x0e214800, "sqxtn vd.8b, vn.8h"),
    SQXTN2_16B(0x4e214800, "sqxtn2 vd.16b, vn.8h");

    private final int base;
    final String syntax;

    Op2(int base, String syntax) {
      this.base = base;
      this.syntax = syntax;
    }
  }

  /** Vector load and store widths, in bytes. */
  enum Width {
    B(1, 0x3d000000, 0x3c000000),
    S(4, 0xbd000000, 0xbc000000),
    D(8, 0xfd000000, 0xfc000000),
    Q(16, 0x3d800000, 0x3c800000);

    final int bytes;
    private final int store;
    private final int storeUnscaled;

    Width(int bytes, int store, int storeUnscaled) {
      this.bytes = bytes;
      this.store = store;
      this.storeUnscaled = storeUnscaled;
    }
  }

  private static final int LOAD = 1 << 22;

  private final CodeBuffer code = new CodeBuffer();

  byte[] toBytes() {
    return code.toBytes();
  }

  int position() {
    return code.position();
  }

  void bind(Label label) {
    code.bind(label);
  }

  // ---- integer instructions

  void mov(X d, X s) {
    rrr(0xaa0003e0, d.index, 0, s.index);
  }

  /** {@code d = imm}, in one to four instructions. */
  void mov(X d, long imm) {
    code.emit32(0xd2800000 | (int) (imm & 0xffff) << 5 | d.index);
    for (int hw = 1; hw < 4; hw++) {
      int part = (int) (imm >>> 16 * hw & 0xffff);
      if (part != 0) {
        code.emit32(0xf2800000 | hw << 21 | part << 5 | d.index);
      }
    }
  }

  /**
   * {@code d = n + imm}, imm in (-2^24, 2^24), in one or two instructions; either may be the stack
   * pointer.
   */
  void add(X d, X n, int imm) {
    Checks.range("addend", imm, -0xffffff, 0xffffff);
    int op = imm < 0 ? 0xd1000000 : 0x91000000;
    int magnitude = Math.abs(imm);
    X from = n;
    if (magnitude >> 12 != 0) {
      code.emit32(op | 1 << 22 | magnitude >> 12 << 10 | from.index << 5 | d.index);
      from = d;
    }
    if ((magnitude & 0xfff) != 0 || magnitude == 0) {
      code.emit32(op | (magnitude & 0xfff) << 10 | from.index << 5 | d.index);
    }
  }

  void add(X d, X n, X m) {
    rrr(0x8b000000, d.index, n.index, m.index);
  }

  void sub(X d, X n, X m) {
    rrr(0xcb000000, d.index, n.index, m.index);
  }

  /** {@code d = n - imm} and flags; imm in [0, 4095]. */
  void subs(X d, X n, int imm) {
    Checks.range("subtrahend", imm, 0, 4095);
    code.emit32(0xf1000000 | imm << 10 | n.index << 5 | d.index);
  }

  void cmp(X n, int imm) {
    subs(X.ZERO, n, imm);
  }

  void cmp(X n, X m) {
    rrr(0xeb000000, 31, n.index, m.index);
  }

  /** {@code d = n * m + a}. */
  void madd(X d, X n, X m, X a) {
    rrr(0x9b000000 | a.index << 10, d.index, n.index, m.index);
  }

  /** {@code d = c ? n : m}. */
  void csel(X d, X n, X m, Cond c) {
    rrr(0x9a800000 | c.code << 12, d.index, n.index, m.index);
  }

  /** {@code d = n & ~m}. */
  void bic(X d, X n, X m) {
    rrr(0x8a200000, d.index, n.index, m.index);
  }

  /** {@code d = n << m}. */
  void lsl(X d, X n, X m) {
    rrr(0x9ac02000, d.index, n.index, m.index);
  }

  /** {@code d = bits of n from lsb on}. */
  void ubfx(X d, X n, int lsb, int bits) {
    Checks.range("lsb", lsb, 0, 63);
    Checks.range("bits", bits, 1, 64 - lsb);
    code.emit32(0xd3400000 | lsb << 16 | lsb + bits - 1 << 10 | n.index << 5 | d.index);
  }

  void b(Label label) {
    branch(0x14000000, 26, 0, label);
  }

  void b(Cond c, Label label) {
    branch(0x54000000 | c.code, 19, 5, label);
  }

  void cbnz(X x, Label label) {
    branch(0xb5000000 | x.index, 19, 5, label);
  }

  void ret() {
    code.emit32(0xd65f03c0);
  }

  /** Pushes two registers on the stack. */
  void push(X a, X b) {
    code.emit32(0xa9800000 | (-2 & 0x7f) << 15 | b.index << 10 | 31 << 5 | a.index);
  }

  void pop(X a, X b) {
    code.emit32(0xa8c00000 | 2 << 15 | b.index << 10 | 31 << 5 | a.index);
  }

  /** Pushes the low halves of two vector registers. */
  void pushD(V a, V b) {
    code.emit32(0x6d800000 | (-2 & 0x7f) << 15 | b.index << 10 | 31 << 5 | a.index);
  }

  void popD(V a, V b) {
    code.emit32(0x6cc00000 | 2 << 15 | b.index << 10 | 31 << 5 | a.index);
  }

  /** Reads the cache type register. */
  void mrsCtr(X d) {
    code.emit32(0xd53b0020 | d.index);
  }

  /** Cleans the data cache line of an address to where instructions are fetched from. */
  void dcCvau(X address) {
    code.emit32(0xd50b7b20 | address.index);
  }

  /** Invalidates the instruction cache line of an address. */
  void icIvau(X address) {
    code.emit32(0xd50b7520 | address.index);
  }

  void dsbIsh() {
    code.emit32(0xd5033b9f);
  }

  void isb() {
    code.emit32(0xd5033fdf);
  }

  // ---- vector instructions

  void op(Op3 op, V d, V n, V m) {
    rrr(op.base, d.index, n.index, m.index);
  }

  void op(Op2 op, V d, V n) {
    rrr(op.base, d.index, n.index, 0);
  }

  /** {@code d.4s += n.16b . m.4b[lane]}: SDOT by element. */
  void sdot(V d, V n, V m, int lane) {
    Checks.range("lane", lane, 0, 3);
    rrr(0x4f80e000 | (lane & 1) << 21 | lane >> 1 << 11, d.index, n.index, m.index);
  }

  /** {@code d.4s += n.16b . m.16b}: SDOT of four bytes each. */
  void sdot(V d, V n, V m) {
    rrr(0x4e809400, d.index, n.index, m.index);
  }

  /** {@code d.4s += n.4s >> shift}, arithmetic. */
  void ssra(V d, V n, int shift) {
    Checks.range("shift", shift, 1, 32);
    code.emit32(0x4f001400 | 64 - shift << 16 | n.index << 5 | d.index);
  }

  /** {@code d.8h = n.8b << shift}, or the upper half of n. */
  void sshll8(V d, V n, int shift, boolean upper) {
    Checks.range("shift", shift, 0, 7);
    code.emit32((upper ? 0x4f00a400 : 0x0f00a400) | 8 + shift << 16 | n.index << 5 | d.index);
  }

  /** {@code d.4s = n.4h << shift}, or the upper half of n. */
  void sshll16(V d, V n, int shift, boolean upper) {
    Checks.range("shift", shift, 0, 15);
    code.emit32((upper ? 0x4f00a400 : 0x0f00a400) | 16 + shift << 16 | n.index << 5 | d.index);
  }

  /** {@code d.2d = n.2s}, or the upper half of n. */
  void sshll32(V d, V n, boolean upper) {
    code.emit32((upper ? 0x4f20a400 : 0x0f20a400) | n.index << 5 | d.index);
  }

  /** {@code d.4s = n.4s << shift}. */
  void shl(V d, V n, int shift) {
    Checks.range("shift", shift, 0, 31);
    code.emit32(0x4f005400 | 32 + shift << 16 | n.index << 5 | d.index);
  }

  void clear(V d) {
    code.emit32(0x4f000400 | d.index);
  }

  void mov(V d, V n) {
    rrr(0x4ea01c00, d.index, n.index, n.index);
  }

  /** Whether {@link #ldr} and {@link #str} take this displacement. */
  static boolean fits(Width w, int disp) {
    return (disp >= 0 && disp % w.bytes == 0 && disp / w.bytes < 4096)
        || (disp >= -256 && disp < 256);
  }

  void ldr(Width w, V t, X base, int disp) {
    access(w, LOAD, t.index, base, disp);
  }

  void str(Width w, V t, X base, int disp) {
    access(w, 0, t.index, base, disp);
  }

  private void access(Width w, int load, int t, X base, int disp) {
    if (!fits(w, disp)) {
      throw new IllegalArgumentException("displacement " + disp + " of " + w + " does not fit");
    }
    if (disp >= 0 && disp % w.bytes == 0 && disp / w.bytes < 4096) {
      code.emit32(w.store | load | disp / w.bytes << 10 | base.index << 5 | t);
    } else {
      code.emit32(w.storeUnscaled | load | (disp & 0x1ff) << 12 | base.index << 5 | t);
    }
  }

  /** Loads 16 bytes and advances the base by {@code step}. */
  void ldrQPost(V t, X base, int step) {
    Checks.range("step", step, -256, 255);
    code.emit32(0x3cc00400 | (step & 0x1ff) << 12 | base.index << 5 | t.index);
  }

  /** Stores 16 bytes and advances the base by {@code step}. */
  void strQPost(V t, X base, int step) {
    Checks.range("step", step, -256, 255);
    code.emit32(0x3c800400 | (step & 0x1ff) << 12 | base.index << 5 | t.index);
  }

  /** Loads 32 bytes into two registers. */
  void ldpQ(V t, V u, X base, int disp) {
    Checks.range("displacement / 16", disp / 16, -64, 63);
    Checks.range("displacement % 16", disp % 16, 0, 0);
    code.emit32(0xad400000 | (disp / 16 & 0x7f) << 15 | u.index << 10 | base.index << 5 | t.index);
  }

  /** Stores one lane; {@code bytes} is 1, 2 or 4. */
  void st1(int bytes, V t, int lane, X base) {
    code.emit32(0x0d000000 | lane(bytes, lane) | base.index << 5 | t.index);
  }

  /** Loads one lane and keeps the others. */
  void ld1(int bytes, V t, int lane, X base) {
    code.emit32(0x0d000000 | LOAD | lane(bytes, lane) | base.index << 5 | t.index);
  }

  private static int lane(int bytes, int lane) {
    Checks.range("lane", lane, 0, 16 / bytes - 1);
    int at = lane * bytes;
    int qss = at >> 3 << 30 | (at >> 2 & 1) << 12;
    return switch (bytes) {
      case 1 -> qss | (at & 3) << 10;
      case 2 -> 0x4000 | qss | (at & 2) << 10;
      case 4 -> 0x8000 | qss;
      default -> throw new IllegalArgumentException("lane of " + bytes + " bytes");
    };
  }

  // ---- encoding

  /** A distance in instructions; a lambda would be linked at run time, which takes a while. */
  private record Distance(int bits, int shift) implements CodeBuffer.Patch {
    @Override
    public void apply(byte[] code, int at, int target) {
      int distance = (target - at) / 4;
      Checks.range("branch distance", distance, -(1L << bits - 1), (1L << bits - 1) - 1);
      int field = (distance & (1 << bits) - 1) << shift;
      CodeBuffer.put32(code, at, CodeBuffer.get32(code, at) | field);
    }
  }

  private void rrr(int base, int d, int n, int m) {
    code.emit32(base | m << 16 | n << 5 | d);
  }

  private void branch(int base, int bits, int shift, Label label) {
    code.refer(code.position(), label, new Distance(bits, shift));
    code.emit32(base);
  }
}
