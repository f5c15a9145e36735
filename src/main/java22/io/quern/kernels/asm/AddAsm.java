package io.quern.kernels.asm;

import io.quern.kernels.AddInt8;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import java.lang.foreign.MemorySegment;

/**
 * Sum or difference of two dense tensors in machine code, which may lie over one of them. A unit is
 * {@link #UNIT} elements.
 */
final class AddAsm implements Kernel {
  private static final int UNIT = 4096;

  private final AsmKernel kernel;
  private final int elements;

  AddAsm(AsmSupport support, AddInt8 p) throws AsmUnavailableException {
    AddLayer layer = AddLayer.of(p);
    this.elements = layer.elements();
    Placement placement = new Placement(p.left().offset(), p.out(), false);
    this.kernel = support.load(support.add(layer), placement);
  }

  @Override
  public int units() {
    return (elements + UNIT - 1) / UNIT;
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    int first = from * UNIT;
    int end = Math.min(elements, to * UNIT);
    if (first < end) {
      MemorySegment bytes = HeapViews.of(memory);
      kernel.call(bytes, bytes, bytes, first, end - first);
    }
  }

  @Override
  public String microKernel() {
    return kernel.name();
  }
}
