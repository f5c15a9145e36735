package io.quern.kernels.asm;

import io.quern.kernels.Conv2dInt8;
import io.quern.kernels.ConvGeometry;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Convolution as a matrix product: the patches of a block of output pixels become rows in scratch,
 * {@code [kernelH, kernelW, inC]} each with the input's zero point outside the image, and machine
 * code multiplies them. A unit is the output pixels of a register tile.
 */
final class Conv2dAsm implements Kernel {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  /** Rows of a block take about half of a 32 KiB first-level cache. */
  private static final int BLOCK_BYTES = 16 * 1024;

  private final ConvGeometry g;
  private final int in;
  private final byte zeroPoint;
  private final int depth;
  private final int unit;
  private final int blockRows;
  private final int rowsAt;
  private final AsmKernel kernel;

  /** Loads {@code code}, the product of patches and weights. */
  Conv2dAsm(AsmSupport support, Conv2dInt8 p, KernelCode code, int tileRows)
      throws AsmUnavailableException {
    this.g = p.geometry();
    this.in = p.in();
    this.zeroPoint = (byte) p.inputZeroPoint();
    this.depth = g.kernelH() * g.kernelW() * g.inC();
    this.unit = tileRows;
    this.blockRows = Math.min(g.pixels(), Math.max(1, BLOCK_BYTES / depth / unit) * unit);
    this.rowsAt = (int) CodeMemory.roundUp(code.scratchBytes(), 64);
    this.kernel = support.load(code, new Placement(rowsAt, p.out(), true));
  }

  @Override
  public int units() {
    return (g.pixels() + unit - 1) / unit;
  }

  @Override
  public ScratchSize scratch() {
    return new ScratchSize(rowsAt + blockRows * depth, 0, 0, 0);
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    MemorySegment out = HeapViews.of(memory);
    MemorySegment work = HeapViews.of(scratch);
    int end = Math.min(g.pixels(), to * unit);
    for (int first = from * unit; first < end; first += blockRows) {
      int rows = Math.min(blockRows, end - first);
      stage(memory.bytes, scratch.bytes, first, rows);
      kernel.call(work, out, work, first, rows);
    }
  }

  private void stage(byte[] bytes, byte[] rows, int first, int n) {
    int x = first % g.outW();
    int y = first / g.outW() % g.outH();
    int image = first / (g.outW() * g.outH());
    int at = rowsAt;
    int spanH = (g.kernelH() - 1) * g.dilationH();
    int spanW = (g.kernelW() - 1) * g.dilationW();
    for (int r = 0; r < n; r++) {
      int y0 = y * g.strideH() - g.padTop();
      int x0 = x * g.strideW() - g.padLeft();
      boolean inside = y0 >= 0 && y0 + spanH < g.inH() && x0 >= 0 && x0 + spanW < g.inW();
      if (inside && g.dilationW() == 1) {
        int line = in + ((image * g.inH() + y0) * g.inW() + x0) * g.inC();
        copyPatch(bytes, line, rows, at);
      } else {
        partialPatch(bytes, image, y0, x0, rows, at);
      }
      at += depth;
      if (++x == g.outW()) {
        x = 0;
        if (++y == g.outH()) {
          y = 0;
          image++;
        }
      }
    }
  }

  private void copyPatch(byte[] bytes, int from, byte[] rows, int at) {
    int length = g.kernelW() * g.inC();
    int step = g.dilationH() * g.inW() * g.inC();
    for (int i = 0; i < g.kernelH(); i++) {
      copy(bytes, from + i * step, rows, at + i * length, length);
    }
  }

  private void partialPatch(byte[] bytes, int image, int y0, int x0, byte[] rows, int at) {
    int to = at;
    for (int i = 0; i < g.kernelH(); i++) {
      int y = y0 + i * g.dilationH();
      for (int j = 0; j < g.kernelW(); j++) {
        int x = x0 + j * g.dilationW();
        if (y < 0 || y >= g.inH() || x < 0 || x >= g.inW()) {
          Arrays.fill(rows, to, to + g.inC(), zeroPoint);
        } else {
          int from = in + ((image * g.inH() + y) * g.inW() + x) * g.inC();
          copy(bytes, from, rows, to, g.inC());
        }
        to += g.inC();
      }
    }
  }

  /** Copies without the cost of a call where there are few bytes. */
  private static void copy(byte[] from, int at, byte[] to, int toAt, int n) {
    if (n > 16) {
      System.arraycopy(from, at, to, toAt, n);
    } else if (n >= 8) {
      long head = (long) LONGS.get(from, at);
      long tail = (long) LONGS.get(from, at + n - 8);
      LONGS.set(to, toAt, head);
      LONGS.set(to, toAt + n - 8, tail);
    } else if (n >= 4) {
      int head = (int) INTS.get(from, at);
      int tail = (int) INTS.get(from, at + n - 4);
      INTS.set(to, toAt, head);
      INTS.set(to, toAt + n - 4, tail);
    } else {
      for (int i = 0; i < n; i++) {
        to[toAt + i] = from[at + i];
      }
    }
  }

  @Override
  public String microKernel() {
    return "im2col-" + kernel.name();
  }
}
