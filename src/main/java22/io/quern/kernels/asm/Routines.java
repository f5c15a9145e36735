package io.quern.kernels.asm;

import java.util.ArrayList;
import java.util.List;

/** Which routines a processor can run, best first. */
final class Routines {
  private Routines() {}

  /** Names for {@link #emitPointwise}. */
  static List<String> pointwise(CpuFeatures cpu) {
    List<String> names = new ArrayList<>();
    if (cpu.isa() == Isa.X86_64) {
      for (PointwiseX86.Variant v : PointwiseX86.Variant.values()) {
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

  static KernelCode emitPointwise(Isa isa, String routine, PointwiseLayer layer) {
    return switch (isa) {
      case X86_64 -> PointwiseX86.emit(layer, PointwiseX86.Variant.valueOf(routine));
      case AARCH64 -> PointwiseA64.emit(layer, PointwiseA64.Variant.valueOf(routine));
    };
  }

  /** Whether {@link #emitDepthwise} has anything for the processor. */
  static boolean depthwise(CpuFeatures cpu) {
    return cpu.has(cpu.isa() == Isa.X86_64 ? CpuFeature.AVX2 : CpuFeature.NEON);
  }

  static KernelCode emitDepthwise(Isa isa, DepthwiseLayer layer) {
    return switch (isa) {
      case X86_64 -> DepthwiseX86.emit(layer);
      case AARCH64 -> DepthwiseA64.emit(layer);
    };
  }
}
