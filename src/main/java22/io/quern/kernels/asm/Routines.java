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
    }
    return names;
  }

  static KernelCode emitPointwise(String routine, PointwiseLayer layer) {
    return PointwiseX86.emit(layer, PointwiseX86.Variant.valueOf(routine));
  }

  /** Names for {@link #emitDepthwise}. */
  static List<String> depthwise(CpuFeatures cpu) {
    return cpu.has(CpuFeature.AVX2) ? List.of("AVX2") : List.of();
  }

  static KernelCode emitDepthwise(String routine, DepthwiseLayer layer) {
    return DepthwiseX86.emit(layer);
  }
}
