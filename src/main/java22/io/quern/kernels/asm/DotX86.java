package io.quern.kernels.asm;

import io.quern.kernels.asm.X86Assembler.Op;

/** How a step of depth is multiplied and added on x86-64. */
enum DotX86 {
  /** VPMOVSXBW, VPMADDWD, VPADDD: int8 weights, half the memory of {@link #MADD16}. */
  MADD8(CpuFeature.AVX2, null, 256, 2, 1, 6),
  /** VPMADDWD, VPADDD: weights are kept as int16, which spares the widening. */
  MADD16(CpuFeature.AVX2, null, 256, 2, 2, 6),
  /** VPDPWSSD in VEX encoding. */
  DPWSSD(CpuFeature.AVX_VNNI, Op.VPDPWSSD_VEX, 256, 2, 2, 6),
  /** VPDPBUSD in VEX encoding. */
  DPBUSD(CpuFeature.AVX_VNNI, Op.VPDPBUSD_VEX, 256, 4, 1, 6),
  /** VPDPBUSD of 512-bit registers. */
  DPBUSD_EVEX(CpuFeature.AVX512_VNNI, Op.VPDPBUSD, 512, 4, 1, 8),
  /** VPMADDUBSW, VPADDW: for {@link SmallWeights}, twice as many products as the first two. */
  MADDUBS(CpuFeature.AVX2, null, 256, 4, 1, 6);

  /** Columns in one 256-bit register. */
  static final int HALF_GROUP = 8;

  /** What the processor must have. */
  final CpuFeature needs;

  /** Multiplies and adds at once, or null. */
  final Op op;

  private final int bits;

  /** Depth of a step: of signed 16-bit pairs 2, of unsigned bytes 4. */
  final int kr;

  /** Of a weight. */
  final int weightBytes;

  private final int mr;

  DotX86(CpuFeature needs, Op op, int bits, int kr, int weightBytes, int mr) {
    this.needs = needs;
    this.op = op;
    this.bits = bits;
    this.kr = kr;
    this.weightBytes = weightBytes;
    this.mr = mr;
  }

  /** Of a register, for {@code n} columns in all: 8 lanes where they are enough. */
  int bits(int n) {
    return n <= HALF_GROUP ? 256 : bits;
  }

  /** Rows of a tile, for {@code n} columns in all. */
  int rows(int n) {
    return n <= HALF_GROUP ? 8 : mr;
  }

  /** Bytes of a staged activation: a step is 4 bytes. */
  int stagedBytes() {
    return 4 / kr;
  }

  /** What activations gain when they are staged. */
  int stagedOffset() {
    return kr == 4 ? 128 : 0;
  }
}
