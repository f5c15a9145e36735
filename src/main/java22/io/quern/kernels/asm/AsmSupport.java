package io.quern.kernels.asm;

import java.lang.foreign.Arena;
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
  record Loaded(List<AsmKernel> kernels, CodeMemory memory) implements AutoCloseable {
    /**
     * Gives code and constants back.
     *
     * @throws IllegalStateException if a call is running or this is closed already
     */
    @Override
    public void close() {
      memory.close();
    }
  }

  /** Int16 weights are kept only while a layer's fit in half of a 256 KiB second-level cache. */
  private static final int WIDE_WEIGHT_BYTES = 128 * 1024;

  private final NativeMemory os;
  private final CpuFeatures cpu;

  /** Null unless this is x86-64. */
  private final WeightPackerX86 packer;

  private final Snippets snippets = new Snippets();

  private AsmSupport(NativeMemory os, CpuFeatures cpu, WeightPackerX86 packer) {
    this.os = os;
    this.cpu = cpu;
    this.packer = packer;
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
    if (cpu.isa() == Isa.AARCH64) {
      probe(os);
    }
    return new AsmSupport(os, cpu, cpu.isa() == Isa.X86_64 ? WeightPackerX86.install(os) : null);
  }

  /** Runs an instruction: on AArch64, detection has run none. */
  private static void probe(NativeMemory os) throws AsmUnavailableException {
    A64Assembler a = new A64Assembler();
    a.ret();
    try (CodeMemory memory = CodeMemory.install(os, Isa.AARCH64, List.of(a.toBytes()))) {
      NativeCall.call(memory.code(0), 0, 0, 0);
    }
  }

  CpuFeatures cpu() {
    return cpu;
  }

  /**
   * Names for {@link #pointwise(String, PointwiseLayer)}: all routines for any weights that the
   * processor can run.
   */
  List<String> pointwiseRoutines() {
    List<String> names = new ArrayList<>();
    if (cpu.isa() == Isa.X86_64) {
      for (DotX86 v : DotX86.values()) {
        if (cpu.has(v.needs) && v != DotX86.MADDUBS) {
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

  /** Code of the best routine for the layer. */
  KernelCode pointwise(PointwiseLayer layer) {
    if (cpu.isa() == Isa.AARCH64) {
      boolean dot = cpu.has(CpuFeature.DOTPROD);
      return PointwiseA64.emit(layer, dot ? PointwiseA64.Variant.SDOT : PointwiseA64.Variant.SMLAL);
    }
    return conv2d(Conv2dLayer.of(layer));
  }

  /**
   * Code of the best routine for a convolution that reads its input in place, or null if there is
   * none here.
   */
  KernelCode conv2d(Conv2dLayer layer) {
    if (cpu.isa() != Isa.X86_64) {
      return null;
    }
    DotX86 dot = dot(layer.product());
    SmallWeights small = dot.kr == 2 ? TileX86.small(layer.product()) : null;
    return Conv2dX86.emit(layer, small == null ? dot : DotX86.MADDUBS, small, packer, snippets);
  }

  /** Rows of the tiles of {@link #pointwise(PointwiseLayer)}: threads best begin at multiples. */
  int tileRows(PointwiseLayer layer) {
    return cpu.isa() == Isa.X86_64 ? dot(layer).rows(layer.n()) : PointwiseA64.MR;
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
   * @throws IllegalArgumentException if the processor does not have it
   */
  KernelCode pointwise(String routine, PointwiseLayer layer) {
    if (!pointwiseRoutines().contains(routine)) {
      throw new IllegalArgumentException(routine + " is not one of " + pointwiseRoutines());
    }
    return cpu.isa() == Isa.X86_64
        ? Conv2dX86.emit(Conv2dLayer.of(layer), DotX86.valueOf(routine), null, packer, snippets)
        : PointwiseA64.emit(layer, PointwiseA64.Variant.valueOf(routine));
  }

  KernelCode add(AddLayer layer) {
    return cpu.isa() == Isa.X86_64 ? AddX86.emit(layer) : AddA64.emit(layer);
  }

  KernelCode fullyConnected(FullyConnectedLayer layer) {
    return cpu.isa() == Isa.X86_64
        ? FullyConnectedX86.emit(layer)
        : FullyConnectedA64.emit(layer, cpu.has(CpuFeature.DOTPROD));
  }

  KernelCode depthwise(DepthwiseLayer layer) {
    return cpu.isa() == Isa.X86_64 ? DepthwiseX86.emit(layer, snippets) : DepthwiseA64.emit(layer);
  }

  /**
   * Makes code callable, all pieces in one mapping.
   *
   * @throws AsmUnavailableException if memory cannot be had; nothing stays mapped
   */
  Loaded load(List<KernelCode> codes) throws AsmUnavailableException {
    List<byte[]> code = new ArrayList<>();
    List<byte[]> packed = new ArrayList<>();
    for (KernelCode c : codes) {
      code.add(c.code());
      packed.add(c.packed());
    }
    CodeMemory memory = CodeMemory.install(os, cpu.isa(), code, packed, Arena.ofShared());
    List<AsmKernel> kernels = new ArrayList<>();
    for (int i = 0; i < codes.size(); i++) {
      kernels.add(new AsmKernel(codes.get(i), memory, i, memory.constants(i)));
    }
    return new Loaded(List.copyOf(kernels), memory);
  }

  /**
   * Makes one piece of code callable until the kernel is garbage.
   *
   * @throws AsmUnavailableException if memory cannot be had; nothing stays mapped
   */
  AsmKernel load(KernelCode code, Placement placement) throws AsmUnavailableException {
    CodeMemory memory =
        CodeMemory.install(
            os, cpu.isa(), List.of(placement.apply(code)), List.of(code.packed()), Arena.ofAuto());
    return new AsmKernel(code, placement, memory, 0, memory.constants(0));
  }
}
