package io.quern.kernels.asm;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * Machine code on this JVM and processor: whether it can be used, which routine suits a layer, and
 * how to load it.
 *
 * <p>Immutable and safe for use by several threads.
 */
final class AsmSupport {
  /** Code that can be called, until closed. */
  record Loaded(List<AsmKernel> kernels, CodeMemory memory, Arena constants)
      implements AutoCloseable {
    /**
     * Gives code and constants back.
     *
     * @throws IllegalStateException if a call is running or this is closed already
     */
    @Override
    public void close() {
      memory.close();
      constants.close();
    }
  }

  /** Int16 weights are kept only while a layer's fit in half of a 256 KiB second-level cache. */
  private static final int WIDE_WEIGHT_BYTES = 128 * 1024;

  private final NativeMemory os;
  private final CpuFeatures cpu;

  private AsmSupport(NativeMemory os, CpuFeatures cpu) {
    this.os = os;
    this.cpu = cpu;
  }

  /**
   * Looks what there is, and proves that memory can be made executable.
   *
   * @throws AsmUnavailableException with the reason, in one line, if machine code cannot be used
   */
  static AsmSupport find() throws AsmUnavailableException {
    return find(new LinuxMemory(), System.getProperty(CpuFeatures.PROPERTY));
  }

  /**
   * The same with another operating system, or fewer features.
   *
   * @param features see {@link CpuFeatures#restrictedTo}
   */
  static AsmSupport find(NativeMemory os, String features) throws AsmUnavailableException {
    CpuFeatures cpu;
    try {
      cpu = CpuFeatures.detect(os).restrictedTo(features);
    } catch (IllegalArgumentException e) {
      throw new AsmUnavailableException(
          CpuFeatures.PROPERTY + " is " + features + ": " + e.getMessage());
    }
    CpuFeature needed = cpu.isa() == Isa.X86_64 ? CpuFeature.AVX2 : CpuFeature.NEON;
    if (!cpu.has(needed)) {
      throw new AsmUnavailableException(
          "the processor has no " + needed + ", or it was not to be used");
    }
    // on AArch64 nothing has been executed so far
    probe(os, cpu.isa());
    return new AsmSupport(os, cpu);
  }

  private static void probe(NativeMemory os, Isa isa) throws AsmUnavailableException {
    byte[] code;
    if (isa == Isa.X86_64) {
      X86Assembler a = new X86Assembler();
      a.ret();
      code = a.toBytes();
    } else {
      A64Assembler a = new A64Assembler();
      a.ret();
      code = a.toBytes();
    }
    try (CodeMemory memory = CodeMemory.install(os, isa, List.of(code))) {
      memory.entry(0, FunctionDescriptor.ofVoid()).invoke();
    } catch (AsmUnavailableException e) {
      throw e;
    } catch (Throwable e) {
      throw new AsmUnavailableException("calling machine code failed: " + e);
    }
  }

  CpuFeatures cpu() {
    return cpu;
  }

  /**
   * Names for {@link #pointwise(String, PointwiseLayer)}: all routines that the processor can run.
   */
  List<String> pointwiseRoutines() {
    List<String> names = new ArrayList<>();
    if (cpu.isa() == Isa.X86_64) {
      for (DotX86 v : DotX86.values()) {
        if (cpu.has(v.needs)) {
          names.add(v.name());
        }
      }
    } else {
      for (PointwiseA64.Variant v : PointwiseA64.Variant.values()) {
        if (cpu.has(v.needs)) {
          names.add(v.name());
        }
      }
    }
    return names;
  }

  /** Code of the best routine for the layer, or null if none can take it. */
  KernelCode pointwise(PointwiseLayer layer) {
    if (cpu.isa() == Isa.AARCH64) {
      if (cpu.has(CpuFeature.DOTPROD)) {
        return PointwiseA64.emit(layer, PointwiseA64.Variant.SDOT);
      }
      return layer.hasMinimalWeight() ? null : PointwiseA64.emit(layer, PointwiseA64.Variant.SMLAL);
    }
    return Conv2dX86.emit(Conv2dLayer.of(layer), dot(layer));
  }

  /**
   * Code of the best routine for a convolution that reads its input in place, or null if there is
   * none here.
   */
  KernelCode conv2d(Conv2dLayer layer) {
    return cpu.isa() == Isa.X86_64 ? Conv2dX86.emit(layer, dot(layer.product())) : null;
  }

  private DotX86 dot(PointwiseLayer layer) {
    if (cpu.has(CpuFeature.AVX512_VNNI)) {
      return DotX86.DPBUSD_EVEX;
    }
    if (cpu.has(CpuFeature.AVX_VNNI)) {
      return DotX86.DPBUSD;
    }
    boolean wide = layer.m() >= 16 && 2L * layer.k() * layer.n() <= WIDE_WEIGHT_BYTES;
    return wide ? DotX86.MADD16 : DotX86.MADD8;
  }

  /**
   * Code of one routine.
   *
   * @throws IllegalArgumentException if the processor does not have it or it cannot take the
   *     weights
   */
  KernelCode pointwise(String routine, PointwiseLayer layer) {
    if (!pointwiseRoutines().contains(routine)) {
      throw new IllegalArgumentException(routine + " is not one of " + pointwiseRoutines());
    }
    return cpu.isa() == Isa.X86_64
        ? Conv2dX86.emit(Conv2dLayer.of(layer), DotX86.valueOf(routine))
        : PointwiseA64.emit(layer, PointwiseA64.Variant.valueOf(routine));
  }

  KernelCode depthwise(DepthwiseLayer layer) {
    return cpu.isa() == Isa.X86_64 ? DepthwiseX86.emit(layer) : DepthwiseA64.emit(layer);
  }

  /**
   * Makes code callable, all pieces in one mapping.
   *
   * @throws AsmUnavailableException if memory cannot be had; nothing stays mapped
   */
  Loaded load(List<KernelCode> codes) throws AsmUnavailableException {
    CodeMemory memory =
        CodeMemory.install(os, cpu.isa(), codes.stream().map(KernelCode::code).toList());
    Arena constants = Arena.ofShared();
    List<AsmKernel> kernels = new ArrayList<>();
    for (int i = 0; i < codes.size(); i++) {
      byte[] packed = codes.get(i).packed();
      MemorySegment copy = constants.allocate(packed.length, 64);
      MemorySegment.copy(packed, 0, copy, ValueLayout.JAVA_BYTE, 0, packed.length);
      kernels.add(new AsmKernel(codes.get(i), memory, i, copy));
    }
    return new Loaded(List.copyOf(kernels), memory, constants);
  }

  /**
   * Makes one piece of code callable until the kernel is garbage.
   *
   * @throws AsmUnavailableException if memory cannot be had; nothing stays mapped
   */
  AsmKernel load(KernelCode code, Placement placement) throws AsmUnavailableException {
    Arena arena = Arena.ofAuto();
    CodeMemory memory = CodeMemory.install(os, cpu.isa(), List.of(placement.apply(code)), arena);
    byte[] packed = code.packed();
    MemorySegment copy = arena.allocate(packed.length, 64);
    MemorySegment.copy(packed, 0, copy, ValueLayout.JAVA_BYTE, 0, packed.length);
    return new AsmKernel(code, placement, memory, 0, copy);
  }
}
