package io.quern.kernels.asm;

import io.quern.kernels.AveragePool2dInt8;
import io.quern.kernels.ConvGeometry;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Mean of a whole image: machine code sums the channels, Java divides. One unit. On AArch64 the
 * portable tier's loops have it.
 */
final class GlobalAveragePoolAsm implements Kernel {
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private final AveragePool2dInt8 p;
  private final AsmKernel kernel;
  private final int positions;

  GlobalAveragePoolAsm(AsmSupport support, AveragePool2dInt8 p) throws AsmUnavailableException {
    ConvGeometry g = p.geometry();
    this.p = p;
    this.positions = g.inH() * g.inW();
    this.kernel =
        support.load(ChannelSumsX86.emit(positions, g.inC()), new Placement(p.in(), 0, false));
  }

  static boolean accepts(AsmSupport support, AveragePool2dInt8 p) {
    return support.cpu().isa() == Isa.X86_64
        && p.geometry().batch() == 1
        && p.geometry().inC() >= ChannelSumsX86.LANES
        && p.isOfWholeImage();
  }

  @Override
  public int units() {
    return 1;
  }

  @Override
  public ScratchSize scratch() {
    return new ScratchSize(4 * p.geometry().inC(), 0, 0, 0);
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    if (from >= to) {
      return;
    }
    MemorySegment sums = HeapViews.of(scratch);
    kernel.call(HeapViews.of(memory), sums, sums, 0, 1);
    byte[] bytes = scratch.bytes;
    byte[] out = memory.bytes;
    for (int c = 0; c < p.geometry().inC(); c++) {
      out[p.out() + c] = p.mean((int) INTS.get(bytes, 4 * c), positions);
    }
  }

  @Override
  public String microKernel() {
    return kernel.name();
  }
}
