package io.quern.kernels.asm;

import io.quern.kernels.asm.CodeBuffer.Label;
import io.quern.kernels.asm.X86Assembler.Cond;
import io.quern.kernels.asm.X86Assembler.Gpr;
import io.quern.kernels.asm.X86Assembler.Op;
import io.quern.kernels.asm.X86Assembler.Vec;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/**
 * A loop of independent multiply-accumulates that touches registers only: what one core can do at
 * most with one instruction.
 *
 * @param name instruction and register width
 * @param macs multiply-accumulates of one run
 * @param loop code that takes the number of iterations
 */
public record MultiplyPeak(String name, double macs, MemorySegment loop) implements Runnable {
  private static final int ITERATIONS = 20_000;
  private static final int CHAINS = 12;

  /** The loops that this machine can run; none on machines other than x86-64. */
  public static List<MultiplyPeak> here() {
    try {
      NativeMemory os = new LinuxMemory();
      CpuFeatures cpu = AsmSupport.find(os, null).cpu();
      return cpu.has(CpuFeature.AVX2) ? all(os, cpu) : List.of();
    } catch (AsmUnavailableException e) {
      return List.of();
    }
  }

  /**
   * VPMADDWD alone, VPMADDWD followed by VPADDD, and VPDPBUSD of each width that the processor has.
   */
  static List<MultiplyPeak> all(NativeMemory os, CpuFeatures cpu) throws AsmUnavailableException {
    List<MultiplyPeak> peaks = new ArrayList<>();
    peaks.add(of(os, "VPMADDWD 256", 16, multiply(Op.VPMADDWD, Vec::ymm, false)));
    peaks.add(of(os, "VPMADDWD + VPADDD 256", 16, multiply(Op.VPMADDWD, Vec::ymm, true)));
    if (cpu.has(CpuFeature.AVX_VNNI)) {
      peaks.add(of(os, "VPDPBUSD 256", 32, multiply(Op.VPDPBUSD_VEX, Vec::ymm, false)));
    }
    if (cpu.has(CpuFeature.AVX512_VNNI)) {
      peaks.add(of(os, "VPDPBUSD 512", 64, multiply(Op.VPDPBUSD, Vec::zmm, false)));
    }
    return peaks;
  }

  private static MultiplyPeak of(NativeMemory os, String name, int macs, byte[] code)
      throws AsmUnavailableException {
    MemorySegment loop = CodeMemory.install(os, Isa.X86_64, List.of(code)).code(0);
    return new MultiplyPeak(name, (double) macs * CHAINS * ITERATIONS, loop);
  }

  private static byte[] multiply(Op op, IntFunction<Vec> register, boolean add) {
    X86Assembler a = new X86Assembler();
    Label loop = new Label();
    a.align(32);
    a.bind(loop);
    for (int i = 0; i < CHAINS; i++) {
      Vec sum = register.apply(i);
      Vec product = register.apply(15);
      a.op(op, add ? product : sum, register.apply(13), register.apply(14));
      if (add) {
        a.op(Op.VPADDD, sum, sum, product);
      }
    }
    a.sub(Gpr.RDI, 1);
    a.j(Cond.NE, loop);
    a.vzeroupper();
    a.ret();
    return a.toBytes();
  }

  @Override
  public void run() {
    NativeCall.call(loop, ITERATIONS, 0, 0);
  }
}
