package io.quern.kernels.asm;

import io.quern.kernels.asm.X86Assembler.Gpr;

/**
 * Where the tensors of a kernel lie in the arrays that it is called with.
 *
 * <p>The offsets become part of the code, so that a call passes whole arrays and needs no slices,
 * which would be objects.
 *
 * @param in bytes from the start of the input's array to the layer's input, at least 0
 * @param out bytes from the start of the output's array to the layer's output, at least 0
 * @param staged whether the input holds only the rows of a call, the first of them at {@code in}
 */
record Placement(int in, int out, boolean staged) {
  /** Tensors that fill their arrays. */
  static final Placement WHOLE = new Placement(0, 0, false);

  /** Code is aligned relative to its start, which therefore stays on a cache line. */
  private static final int ALIGNMENT = 64;

  Placement {
    Checks.range("in", in, 0, Integer.MAX_VALUE);
    Checks.range("out", out, 0, Integer.MAX_VALUE);
  }

  /** The code, preceded by instructions that move its pointers. */
  byte[] apply(KernelCode code) {
    if (in == 0 && out == 0 && !staged) {
      return code.code();
    }
    byte[] before = code.isa() == Isa.X86_64 ? x86(code) : a64(code);
    byte[] all = new byte[before.length + code.code().length];
    System.arraycopy(before, 0, all, 0, before.length);
    System.arraycopy(code.code(), 0, all, before.length, code.code().length);
    return all;
  }

  private byte[] x86(KernelCode code) {
    X86Assembler a = new X86Assembler();
    a.add(Gpr.RDI, in);
    a.add(Gpr.RSI, out);
    if (staged) {
      a.imul(Gpr.RAX, Gpr.R8, Math.toIntExact(code.outBytesPerRow()));
      a.add(Gpr.RSI, Gpr.RAX);
      a.xor32(Gpr.R8, Gpr.R8);
    }
    a.align(ALIGNMENT);
    return a.toBytes();
  }

  private byte[] a64(KernelCode code) {
    A64Assembler a = new A64Assembler();
    A64Assembler.X t = new A64Assembler.X(9);
    A64Assembler.X outPointer = new A64Assembler.X(1);
    A64Assembler.X firstRow = new A64Assembler.X(4);
    a.mov(t, in);
    a.add(new A64Assembler.X(0), new A64Assembler.X(0), t);
    a.mov(t, out);
    a.add(outPointer, outPointer, t);
    if (staged) {
      a.mov(t, code.outBytesPerRow());
      a.madd(outPointer, firstRow, t, outPointer);
      a.mov(firstRow, 0);
    }
    return a.toBytes();
  }
}
