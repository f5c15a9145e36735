package io.quern.kernels.asm;

import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * What the processor can execute, asked of the processor or the kernel and never guessed: SDOT on a
 * Cortex-A72 kills the JVM.
 *
 * <p>Immutable.
 */
record CpuFeatures(Isa isa, Set<CpuFeature> features) {
  /**
   * Comma-separated feature names, such as {@code avx2}: only these are used, and only if the
   * processor has them.
   */
  static final String PROPERTY = "quern.asm.features";

  private static final long AT_HWCAP = 16;
  private static final long AT_HWCAP2 = 26;
  private static final long HWCAP_ASIMD = 1L << 1;
  private static final long HWCAP_ASIMDDP = 1L << 20;
  private static final long HWCAP2_I8MM = 1L << 13;

  CpuFeatures {
    features = Set.copyOf(features);
  }

  boolean has(CpuFeature feature) {
    return features.contains(feature);
  }

  /**
   * Asks the machine.
   *
   * @throws AsmUnavailableException if it cannot be asked
   */
  static CpuFeatures detect(NativeMemory os) throws AsmUnavailableException {
    Isa isa = Isa.current();
    Set<CpuFeature> features =
        switch (isa) {
          case X86_64 -> fromCpuid(cpuid(os));
          case AARCH64 -> fromHwcap(os.auxiliary(AT_HWCAP), os.auxiliary(AT_HWCAP2));
        };
    return new CpuFeatures(isa, features);
  }

  /**
   * The features that are both present and wanted.
   *
   * @param wanted comma-separated names in any case, or null for all
   * @throws IllegalArgumentException if a name is unknown
   */
  CpuFeatures restrictedTo(String wanted) {
    if (wanted == null) {
      return this;
    }
    Set<CpuFeature> kept = EnumSet.noneOf(CpuFeature.class);
    for (String name : wanted.split(",")) {
      if (!name.isBlank()) {
        kept.add(CpuFeature.valueOf(name.strip().toUpperCase(Locale.ROOT).replace('-', '_')));
      }
    }
    kept.retainAll(features);
    return new CpuFeatures(isa, kept);
  }

  /** Reads the bits that Linux's {@code asm/hwcap.h} defines for arm64. */
  static Set<CpuFeature> fromHwcap(long hwcap, long hwcap2) {
    Set<CpuFeature> features = EnumSet.noneOf(CpuFeature.class);
    if ((hwcap & HWCAP_ASIMD) != 0) {
      features.add(CpuFeature.NEON);
      if ((hwcap & HWCAP_ASIMDDP) != 0) {
        features.add(CpuFeature.DOTPROD);
      }
      if ((hwcap2 & HWCAP2_I8MM) != 0) {
        features.add(CpuFeature.I8MM);
      }
    }
    return features;
  }

  /**
   * Reads the registers that {@link CpuidX86} stored.
   *
   * @param r leaf 1 ECX, leaf 7.0 EBX and ECX, leaf 7.1 EAX, XCR0
   */
  static Set<CpuFeature> fromCpuid(int[] r) {
    Set<CpuFeature> features = EnumSet.noneOf(CpuFeature.class);
    boolean ymmSaved = bit(r[0], 27) && (r[4] & 0x06) == 0x06;
    boolean zmmSaved = ymmSaved && (r[4] & 0xe6) == 0xe6;
    if (ymmSaved && bit(r[0], 28) && bit(r[1], 5)) {
      features.add(CpuFeature.AVX2);
      if (bit(r[3], 4)) {
        features.add(CpuFeature.AVX_VNNI);
      }
      if (zmmSaved && bit(r[1], 16) && bit(r[1], 30) && bit(r[1], 31) && bit(r[2], 11)) {
        features.add(CpuFeature.AVX512_VNNI);
      }
    }
    return features;
  }

  private static boolean bit(int word, int index) {
    return (word >>> index & 1) != 0;
  }

  private static int[] cpuid(NativeMemory os) throws AsmUnavailableException {
    int[] result = new int[CpuidX86.WORDS];
    try (CodeMemory memory = CodeMemory.install(os, Isa.X86_64, List.of(CpuidX86.emit()))) {
      MemorySegment none = MemorySegment.NULL;
      NativeCall.call(memory.code(0), MemorySegment.ofArray(result), none, none, none, 0, 0);
    }
    return result;
  }
}
