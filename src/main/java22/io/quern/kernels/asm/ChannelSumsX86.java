package io.quern.kernels.asm;

import io.quern.kernels.asm.CodeBuffer.Label;
import io.quern.kernels.asm.X86Assembler.Cond;
import io.quern.kernels.asm.X86Assembler.Gpr;
import io.quern.kernels.asm.X86Assembler.Mem;
import io.quern.kernels.asm.X86Assembler.Op;
import io.quern.kernels.asm.X86Assembler.Vec;

/**
 * Emits the sums of an image's channels for AVX2: {@code out[c] = sum in[i,c]} in int32, 16
 * channels at a time or 8. The last block of channels starts earlier and repeats some of them.
 */
final class ChannelSumsX86 {
  /** Fewest channels. */
  static final int LANES = 8;

  private static final Gpr IN = Gpr.RDI;
  private static final Gpr OUT = Gpr.RSI;
  private static final Gpr ROWS = Gpr.R9;
  private static final Gpr CHANNEL = Gpr.R8;
  private static final Gpr FROM = Gpr.RAX;
  private static final Gpr COUNT = Gpr.RCX;

  private ChannelSumsX86() {}

  /**
   * The code; all sums are its only row.
   *
   * @param positions less than 2^24, so that no sum overflows
   * @param channels at least {@link #LANES}
   */
  static KernelCode emit(int positions, int channels) {
    X86Assembler a = new X86Assembler();
    Label block = new Label();
    Label position = new Label();
    Label done = new Label();
    int vectors = channels >= 2 * LANES ? 2 : 1;
    int width = vectors * LANES;
    a.test(ROWS, ROWS);
    a.j(Cond.LE, done);
    a.xor32(CHANNEL, CHANNEL);
    a.bind(block);
    a.lea(FROM, Mem.at(IN, CHANNEL, 0));
    a.mov32(COUNT, positions);
    for (int v = 0; v < vectors; v++) {
      a.vpxor(Vec.ymm(v), Vec.ymm(v), Vec.ymm(v));
    }
    a.bind(position);
    for (int v = 0; v < vectors; v++) {
      a.op(Op.VPMOVSXBD, Vec.ymm(2 + v), Mem.at(FROM, v * LANES));
      a.op(Op.VPADDD, Vec.ymm(v), Vec.ymm(v), Vec.ymm(2 + v));
    }
    a.add(FROM, channels);
    a.sub(COUNT, 1);
    a.j(Cond.NE, position);
    for (int v = 0; v < vectors; v++) {
      a.vmovdqu(new Mem(OUT, CHANNEL, 4, 4 * v * LANES), Vec.ymm(v));
    }
    if (channels > width) {
      a.add(CHANNEL, width);
      a.cmp(CHANNEL, channels);
      a.j(Cond.GE, done);
      a.mov32(FROM, channels - width);
      a.cmp(CHANNEL, FROM);
      a.cmov(Cond.G, CHANNEL, FROM);
      a.jmp(block);
    }
    a.bind(done);
    a.vzeroupper();
    a.ret();
    long inBytes = (long) positions * channels;
    return new KernelCode(
        "channelSums-avx2", Isa.X86_64, a.toBytes(), new byte[0], inBytes, 0, 4L * channels, 1, 0);
  }
}
