package io.quern.kernels.asm;

import io.quern.kernels.asm.CodeBuffer.Label;
import java.util.Objects;

/**
 * Assembler for the x86-64 instructions that the int8 kernels use: a little integer code, AVX2,
 * AVX-VNNI, and the EVEX forms of AVX-512 (without masks).
 *
 * <p>A vector instruction takes its VEX encoding whenever there is one for its operands, and EVEX
 * for 512-bit registers, registers 16 to 31 and instructions that have no other. Branches always
 * have a 32-bit distance. Encodings follow the Intel 64 and IA-32 Architectures Software
 * Developer's Manual, volume 2, and are tested byte for byte against binutils.
 */
final class X86Assembler {
  /** 64-bit integer register; instructions named with a 32 use its low half and clear the rest. */
  enum Gpr {
    RAX,
    RCX,
    RDX,
    RBX,
    RSP,
    RBP,
    RSI,
    RDI,
    R8,
    R9,
    R10,
    R11,
    R12,
    R13,
    R14,
    R15
  }

  /**
   * Vector register.
   *
   * @param index 0 to 31
   * @param bits 128, 256 or 512
   */
  record Vec(int index, int bits) {
    Vec {
      if (index < 0 || index > 31) {
        throw new IllegalArgumentException("vector register " + index + " is outside 0 to 31");
      }
      if (bits != 128 && bits != 256 && bits != 512) {
        throw new IllegalArgumentException("vector register of " + bits + " bits");
      }
    }

    static Vec xmm(int index) {
      return new Vec(index, 128);
    }

    static Vec ymm(int index) {
      return new Vec(index, 256);
    }

    static Vec zmm(int index) {
      return new Vec(index, 512);
    }

    /** The low 128 bits of the same register. */
    Vec xmm() {
      return new Vec(index, 128);
    }

    /** The low 256 bits of the same register. */
    Vec ymm() {
      return new Vec(index, 256);
    }
  }

  /**
   * Memory operand {@code [base + index * scale + disp]}.
   *
   * @param index not RSP; may be null, and {@code scale} is then 1
   */
  record Mem(Gpr base, Gpr index, int scale, int disp) {
    Mem {
      Objects.requireNonNull(base, "base");
      if (index == Gpr.RSP) {
        throw new IllegalArgumentException("RSP cannot be an index register");
      }
      if (scale != 1 && scale != 2 && scale != 4 && scale != 8) {
        throw new IllegalArgumentException("scale " + scale + " is not 1, 2, 4 or 8");
      }
    }

    static Mem at(Gpr base, int disp) {
      return new Mem(base, null, 1, disp);
    }

    static Mem at(Gpr base, Gpr index, int disp) {
      return new Mem(base, index, 1, disp);
    }
  }

  /** Condition of a jump or a conditional move, with its encoding. */
  enum Cond {
    B(2),
    AE(3),
    E(4),
    NE(5),
    BE(6),
    A(7),
    L(12),
    GE(13),
    LE(14),
    G(15);

    final int code;

    Cond(int code) {
      this.code = code;
    }
  }

  /** What a vector instruction's operands are. */
  enum Form {
    /** Destination, source, source or memory. */
    RVM,
    /** Destination, source or memory. */
    RM,
    /** Destination, source, 8-bit count in the instruction. */
    SHIFT,
    /** Destination, source, source or memory, 8-bit immediate. */
    RVMI,
    /** Destination, source or memory, 8-bit immediate. */
    RMI
  }

  /** Which prefixes an instruction of this name can have. */
  enum Prefix {
    VEX,
    EVEX,
    BOTH
  }

  /**
   * Vector instructions that share the regular encodings.
   *
   * <p>The name is that of the mnemonic; a trailing {@code _VEX} asks for the VEX encoding of an
   * instruction that assemblers encode with EVEX unless told otherwise.
   */
  enum Op {
    VPADDB(Form.RVM, 1, 0xfc, Prefix.BOTH, false, 0),
    VPADDW(Form.RVM, 1, 0xfd, Prefix.BOTH, false, 0),
    VPADDD(Form.RVM, 1, 0xfe, Prefix.BOTH, false, 0),
    VPADDQ(Form.RVM, 1, 0xd4, Prefix.BOTH, true, 0),
    VPADDSW(Form.RVM, 1, 0xed, Prefix.BOTH, false, 0),
    VPSUBD(Form.RVM, 1, 0xfa, Prefix.BOTH, false, 0),
    VPSUBW(Form.RVM, 1, 0xf9, Prefix.BOTH, false, 0),
    VPSADBW(Form.RVM, 1, 0xf6, Prefix.VEX, false, 0),
    VPHADDD(Form.RVM, 2, 0x02, Prefix.VEX, false, 0),
    VPMADDWD(Form.RVM, 1, 0xf5, Prefix.BOTH, false, 0),
    VPMADDUBSW(Form.RVM, 2, 0x04, Prefix.BOTH, false, 0),
    VPMULLW(Form.RVM, 1, 0xd5, Prefix.BOTH, false, 0),
    VPMULDQ(Form.RVM, 2, 0x28, Prefix.BOTH, true, 0),
    VPACKSSDW(Form.RVM, 1, 0x6b, Prefix.BOTH, false, 0),
    VPACKSSWB(Form.RVM, 1, 0x63, Prefix.BOTH, false, 0),
    VPMAXSB(Form.RVM, 2, 0x3c, Prefix.BOTH, false, 0),
    VPMINSB(Form.RVM, 2, 0x38, Prefix.BOTH, false, 0),
    VPMAXSD(Form.RVM, 2, 0x3d, Prefix.BOTH, false, 0),
    VPMINSD(Form.RVM, 2, 0x39, Prefix.BOTH, false, 0),
    VPUNPCKLBW(Form.RVM, 1, 0x60, Prefix.BOTH, false, 0),
    VPUNPCKHBW(Form.RVM, 1, 0x68, Prefix.BOTH, false, 0),
    VPUNPCKLWD(Form.RVM, 1, 0x61, Prefix.BOTH, false, 0),
    VPUNPCKHWD(Form.RVM, 1, 0x69, Prefix.BOTH, false, 0),
    VPSHUFB(Form.RVM, 2, 0x00, Prefix.BOTH, false, 0),
    VPSRAVD(Form.RVM, 2, 0x46, Prefix.BOTH, false, 0),
    VPSLLVD(Form.RVM, 2, 0x47, Prefix.BOTH, false, 0),
    VPAND(Form.RVM, 1, 0xdb, Prefix.VEX, false, 0),
    VPXOR(Form.RVM, 1, 0xef, Prefix.VEX, false, 0),
    VPOR(Form.RVM, 1, 0xeb, Prefix.VEX, false, 0),
    VADDPD(Form.RVM, 1, 0x58, Prefix.VEX, false, 0),
    VMULPD(Form.RVM, 1, 0x59, Prefix.VEX, false, 0),
    VMINPD(Form.RVM, 1, 0x5d, Prefix.VEX, false, 0),
    VMAXPD(Form.RVM, 1, 0x5f, Prefix.VEX, false, 0),
    VPDPBUSD(Form.RVM, 2, 0x50, Prefix.EVEX, false, 0),
    VPDPWSSD(Form.RVM, 2, 0x52, Prefix.EVEX, false, 0),
    VPDPBUSD_VEX(Form.RVM, 2, 0x50, Prefix.VEX, false, 0),
    VPDPWSSD_VEX(Form.RVM, 2, 0x52, Prefix.VEX, false, 0),
    VPERMD(Form.RVM, 2, 0x36, Prefix.BOTH, false, 0),
    VPANDD(Form.RVM, 1, 0xdb, Prefix.EVEX, false, 0),
    VPXORD(Form.RVM, 1, 0xef, Prefix.EVEX, false, 0),
    VPMOVSXBW(Form.RM, 2, 0x20, Prefix.BOTH, false, 0),
    VPMOVSXBD(Form.RM, 2, 0x21, Prefix.BOTH, false, 0),
    VPABSB(Form.RM, 2, 0x1c, Prefix.VEX, false, 0),
    VCVTDQ2PD(Form.RM, 1, 0xe6, Prefix.VEX, false, 0),
    VPBROADCASTD(Form.RM, 2, 0x58, Prefix.BOTH, false, 0),
    VPSLLW(Form.SHIFT, 1, 0x71, Prefix.BOTH, false, 6),
    VPSRLD(Form.SHIFT, 1, 0x72, Prefix.BOTH, false, 2),
    VPSRAD(Form.SHIFT, 1, 0x72, Prefix.BOTH, false, 4),
    VPSLLD(Form.SHIFT, 1, 0x72, Prefix.BOTH, false, 6),
    VPSRLQ(Form.SHIFT, 1, 0x73, Prefix.BOTH, true, 2),
    VPSLLQ(Form.SHIFT, 1, 0x73, Prefix.BOTH, true, 6),
    VSHUFPS(Form.RVMI, 1, 0xc6, Prefix.BOTH, false, 0),
    VPTERNLOGD(Form.RVMI, 3, 0x25, Prefix.EVEX, false, 0),
    VPBLENDD(Form.RVMI, 3, 0x02, Prefix.VEX, false, 0),
    VPERMQ(Form.RMI, 3, 0x00, Prefix.BOTH, true, 0),
    VPSHUFD(Form.RMI, 1, 0x70, Prefix.BOTH, false, 0);

    final Form form;
    private final int map;
    private final int opcode;
    private final Prefix prefix;
    private final boolean wide;
    private final int digit;

    /**
     * An instruction.
     *
     * @param map 1, 2 or 3 for opcodes after 0F, 0F38 and 0F3A
     * @param wide whether EVEX has W set: elements of 64 bits
     * @param digit what extends the opcode of a shift
     */
    Op(Form form, int map, int opcode, Prefix prefix, boolean wide, int digit) {
      this.form = form;
      this.map = map;
      this.opcode = opcode;
      this.prefix = prefix;
      this.wide = wide;
      this.digit = digit;
    }

    /** Whether there is no EVEX form of this name. */
    boolean vexOnly() {
      return prefix == Prefix.VEX;
    }

    /** The W bit of the VEX form: of those here only VPERMQ has one. */
    private int vexW() {
      return this == VPERMQ ? 1 : 0;
    }

    private int evexW() {
      return wide ? 1 : 0;
    }

    /** What stands for a prefix of old: mostly that of the operand size. */
    private int pp() {
      return switch (this) {
        case VSHUFPS -> 0;
        case VCVTDQ2PD -> PP_F3;
        default -> PP_66;
      };
    }

    /** What EVEX divides an 8-bit displacement by: the bytes that the memory operand has. */
    private int memoryBytes(int bits) {
      return switch (this) {
        case VPBROADCASTD -> 4;
        case VPMOVSXBW -> bits / 16;
        case VPMOVSXBD -> bits / 32;
        default -> bits / 8;
      };
    }
  }

  /** A class with a name: a lambda is linked at run time, for milliseconds of a fresh JVM. */
  private static final CodeBuffer.Patch RELATIVE = new Relative();

  private static final class Relative implements CodeBuffer.Patch {
    @Override
    public void apply(byte[] code, int at, int target) {
      CodeBuffer.put32(code, at, target - at - 4);
    }
  }

  private static final int PP_66 = 1;
  private static final int PP_F3 = 2;

  private final CodeBuffer code = new CodeBuffer();
  private final Snippets snippets;

  /** An assembler that keeps no pieces. */
  X86Assembler() {
    this(null);
  }

  /**
   * An assembler that shares pieces of code with others.
   *
   * @param snippets null for none
   */
  X86Assembler(Snippets snippets) {
    this.snippets = snippets;
  }

  /** Appends the piece of code that was kept under this key; false if there is none. */
  boolean replay(long key) {
    byte[] piece = snippets == null ? null : snippets.get(key);
    if (piece == null) {
      return false;
    }
    code.append(piece);
    return true;
  }

  /** Keeps what was emitted from position {@code from} on: no labels, branches or alignment. */
  void keep(long key, int from) {
    if (snippets != null) {
      snippets.put(key, code.since(from));
    }
  }

  byte[] toBytes() {
    return code.toBytes();
  }

  int position() {
    return code.position();
  }

  void bind(Label label) {
    code.bind(label);
  }

  /** Fills with the recommended multi-byte no-operations up to a multiple of {@code alignment}. */
  void align(int alignment) {
    int missing = -code.position() & (alignment - 1);
    while (missing > 0) {
      int n = Math.min(missing, 9);
      nop(n);
      missing -= n;
    }
  }

  private void nop(int length) {
    int[] bytes =
        switch (length) {
          case 1 -> new int[] {0x90};
          case 2 -> new int[] {0x66, 0x90};
          case 3 -> new int[] {0x0f, 0x1f, 0x00};
          case 4 -> new int[] {0x0f, 0x1f, 0x40, 0};
          case 5 -> new int[] {0x0f, 0x1f, 0x44, 0, 0};
          case 6 -> new int[] {0x66, 0x0f, 0x1f, 0x44, 0, 0};
          case 7 -> new int[] {0x0f, 0x1f, 0x80, 0, 0, 0, 0};
          case 8 -> new int[] {0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0};
          default -> new int[] {0x66, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0};
        };
    for (int b : bytes) {
      code.emit8(b);
    }
  }

  // ---- integer instructions

  void push(Gpr r) {
    rexIfNeeded(0, 0, 0, r.ordinal() >> 3);
    code.emit8(0x50 + (r.ordinal() & 7));
  }

  void pop(Gpr r) {
    rexIfNeeded(0, 0, 0, r.ordinal() >> 3);
    code.emit8(0x58 + (r.ordinal() & 7));
  }

  void ret() {
    code.emit8(0xc3);
  }

  void cpuid() {
    code.emit16(0xa20f);
  }

  void xgetbv() {
    code.emit8(0x0f);
    code.emit16(0xd001);
  }

  void vzeroupper() {
    code.emit8(0xc5);
    code.emit16(0x77f8);
  }

  void mov(Gpr dst, Gpr src) {
    regReg(1, 0x89, src, dst);
  }

  void mov32(Gpr dst, Gpr src) {
    regReg(0, 0x89, src, dst);
  }

  void mov32(Gpr dst, int imm) {
    rexIfNeeded(0, 0, 0, dst.ordinal() >> 3);
    code.emit8(0xb8 + (dst.ordinal() & 7));
    code.emit32(imm);
  }

  void mov(Gpr dst, Mem src) {
    regMem(1, dst.ordinal(), src, 0x8b);
  }

  void mov(Mem dst, Gpr src) {
    regMem(1, src.ordinal(), dst, 0x89);
  }

  void mov32(Gpr dst, Mem src) {
    regMem(0, dst.ordinal(), src, 0x8b);
  }

  void mov32(Mem dst, Gpr src) {
    regMem(0, src.ordinal(), dst, 0x89);
  }

  void mov16(Mem dst, Gpr src) {
    code.emit8(0x66);
    regMem(0, src.ordinal(), dst, 0x89);
  }

  /**
   * Stores the low byte of a register.
   *
   * @param src RAX, RCX, RDX, RBX or R8 to R15: the other low bytes need a prefix that nothing here
   *     uses
   */
  void mov8(Mem dst, Gpr src) {
    if (src.ordinal() >= 4 && src.ordinal() < 8) {
      throw new IllegalArgumentException("no byte store from " + src);
    }
    regMem(0, src.ordinal(), dst, 0x88);
  }

  void movsx8(Gpr dst, Mem src) {
    regMem(0, dst.ordinal(), src, 0x0f, 0xbe);
  }

  void movzx8(Gpr dst, Mem src) {
    regMem(0, dst.ordinal(), src, 0x0f, 0xb6);
  }

  void lea(Gpr dst, Mem src) {
    regMem(1, dst.ordinal(), src, 0x8d);
  }

  void add(Gpr dst, Gpr src) {
    regReg(1, 0x01, src, dst);
  }

  void sub(Gpr dst, Gpr src) {
    regReg(1, 0x29, src, dst);
  }

  void cmp(Gpr a, Gpr b) {
    regReg(1, 0x39, b, a);
  }

  void test(Gpr a, Gpr b) {
    regReg(1, 0x85, b, a);
  }

  void xor32(Gpr dst, Gpr src) {
    regReg(0, 0x31, src, dst);
  }

  void add(Gpr dst, int imm) {
    aluImm(1, 0, dst, imm);
  }

  void sub(Gpr dst, int imm) {
    aluImm(1, 5, dst, imm);
  }

  void cmp(Gpr dst, int imm) {
    aluImm(1, 7, dst, imm);
  }

  void and32(Gpr dst, int imm) {
    aluImm(0, 4, dst, imm);
  }

  void xor32(Gpr dst, int imm) {
    aluImm(0, 6, dst, imm);
  }

  void imul(Gpr dst, Gpr src, int imm) {
    boolean small = imm == (byte) imm;
    rexIfNeeded(1, dst.ordinal() >> 3, 0, src.ordinal() >> 3);
    code.emit8(small ? 0x6b : 0x69);
    modRegReg(dst.ordinal(), src.ordinal());
    if (small) {
      code.emit8(imm);
    } else {
      code.emit32(imm);
    }
  }

  void cmov(Cond c, Gpr dst, Gpr src) {
    rexIfNeeded(1, dst.ordinal() >> 3, 0, src.ordinal() >> 3);
    code.emit8(0x0f);
    code.emit8(0x40 + c.code);
    modRegReg(dst.ordinal(), src.ordinal());
  }

  void jmp(Label label) {
    code.emit8(0xe9);
    distance(label);
  }

  void j(Cond c, Label label) {
    code.emit8(0x0f);
    code.emit8(0x80 + c.code);
    distance(label);
  }

  private void distance(Label label) {
    code.refer(code.position(), label, RELATIVE);
    code.emit32(0);
  }

  // ---- vector instructions

  /** {@code d = op(a, b)}. */
  void op(Op op, Vec d, Vec a, Vec b) {
    require(op, Form.RVM);
    vector(op, d, a, b);
  }

  /** {@code d = op(a, [b])}. */
  void op(Op op, Vec d, Vec a, Mem b) {
    require(op, Form.RVM);
    vector(op, d, a.index(), b);
  }

  /** {@code d = op(s)}; {@code s} is narrower than {@code d} for the widening moves. */
  void op(Op op, Vec d, Vec s) {
    require(op, Form.RM);
    vector(op, d, null, s);
  }

  /** {@code d = op([s])}. */
  void op(Op op, Vec d, Mem s) {
    require(op, Form.RM);
    vector(op, d, 0, s);
  }

  /** {@code d = op(s, imm)}: a shift by a constant or a permutation. */
  void op(Op op, Vec d, Vec s, int imm) {
    if (op.form == Form.SHIFT) {
      boolean evex = useEvex(op, d, s, null);
      prefix(op, evex, d.bits(), op.digit, d.index(), s.index());
      code.emit8(op.opcode);
      modRegReg(op.digit, s.index());
    } else {
      require(op, Form.RMI);
      vector(op, d, null, s);
    }
    code.emit8(imm);
  }

  /** {@code d = op(a, b, imm)}. */
  void op(Op op, Vec d, Vec a, Vec b, int imm) {
    require(op, Form.RVMI);
    vector(op, d, a, b);
    code.emit8(imm);
  }

  /** {@code d = op(a, [b], imm)}. */
  void op(Op op, Vec d, Vec a, Mem b, int imm) {
    require(op, Form.RVMI);
    vector(op, d, a.index(), b);
    code.emit8(imm);
  }

  /** Bitwise and, in the encoding that the registers need. */
  void vpand(Vec d, Vec a, Mem b) {
    op(d.bits() == 512 ? Op.VPANDD : Op.VPAND, d, a, b);
  }

  /** Bitwise exclusive or, in the encoding that the registers need. */
  void vpxor(Vec d, Vec a, Vec b) {
    op(d.bits() == 512 || d.index() > 15 ? Op.VPXORD : Op.VPXOR, d, a, b);
  }

  /** Register copy. */
  void vmovdqa(Vec d, Vec s) {
    if (d.index() > 15 || s.index() > 15 || d.bits() == 512) {
      evexPrefix(1, 1, 0, d.bits(), d.index(), 0, s.index(), s.index() >> 4);
      code.emit8(0x6f);
      modRegReg(d.index(), s.index());
    } else if (s.index() > 7 && d.index() < 8) {
      // the store form of the same copy has the shorter prefix
      vexPrefix(1, 1, 0, d.bits(), s.index(), 0, d.index() >> 3, 0);
      code.emit8(0x7f);
      modRegReg(s.index(), d.index());
    } else {
      vexPrefix(1, 1, 0, d.bits(), d.index(), 0, s.index() >> 3, 0);
      code.emit8(0x6f);
      modRegReg(d.index(), s.index());
    }
  }

  void vmovdqu(Vec d, Mem s) {
    moveUnaligned(d, s, 0x6f);
  }

  void vmovdqu(Mem d, Vec s) {
    moveUnaligned(s, d, 0x7f);
  }

  private void moveUnaligned(Vec r, Mem m, int opcode) {
    if (r.index() > 15 || r.bits() == 512) {
      evexMem(2, 1, 0, r.bits(), r.index(), 0, m, opcode, r.bits() / 8);
    } else {
      vexMem(2, 1, 0, r.bits(), r.index(), 0, m, opcode);
    }
  }

  /** Loads 8 bytes and clears the rest. */
  void vmovq(Vec d, Mem s) {
    vexMem(2, 1, 0, 128, low16(d), 0, s, 0x7e);
  }

  /** Stores the low 8 bytes. */
  void vmovq(Mem d, Vec s) {
    vexMem(1, 1, 0, 128, low16(s), 0, d, 0xd6);
  }

  /** Loads 4 bytes and clears the rest. */
  void vmovd(Vec d, Mem s) {
    vexMem(1, 1, 0, 128, low16(d), 0, s, 0x6e);
  }

  /** Stores the low 4 bytes. */
  void vmovd(Mem d, Vec s) {
    vexMem(1, 1, 0, 128, low16(s), 0, d, 0x7e);
  }

  /** Stores byte {@code lane}. */
  void vpextrb(Mem d, Vec s, int lane) {
    vexMem(1, 3, 0, 128, low16(s), 0, d, 0x14);
    code.emit8(lane);
  }

  /** Stores 16-bit lane {@code lane}. */
  void vpextrw(Mem d, Vec s, int lane) {
    vexMem(1, 3, 0, 128, low16(s), 0, d, 0x15);
    code.emit8(lane);
  }

  /** Stores 32-bit lane {@code lane}. */
  void vpextrd(Mem d, Vec s, int lane) {
    vexMem(1, 3, 0, 128, low16(s), 0, d, 0x16);
    code.emit8(lane);
  }

  /** {@code d = a} with byte {@code lane} loaded. */
  void vpinsrb(Vec d, Vec a, Mem s, int lane) {
    vexMem(1, 3, 0, 128, low16(d), low16(a), s, 0x20);
    code.emit8(lane);
  }

  /** Saturates the 32-bit lanes of a 512-bit register to 16 bytes in memory. */
  void vpmovsdb(Mem d, Vec s) {
    evexMem(PP_F3, 2, 0, s.bits(), s.index(), 0, d, 0x21, s.bits() / 32);
  }

  /** Saturates the 32-bit lanes of a 512-bit register to the 16 bytes of a 128-bit register. */
  void vpmovsdb(Vec d, Vec s) {
    evexPrefix(PP_F3, 2, 0, s.bits(), s.index(), 0, d.index(), d.index() >> 4);
    code.emit8(0x21);
    modRegReg(s.index(), d.index());
  }

  /** Truncates 4 doubles to 32-bit integers. */
  void vcvttpd2dq(Vec d, Vec s) {
    vexPrefix(1, 1, 0, s.bits(), low16(d), 0, low16(s) >> 3, 0);
    code.emit8(0xe6);
    modRegReg(d.index(), s.index());
  }

  /** {@code d = a}, or {@code b} in 32-bit lanes where {@code mask} is negative. */
  void vblendvps(Vec d, Vec a, Vec b, Vec mask) {
    vexPrefix(PP_66, 3, 0, d.bits(), low16(d), low16(a), low16(b) >> 3, 0);
    code.emit8(0x4a);
    modRegReg(d.index(), b.index());
    code.emit8(low16(mask) << 4);
  }

  /** The same with {@code b} in memory. */
  void vblendvps(Vec d, Vec a, Mem b, Vec mask) {
    vexMem(PP_66, 3, 0, d.bits(), low16(d), low16(a), b, 0x4a);
    code.emit8(low16(mask) << 4);
  }

  /** Copies one half of a 256-bit register. */
  void vextracti128(Vec d, Vec s, int half) {
    vexPrefix(1, 3, 0, 256, low16(s), 0, low16(d) >> 3, 0);
    code.emit8(0x39);
    modRegReg(s.index(), d.index());
    code.emit8(half);
  }

  /** Stores one half of a 256-bit register. */
  void vextracti128(Mem d, Vec s, int half) {
    vexMem(1, 3, 0, 256, low16(s), 0, d, 0x39);
    code.emit8(half);
  }

  // ---- encoding

  private static void require(Op op, Form form) {
    if (op.form != form) {
      throw new IllegalArgumentException(op + " has the operands " + op.form + ", not " + form);
    }
  }

  private static int low16(Vec v) {
    if (v.index() > 15) {
      throw new IllegalArgumentException("vector register " + v.index() + " needs EVEX");
    }
    return v.index();
  }

  private static boolean useEvex(Op op, Vec d, Vec a, Vec b) {
    boolean evex =
        op.prefix == Prefix.EVEX
            || d.bits() == 512
            || d.index() > 15
            || (a != null && a.index() > 15)
            || (b != null && b.index() > 15);
    if (evex && op.vexOnly()) {
      throw new IllegalArgumentException(op + " has no EVEX form");
    }
    return evex;
  }

  private void vector(Op op, Vec d, Vec a, Vec b) {
    boolean evex = useEvex(op, d, a, b);
    prefix(op, evex, d.bits(), d.index(), a == null ? 0 : a.index(), b.index());
    code.emit8(op.opcode);
    modRegReg(d.index(), b.index());
  }

  private void vector(Op op, Vec d, int vvvv, Mem m) {
    boolean evex = useEvex(op, d, new Vec(vvvv, 128), null);
    if (evex) {
      evexMem(
          op.pp(),
          op.map,
          op.evexW(),
          d.bits(),
          d.index(),
          vvvv,
          m,
          op.opcode,
          op.memoryBytes(d.bits()));
    } else {
      vexMem(op.pp(), op.map, op.vexW(), d.bits(), d.index(), vvvv, m, op.opcode);
    }
  }

  private void prefix(Op op, boolean evex, int bits, int reg, int vvvv, int rm) {
    if (evex) {
      evexPrefix(op.pp(), op.map, op.evexW(), bits, reg, vvvv, rm, rm >> 4);
    } else {
      vexPrefix(op.pp(), op.map, op.vexW(), bits, reg, vvvv, rm >> 3, 0);
    }
  }

  private void vexPrefix(int pp, int map, int w, int bits, int reg, int vvvv, int b, int x) {
    int l = bits == 256 ? 4 : 0;
    int v = (~vvvv & 15) << 3;
    int notR = (reg >> 3 & 1) == 0 ? 0x80 : 0;
    if (map == 1 && w == 0 && b == 0 && x == 0) {
      code.emit8(0xc5);
      code.emit8(notR | v | l | pp);
    } else {
      code.emit8(0xc4);
      code.emit8(notR | (x == 0 ? 0x40 : 0) | (b == 0 ? 0x20 : 0) | map);
      code.emit8(w << 7 | v | l | pp);
    }
  }

  private void vexMem(int pp, int map, int w, int bits, int reg, int vvvv, Mem m, int opcode) {
    vexPrefix(pp, map, w, bits, reg, vvvv, m.base.ordinal() >> 3, indexBit(m));
    code.emit8(opcode);
    modMem(reg, m, 1);
  }

  /**
   * EVEX prefix; {@code rm} gives B, {@code x} the bit that extends it (register) or the index
   * register (memory).
   */
  private void evexPrefix(int pp, int map, int w, int bits, int reg, int vvvv, int rm, int x) {
    int l = bits == 512 ? 2 : bits == 256 ? 1 : 0;
    code.emit8(0x62);
    code.emit8(
        ((reg >> 3 & 1) == 0 ? 0x80 : 0)
            | ((x & 1) == 0 ? 0x40 : 0)
            | ((rm >> 3 & 1) == 0 ? 0x20 : 0)
            | ((reg >> 4 & 1) == 0 ? 0x10 : 0)
            | map);
    code.emit8(w << 7 | (~vvvv & 15) << 3 | 4 | pp);
    code.emit8(l << 5 | ((vvvv >> 4 & 1) == 0 ? 8 : 0));
  }

  private void evexMem(
      int pp, int map, int w, int bits, int reg, int vvvv, Mem m, int opcode, int memoryBytes) {
    evexPrefix(pp, map, w, bits, reg, vvvv, m.base.ordinal(), indexBit(m));
    code.emit8(opcode);
    modMem(reg, m, memoryBytes);
  }

  private static int indexBit(Mem m) {
    return m.index == null ? 0 : m.index.ordinal() >> 3;
  }

  private void rexIfNeeded(int w, int r, int x, int b) {
    if ((w | r | x | b) != 0) {
      code.emit8(0x40 | w << 3 | r << 2 | x << 1 | b);
    }
  }

  private void regReg(int w, int opcode, Gpr reg, Gpr rm) {
    rexIfNeeded(w, reg.ordinal() >> 3, 0, rm.ordinal() >> 3);
    code.emit8(opcode);
    modRegReg(reg.ordinal(), rm.ordinal());
  }

  private void regMem(int w, int reg, Mem m, int... opcode) {
    rexIfNeeded(w, reg >> 3, indexBit(m), m.base.ordinal() >> 3);
    for (int o : opcode) {
      code.emit8(o);
    }
    modMem(reg, m, 1);
  }

  private void aluImm(int w, int digit, Gpr dst, int imm) {
    boolean small = imm == (byte) imm;
    rexIfNeeded(w, 0, 0, dst.ordinal() >> 3);
    if (small) {
      code.emit8(0x83);
      modRegReg(digit, dst.ordinal());
      code.emit8(imm);
    } else if (dst == Gpr.RAX) {
      code.emit8(digit << 3 | 5);
      code.emit32(imm);
    } else {
      code.emit8(0x81);
      modRegReg(digit, dst.ordinal());
      code.emit32(imm);
    }
  }

  private void modRegReg(int reg, int rm) {
    code.emit8(0xc0 | (reg & 7) << 3 | rm & 7);
  }

  private void modMem(int reg, Mem m, int unit) {
    int base = m.base.ordinal() & 7;
    boolean sib = m.index != null || base == 4;
    int mod;
    if (m.disp == 0 && base != 5) {
      mod = 0;
    } else if (m.disp % unit == 0 && m.disp / unit == (byte) (m.disp / unit)) {
      mod = 1;
    } else {
      mod = 2;
    }
    code.emit8(mod << 6 | (reg & 7) << 3 | (sib ? 4 : base));
    if (sib) {
      int index = m.index == null ? 4 : m.index.ordinal() & 7;
      code.emit8(Integer.numberOfTrailingZeros(m.scale) << 6 | index << 3 | base);
    }
    if (mod == 1) {
      code.emit8(m.disp / unit);
    } else if (mod == 2) {
      code.emit32(m.disp);
    }
  }
}
