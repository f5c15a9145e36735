package io.quern.kernels.asm;

import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;
import java.lang.foreign.MemorySegment;

/**
 * A kernel whose machine code reads the layer's input where it lies: pointwise and depthwise
 * convolutions, matrix products. A unit is a few output rows of the code.
 */
final class RowsAsm implements Kernel {
  private final AsmKernel kernel;
  private final int rows;
  private final int rowsPerUnit;

  /**
   * Divides the rows.
   *
   * @param kernel placed in the session's memory
   * @param rows of the layer
   */
  RowsAsm(AsmKernel kernel, int rows, int rowsPerUnit) {
    this.kernel = kernel;
    this.rows = rows;
    this.rowsPerUnit = rowsPerUnit;
  }

  @Override
  public int units() {
    return (rows + rowsPerUnit - 1) / rowsPerUnit;
  }

  @Override
  public ScratchSize scratch() {
    return new ScratchSize(kernel.scratchBytes(), 0, 0, 0);
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    int first = from * rowsPerUnit;
    int end = Math.min(rows, to * rowsPerUnit);
    if (first < end) {
      MemorySegment bytes = HeapViews.of(memory);
      kernel.call(bytes, bytes, HeapViews.of(scratch), first, end - first);
    }
  }

  @Override
  public String microKernel() {
    return kernel.name();
  }
}
