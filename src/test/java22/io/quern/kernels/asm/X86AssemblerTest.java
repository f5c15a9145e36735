package io.quern.kernels.asm;

import static org.junit.jupiter.api.Assertions.assertThrows;

import io.quern.kernels.asm.CodeBuffer.Label;
import io.quern.kernels.asm.X86Assembler.Cond;
import io.quern.kernels.asm.X86Assembler.Form;
import io.quern.kernels.asm.X86Assembler.Gpr;
import io.quern.kernels.asm.X86Assembler.Mem;
import io.quern.kernels.asm.X86Assembler.Op;
import io.quern.kernels.asm.X86Assembler.Vec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** Every instruction of the x86-64 assembler against binutils. */
class X86AssemblerTest {
  private static final String DIGEST =
      "db010fa7a8448b3c319b7aa5581ae72a5b5b9f81048d78dc56946f2ab2601b6f";

  private static final int[] DISPLACEMENTS = {
    0,
    1,
    -1,
    4,
    16,
    32,
    64,
    127,
    128,
    -128,
    -129,
    508,
    512,
    -512,
    4064,
    8128,
    8192,
    -8256,
    Integer.MAX_VALUE,
    Integer.MIN_VALUE
  };

  private static final int[] IMMEDIATES = {
    0, 1, -1, 127, -128, 128, -129, 255, 4096, Integer.MAX_VALUE, Integer.MIN_VALUE
  };

  private final X86Assembler a = new X86Assembler();
  private final EncodingBatch batch = new EncodingBatch();

  @Test
  void encodingsAreThoseOfBinutils() throws IOException, InterruptedException {
    integerInstructions();
    vectorInstructions();
    vectorMoves();
    branches();
    batch.check("", ".intel_syntax noprefix\n.text", a.toBytes(), DIGEST, "--64");
  }

  @Test
  void wrongOperandsAreRefused() {
    X86Assembler x = new X86Assembler();
    assertThrows(IllegalArgumentException.class, () -> Vec.ymm(32));
    assertThrows(IllegalArgumentException.class, () -> new Vec(0, 64));
    assertThrows(IllegalArgumentException.class, () -> Mem.at(Gpr.RAX, Gpr.RSP, 0));
    assertThrows(IllegalArgumentException.class, () -> new Mem(Gpr.RAX, Gpr.RCX, 3, 0));
    assertThrows(
        IllegalArgumentException.class, () -> x.op(Op.VPAND, Vec.ymm(16), Vec.ymm(0), Vec.ymm(0)));
    assertThrows(IllegalArgumentException.class, () -> x.op(Op.VPADDD, Vec.ymm(0), Vec.ymm(0)));
    assertThrows(IllegalArgumentException.class, () -> x.vmovq(Vec.xmm(16), Mem.at(Gpr.RAX, 0)));
    assertThrows(IllegalArgumentException.class, () -> x.mov8(Mem.at(Gpr.RAX, 0), Gpr.RDI));
  }

  @Test
  void labelsMustBeBoundOnce() {
    X86Assembler x = new X86Assembler();
    Label label = new Label();
    x.jmp(label);
    assertThrows(IllegalStateException.class, x::toBytes);
    x.bind(label);
    assertThrows(IllegalStateException.class, () -> x.bind(label));
  }

  private void line(String text, Runnable emit) {
    int from = a.position();
    emit.run();
    batch.add(text, from, a.position());
  }

  private static String name(Enum<?> e) {
    return e.name().toLowerCase(Locale.ROOT);
  }

  private static String name(Vec v) {
    return (v.bits() == 128 ? "xmm" : v.bits() == 256 ? "ymm" : "zmm") + v.index();
  }

  private static String name32(Gpr r) {
    return r.ordinal() < 8 ? "e" + name(r).substring(1) : name(r) + "d";
  }

  private static String name16(Gpr r) {
    return r.ordinal() < 8 ? name(r).substring(1) : name(r) + "w";
  }

  private static String name8(Gpr r) {
    return r.ordinal() < 4 ? name(r).charAt(1) + "l" : name(r) + "b";
  }

  private static String name(Mem m) {
    return "["
        + name(m.base())
        + (m.index() == null ? "" : "+" + name(m.index()) + "*" + m.scale())
        + (m.disp() < 0 ? "" : "+")
        + m.disp()
        + "]";
  }

  private static List<Mem> memories() {
    List<Mem> list = new ArrayList<>();
    for (Gpr base : Gpr.values()) {
      for (int disp : DISPLACEMENTS) {
        list.add(Mem.at(base, disp));
      }
    }
    for (Gpr base : new Gpr[] {Gpr.RAX, Gpr.RSP, Gpr.RBP, Gpr.R12, Gpr.R13}) {
      for (Gpr index : new Gpr[] {Gpr.RAX, Gpr.RBP, Gpr.R12, Gpr.R13, Gpr.R15}) {
        for (int scale = 1; scale <= 8; scale *= 2) {
          list.add(new Mem(base, index, scale, 0));
          list.add(new Mem(base, index, scale, 64));
          list.add(new Mem(base, index, scale, -4096));
        }
      }
    }
    return list;
  }

  private void integerInstructions() {
    for (Gpr r : Gpr.values()) {
      line("push " + name(r), () -> a.push(r));
      line("pop " + name(r), () -> a.pop(r));
      for (Gpr s : Gpr.values()) {
        line("mov " + name(r) + "," + name(s), () -> a.mov(r, s));
        line("mov " + name32(r) + "," + name32(s), () -> a.mov32(r, s));
        line("add " + name(r) + "," + name(s), () -> a.add(r, s));
        line("sub " + name(r) + "," + name(s), () -> a.sub(r, s));
        line("cmp " + name(r) + "," + name(s), () -> a.cmp(r, s));
        line("test " + name(r) + "," + name(s), () -> a.test(r, s));
        line("xor " + name32(r) + "," + name32(s), () -> a.xor32(r, s));
        for (Cond c : Cond.values()) {
          line("cmov" + name(c) + " " + name(r) + "," + name(s), () -> a.cmov(c, r, s));
        }
        for (int i : IMMEDIATES) {
          line("imul " + name(r) + "," + name(s) + "," + i, () -> a.imul(r, s, i));
        }
      }
      for (int i : IMMEDIATES) {
        line("mov " + name32(r) + "," + i, () -> a.mov32(r, i));
        line("add " + name(r) + "," + i, () -> a.add(r, i));
        line("sub " + name(r) + "," + i, () -> a.sub(r, i));
        line("cmp " + name(r) + "," + i, () -> a.cmp(r, i));
        line("and " + name32(r) + "," + i, () -> a.and32(r, i));
        line("xor " + name32(r) + "," + i, () -> a.xor32(r, i));
      }
    }
    int turn = 0;
    for (Mem m : memories()) {
      Gpr r = Gpr.values()[turn++ & 15];
      line("mov " + name(r) + "," + name(m), () -> a.mov(r, m));
      line("mov " + name(m) + "," + name(r), () -> a.mov(m, r));
      line("mov " + name32(r) + "," + name(m), () -> a.mov32(r, m));
      line("mov " + name(m) + "," + name32(r), () -> a.mov32(m, r));
      line("mov " + name(m) + "," + name16(r), () -> a.mov16(m, r));
      line("lea " + name(r) + "," + name(m), () -> a.lea(r, m));
      line("movsx " + name32(r) + ", byte ptr " + name(m), () -> a.movsx8(r, m));
      line("movzx " + name32(r) + ", byte ptr " + name(m), () -> a.movzx8(r, m));
      if (r.ordinal() < 4 || r.ordinal() > 7) {
        line("mov " + name(m) + "," + name8(r), () -> a.mov8(m, r));
      }
    }
    line("ret", a::ret);
    line("cpuid", a::cpuid);
    line("xgetbv", a::xgetbv);
    line("vzeroupper", a::vzeroupper);
  }

  private void vectorInstructions() {
    List<Mem> memories = memories();
    int turn = 0;
    for (Op op : Op.values()) {
      for (int bits = op == Op.VPERMQ || op == Op.VPERMD ? 256 : 128; bits <= 512; bits *= 2) {
        if (bits == 512 && op.vexOnly()) {
          continue;
        }
        int[] registers =
            op.vexOnly()
                ? new int[] {0, 1, 7, 8, 15}
                : bits == 512 ? new int[] {0, 8, 15, 16, 24, 31} : new int[] {0, 7, 8, 15, 16, 31};
        for (int d : registers) {
          for (int s : registers) {
            Vec vd = new Vec(d, bits);
            Vec vs = new Vec(s, bits);
            switch (op.form) {
              case RVM, RVMI -> {
                for (int t : registers) {
                  ternary(op, vd, vs, new Vec(t, bits));
                }
              }
              case RM -> {
                int narrowBits =
                    switch (op) {
                      case VPBROADCASTD -> 128;
                      case VPMOVSXBD -> bits / 4;
                      case VPABSB -> bits;
                      default -> bits / 2;
                    };
                Vec narrow = new Vec(s, Math.max(128, narrowBits));
                line(mnemonic(op) + name(vd) + "," + name(narrow), () -> a.op(op, vd, narrow));
              }
              case SHIFT, RMI -> {
                for (int i : new int[] {0, 1, 31, 0xd8, 255}) {
                  line(
                      mnemonic(op) + name(vd) + "," + name(vs) + "," + i,
                      () -> a.op(op, vd, vs, i));
                }
              }
              default -> throw new AssertionError(op);
            }
          }
        }
        if (op.form != Form.SHIFT && op.form != Form.RMI) {
          for (Mem m : memories) {
            Vec d = new Vec(registers[turn++ % registers.length], bits);
            Vec s = new Vec(registers[turn++ % registers.length], bits);
            if (op.form == Form.RVM) {
              line(mnemonic(op) + name(d) + "," + name(s) + "," + name(m), () -> a.op(op, d, s, m));
            } else if (op.form == Form.RVMI) {
              line(
                  mnemonic(op) + name(d) + "," + name(s) + "," + name(m) + ",85",
                  () -> a.op(op, d, s, m, 85));
            } else {
              line(mnemonic(op) + name(d) + "," + name(m), () -> a.op(op, d, m));
            }
          }
        }
      }
    }
  }

  private static String mnemonic(Op op) {
    String n = name(op);
    return n.endsWith("_vex") ? "{vex} " + n.substring(0, n.length() - 4) + " " : n + " ";
  }

  private void ternary(Op op, Vec d, Vec s, Vec t) {
    String text = mnemonic(op) + name(d) + "," + name(s) + "," + name(t);
    if (op.form == Form.RVM) {
      line(text, () -> a.op(op, d, s, t));
    } else {
      line(text + ",170", () -> a.op(op, d, s, t, 170));
    }
  }

  private void vectorMoves() {
    for (int bits = 128; bits <= 512; bits *= 2) {
      for (int d = 0; d < 32; d++) {
        for (int s = 0; s < 32; s++) {
          Vec vd = new Vec(d, bits);
          Vec vs = new Vec(s, bits);
          String evex = d > 15 || s > 15 || bits == 512 ? "32" : "";
          line("vmovdqa" + evex + " " + name(vd) + "," + name(vs), () -> a.vmovdqa(vd, vs));
        }
      }
    }
    int turn = 0;
    for (Mem m : memories()) {
      for (int bits = 128; bits <= 512; bits *= 2) {
        Vec v = new Vec(turn++ % 32, bits);
        String mnemonic = v.index() > 15 || bits == 512 ? "vmovdqu32 " : "vmovdqu ";
        line(mnemonic + name(v) + "," + name(m), () -> a.vmovdqu(v, m));
        line(mnemonic + name(m) + "," + name(v), () -> a.vmovdqu(m, v));
      }
      Vec x = Vec.xmm(turn % 16);
      Vec y = Vec.xmm((turn + 7) % 16);
      Vec w = Vec.ymm(turn % 16);
      line("vmovq " + name(x) + ", qword ptr " + name(m), () -> a.vmovq(x, m));
      line("vmovq qword ptr " + name(m) + "," + name(x), () -> a.vmovq(m, x));
      line("vmovd " + name(x) + ", dword ptr " + name(m), () -> a.vmovd(x, m));
      line("vmovd dword ptr " + name(m) + "," + name(x), () -> a.vmovd(m, x));
      line("vpextrb " + name(m) + "," + name(x) + ",13", () -> a.vpextrb(m, x, 13));
      line("vpextrw " + name(m) + "," + name(x) + ",7", () -> a.vpextrw(m, x, 7));
      line("vpextrd " + name(m) + "," + name(x) + ",2", () -> a.vpextrd(m, x, 2));
      line(
          "vpinsrb " + name(x) + "," + name(y) + "," + name(m) + ",5", () -> a.vpinsrb(x, y, m, 5));
      line("vextracti128 " + name(m) + "," + name(w) + ",1", () -> a.vextracti128(m, w, 1));
      line("vextracti128 " + name(y) + "," + name(w) + ",1", () -> a.vextracti128(y, w, 1));
      line("vcvttpd2dq " + name(y) + "," + name(w), () -> a.vcvttpd2dq(y, w));
      Vec v = Vec.ymm((turn + 11) % 16);
      line(
          "vblendvps " + name(v) + "," + name(w) + "," + name(m) + "," + name(v),
          () -> a.vblendvps(v, w, m, v));
      line(
          "vblendvps " + name(w) + "," + name(v) + "," + name(w) + "," + name(v),
          () -> a.vblendvps(w, v, w, v));
      Vec z = Vec.zmm(turn % 32);
      Vec low = Vec.xmm((turn + 13) % 32);
      line("vpmovsdb " + name(m) + "," + name(z), () -> a.vpmovsdb(m, z));
      line("vpmovsdb " + name(low) + "," + name(z), () -> a.vpmovsdb(low, z));
      bitwise(m, turn % 32);
    }
  }

  private void bitwise(Mem m, int register) {
    Vec y = Vec.ymm(register);
    Vec z = Vec.zmm(register);
    line("vpandd " + name(z) + "," + name(z) + "," + name(m), () -> a.vpand(z, z, m));
    line("vpxord " + name(z) + "," + name(z) + "," + name(z), () -> a.vpxor(z, z, z));
    line(
        (register > 15 ? "vpxord " : "vpxor ") + name(y) + "," + name(y) + "," + name(y),
        () -> a.vpxor(y, y, y));
    if (register < 16) {
      line("vpand " + name(y) + "," + name(y) + "," + name(m), () -> a.vpand(y, y, m));
    }
  }

  private void branches() {
    Label back = new Label();
    Label ahead = new Label();
    a.bind(back);
    batch.add("back:", a.position(), a.position());
    for (int i = 0; i < 2; i++) {
      Label to = i == 0 ? back : ahead;
      String target = i == 0 ? "back" : "ahead";
      line("{disp32} jmp " + target, () -> a.jmp(to));
      for (Cond c : Cond.values()) {
        line("{disp32} j" + name(c) + " " + target, () -> a.j(c, to));
      }
    }
    for (int i = 0; i < 16; i++) {
      line("ret", a::ret);
    }
    a.bind(ahead);
    batch.add("ahead:", a.position(), a.position());
    line("ret", a::ret);
  }
}
