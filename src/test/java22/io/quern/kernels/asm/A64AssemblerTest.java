package io.quern.kernels.asm;

import static org.junit.jupiter.api.Assertions.assertThrows;

import io.quern.kernels.asm.A64Assembler.Cond;
import io.quern.kernels.asm.A64Assembler.Op2;
import io.quern.kernels.asm.A64Assembler.Op3;
import io.quern.kernels.asm.A64Assembler.V;
import io.quern.kernels.asm.A64Assembler.Width;
import io.quern.kernels.asm.A64Assembler.X;
import io.quern.kernels.asm.CodeBuffer.Label;
import java.io.IOException;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** Every instruction of the AArch64 assembler against binutils. */
class A64AssemblerTest {
  private static final String DIGEST =
      "130930ccd58c99789f3f35a680d6703cedd22945903af37cd8f4c9cd8a6ef74d";

  private static final int[] REGISTERS = {0, 1, 7, 15, 16, 30};
  private static final int[] VECTORS = {0, 1, 7, 8, 15, 16, 31};

  private final A64Assembler a = new A64Assembler();
  private final EncodingBatch batch = new EncodingBatch();

  @Test
  void encodingsAreThoseOfBinutils() throws IOException, InterruptedException {
    integerInstructions();
    vectorInstructions();
    loadsAndStores();
    branches();
    batch.check("aarch64-linux-gnu-", ".text", a.toBytes(), DIGEST, "-march=armv8.2-a+dotprod");
  }

  @Test
  void wrongOperandsAreRefused() {
    A64Assembler x = new A64Assembler();
    V v = new V(0);
    X r = new X(0);
    assertThrows(IllegalArgumentException.class, () -> new V(32));
    assertThrows(IllegalArgumentException.class, () -> new X(-1));
    assertThrows(IllegalArgumentException.class, () -> x.add(r, r, 1 << 24));
    assertThrows(IllegalArgumentException.class, () -> x.subs(r, r, 4096));
    assertThrows(IllegalArgumentException.class, () -> x.ssra(v, v, 0));
    assertThrows(IllegalArgumentException.class, () -> x.sdot(v, v, v, 4));
    assertThrows(IllegalArgumentException.class, () -> x.ldr(Width.Q, v, r, 65536));
    assertThrows(IllegalArgumentException.class, () -> x.ldr(Width.D, v, r, 257));
    assertThrows(IllegalArgumentException.class, () -> x.ldpQ(v, v, r, 1024));
    assertThrows(IllegalArgumentException.class, () -> x.ldpQ(v, v, r, 8));
    assertThrows(IllegalArgumentException.class, () -> x.st1(4, v, 4, r));
    assertThrows(IllegalArgumentException.class, () -> x.ldrQPost(v, r, 256));
  }

  @Test
  void branchesBeyondReachAreRefused() {
    A64Assembler x = new A64Assembler();
    Label far = new Label();
    x.b(Cond.EQ, far);
    for (int i = 0; i < 1 << 18; i++) {
      x.isb();
    }
    x.bind(far);
    assertThrows(IllegalArgumentException.class, x::toBytes);
  }

  private void line(String text, Runnable emit) {
    int from = a.position();
    emit.run();
    batch.add(text, from, a.position());
  }

  private static String name(X x) {
    return "x" + x.index();
  }

  private static String text(String syntax, V d, V n, V m) {
    return syntax
        .replace("vd", "v" + d.index())
        .replace("vn", "v" + n.index())
        .replace("vm", "v" + m.index());
  }

  private void integerInstructions() {
    for (int i : REGISTERS) {
      X d = new X(i);
      for (int j : REGISTERS) {
        X n = new X(j);
        String dn = name(d) + "," + name(n) + ",";
        line("mov " + name(d) + "," + name(n), () -> a.mov(d, n));
        line("cmp " + name(d) + "," + name(n), () -> a.cmp(d, n));
        for (int imm : new int[] {0, 1, 4095}) {
          line("subs " + dn + "#" + imm, () -> a.subs(d, n, imm));
        }
        for (int imm : new int[] {0, 1, 4095}) {
          line("add " + dn + "#" + imm, () -> a.add(d, n, imm));
        }
        for (int imm : new int[] {-1, -4095}) {
          line("sub " + dn + "#" + -imm, () -> a.add(d, n, imm));
        }
        line("add " + dn + "#7, lsl #12", () -> a.add(d, n, 7 << 12));
        line("sub " + dn + "#4095, lsl #12", () -> a.add(d, n, -(4095 << 12)));
        line(
            "add " + dn + "#5, lsl #12\nadd " + name(d) + "," + name(d) + ",#9",
            () -> a.add(d, n, (5 << 12) + 9));
        line("ubfx " + dn + "#16,#4", () -> a.ubfx(d, n, 16, 4));
        line("ubfx " + dn + "#0,#4", () -> a.ubfx(d, n, 0, 4));
        line("ubfx " + dn + "#1,#63", () -> a.ubfx(d, n, 1, 63));
        if (i != j) {
          line("stp " + name(d) + "," + name(n) + ",[sp,#-16]!", () -> a.push(d, n));
          line("ldp " + name(d) + "," + name(n) + ",[sp],#16", () -> a.pop(d, n));
        }
        for (int k : REGISTERS) {
          X m = new X(k);
          line("add " + dn + name(m), () -> a.add(d, n, m));
          line("sub " + dn + name(m), () -> a.sub(d, n, m));
          line("bic " + dn + name(m), () -> a.bic(d, n, m));
          line("lsl " + dn + name(m), () -> a.lsl(d, n, m));
          line("madd " + dn + name(m) + "," + name(d), () -> a.madd(d, n, m, d));
          line("mul " + dn + name(m), () -> a.madd(d, n, m, X.ZERO));
          for (Cond c : Cond.values()) {
            String cc = c.name().toLowerCase(Locale.ROOT);
            line("csel " + dn + name(m) + "," + cc, () -> a.csel(d, n, m, c));
          }
        }
      }
      line("cmp " + name(d) + ",#9", () -> a.cmp(d, 9));
      line("movz " + name(d) + ",#0", () -> a.mov(d, 0));
      line("movz " + name(d) + ",#65535", () -> a.mov(d, 65535));
      line("movz " + name(d) + ",#0\nmovk " + name(d) + ",#1,lsl #16", () -> a.mov(d, 1 << 16));
      line(
          "movz "
              + name(d)
              + ",#0xcdef\nmovk "
              + name(d)
              + ",#0x89ab,lsl #16\nmovk "
              + name(d)
              + ",#0x4567,lsl #32\nmovk "
              + name(d)
              + ",#0x123,lsl #48",
          () -> a.mov(d, 0x0123456789abcdefL));
      line("mrs " + name(d) + ",ctr_el0", () -> a.mrsCtr(d));
      line("dc cvau," + name(d), () -> a.dcCvau(d));
      line("ic ivau," + name(d), () -> a.icIvau(d));
    }
    line("add sp,sp,#32", () -> a.add(X.SP, X.SP, 32));
    line("dsb ish", a::dsbIsh);
    line("isb", a::isb);
    line("ret", a::ret);
  }

  private void vectorInstructions() {
    for (int i : VECTORS) {
      V d = new V(i);
      line("movi v" + i + ".4s,#0", () -> a.clear(d));
      for (int j : VECTORS) {
        V n = new V(j);
        line("mov v" + i + ".16b,v" + j + ".16b", () -> a.mov(d, n));
        for (Op2 op : Op2.values()) {
          line(text(op.syntax, d, n, n), () -> a.op(op, d, n));
        }
        line("sshll v" + i + ".2d,v" + j + ".2s,#0", () -> a.sshll32(d, n, false));
        line("sshll2 v" + i + ".2d,v" + j + ".4s,#0", () -> a.sshll32(d, n, true));
        for (int shift : new int[] {1, 16, 31, 32}) {
          line("ssra v" + i + ".4s,v" + j + ".4s,#" + shift, () -> a.ssra(d, n, shift));
        }
        for (int shift : new int[] {0, 1, 7, 15, 31}) {
          line("shl v" + i + ".4s,v" + j + ".4s,#" + shift, () -> a.shl(d, n, shift));
          if (shift < 16) {
            line(
                "sshll v" + i + ".4s,v" + j + ".4h,#" + shift, () -> a.sshll16(d, n, shift, false));
            line(
                "sshll2 v" + i + ".4s,v" + j + ".8h,#" + shift, () -> a.sshll16(d, n, shift, true));
          }
          if (shift < 8) {
            line("sshll v" + i + ".8h,v" + j + ".8b,#" + shift, () -> a.sshll8(d, n, shift, false));
            line(
                "sshll2 v" + i + ".8h,v" + j + ".16b,#" + shift, () -> a.sshll8(d, n, shift, true));
          }
        }
        if (i != j) {
          line("stp d" + i + ",d" + j + ",[sp,#-16]!", () -> a.pushD(d, n));
          line("ldp d" + i + ",d" + j + ",[sp],#16", () -> a.popD(d, n));
        }
        for (int k : VECTORS) {
          V m = new V(k);
          for (Op3 op : Op3.values()) {
            line(text(op.syntax, d, n, m), () -> a.op(op, d, n, m));
          }
          line("sdot v" + i + ".4s,v" + j + ".16b,v" + k + ".16b", () -> a.sdot(d, n, m));
          for (int lane = 0; lane < 4; lane++) {
            int at = lane;
            line(
                "sdot v" + i + ".4s,v" + j + ".16b,v" + k + ".4b[" + lane + "]",
                () -> a.sdot(d, n, m, at));
          }
        }
      }
    }
  }

  private void loadsAndStores() {
    for (int i : VECTORS) {
      V t = new V(i);
      for (X base : new X[] {new X(0), new X(17), new X(30), X.SP}) {
        String b = base.index() == 31 ? "sp" : name(base);
        for (Width w : Width.values()) {
          String r = w.name().toLowerCase(Locale.ROOT) + i;
          for (int units : new int[] {0, 1, 2, 255, 4095}) {
            int disp = units * w.bytes;
            line("ldr " + r + ",[" + b + ",#" + disp + "]", () -> a.ldr(w, t, base, disp));
            line("str " + r + ",[" + b + ",#" + disp + "]", () -> a.str(w, t, base, disp));
          }
          for (int disp : new int[] {-1, -16, -255, -256}) {
            line("ldur " + r + ",[" + b + ",#" + disp + "]", () -> a.ldr(w, t, base, disp));
            line("stur " + r + ",[" + b + ",#" + disp + "]", () -> a.str(w, t, base, disp));
          }
          if (w.bytes > 1) {
            line("ldur " + r + ",[" + b + ",#" + 255 + "]", () -> a.ldr(w, t, base, 255));
          }
        }
        for (int step : new int[] {16, 255, -256}) {
          line("ldr q" + i + ",[" + b + "],#" + step, () -> a.ldrQPost(t, base, step));
          line("str q" + i + ",[" + b + "],#" + step, () -> a.strQPost(t, base, step));
        }
        V u = new V((i + 1) & 31);
        for (int disp : new int[] {0, 16, 1008, -1024}) {
          line(
              "ldp q" + i + ",q" + u.index() + ",[" + b + ",#" + disp + "]",
              () -> a.ldpQ(t, u, base, disp));
        }
        for (int bytes = 1; bytes <= 4; bytes *= 2) {
          String size = bytes == 1 ? "b" : bytes == 2 ? "h" : "s";
          for (int lane = 0; lane < 16 / bytes; lane++) {
            int n = bytes;
            int at = lane;
            String operands = " {v" + i + "." + size + "}[" + lane + "],[" + b + "]";
            line("st1" + operands, () -> a.st1(n, t, at, base));
            line("ld1" + operands, () -> a.ld1(n, t, at, base));
          }
        }
      }
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
      line("b " + target, () -> a.b(to));
      line("cbnz x17," + target, () -> a.cbnz(new X(17), to));
      for (Cond c : Cond.values()) {
        line("b." + c.name().toLowerCase(Locale.ROOT) + " " + target, () -> a.b(c, to));
      }
    }
    a.bind(ahead);
    batch.add("ahead:", a.position(), a.position());
    line("ret", a::ret);
  }
}
