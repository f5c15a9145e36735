package io.quern.kernels.asm;

import io.quern.kernels.asm.CodeBuffer.Label;
import io.quern.kernels.asm.X86Assembler.Cond;
import io.quern.kernels.asm.X86Assembler.Gpr;
import io.quern.kernels.asm.X86Assembler.Mem;

/**
 * Emits a function that asks the processor what it has.
 *
 * <p>{@code void cpuid(int[5] out)} in the System V ABI stores leaf 1 ECX, leaf 7.0 EBX and ECX,
 * leaf 7.1 EAX and XCR0; what the processor does not have is 0.
 */
final class CpuidX86 {
  /** Ints that the function stores. */
  static final int WORDS = 5;

  private CpuidX86() {}

  static byte[] emit() {
    X86Assembler a = new X86Assembler();
    Label done = new Label();
    Label noLeaf7 = new Label();
    a.push(Gpr.RBX);
    a.xor32(Gpr.R8, Gpr.R8);
    for (int i = 0; i < WORDS; i++) {
      a.mov32(Mem.at(Gpr.RDI, 4 * i), Gpr.R8);
    }
    leaf(a, 0, 0);
    a.mov32(Gpr.R9, Gpr.RAX);
    leaf(a, 1, 0);
    a.mov32(Mem.at(Gpr.RDI, 0), Gpr.RCX);
    a.mov32(Gpr.R10, Gpr.RCX);
    a.cmp(Gpr.R9, 7);
    a.j(Cond.B, noLeaf7);
    leaf(a, 7, 0);
    a.mov32(Mem.at(Gpr.RDI, 4), Gpr.RBX);
    a.mov32(Mem.at(Gpr.RDI, 8), Gpr.RCX);
    a.cmp(Gpr.RAX, 1);
    a.j(Cond.B, noLeaf7);
    leaf(a, 7, 1);
    a.mov32(Mem.at(Gpr.RDI, 12), Gpr.RAX);
    a.bind(noLeaf7);
    // XGETBV is legal only with OSXSAVE, bit 27
    a.and32(Gpr.R10, 1 << 27);
    a.j(Cond.E, done);
    a.xor32(Gpr.RCX, Gpr.RCX);
    a.xgetbv();
    a.mov32(Mem.at(Gpr.RDI, 16), Gpr.RAX);
    a.bind(done);
    a.pop(Gpr.RBX);
    a.ret();
    return a.toBytes();
  }

  private static void leaf(X86Assembler a, int leaf, int subleaf) {
    a.mov32(Gpr.RAX, leaf);
    a.mov32(Gpr.RCX, subleaf);
    a.cpuid();
  }
}
