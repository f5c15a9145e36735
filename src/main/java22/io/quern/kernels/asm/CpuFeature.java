package io.quern.kernels.asm;

/** Optional instructions that kernels may use. */
enum CpuFeature {
  /** x86-64: AVX2, with the operating system saving the 256-bit registers. */
  AVX2,
  /** x86-64: VPDPBUSD and VPDPWSSD in VEX encoding. */
  AVX_VNNI,
  /** x86-64: AVX512F, BW, VL and VNNI, with the operating system saving the 512-bit registers. */
  AVX512_VNNI,
  /** AArch64: Advanced SIMD. */
  NEON,
  /** AArch64: SDOT and UDOT. */
  DOTPROD,
  /** AArch64: SMMLA. */
  I8MM
}
