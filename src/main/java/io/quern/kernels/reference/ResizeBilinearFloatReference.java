package io.quern.kernels.reference;

import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.ResizeBilinearFloat;
import io.quern.kernels.ResizeGeometry;
import io.quern.kernels.Scratch;

/** {@link ResizeBilinearFloat} as its formula reads. A unit is an output row of one image. */
final class ResizeBilinearFloatReference implements Kernel {
  private final ResizeBilinearFloat p;

  ResizeBilinearFloatReference(ResizeBilinearFloat p) {
    this.p = p;
  }

  @Override
  public int units() {
    return p.geometry().batch() * p.geometry().outH();
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    ResizeGeometry g = p.geometry();
    for (int unit = from; unit < to; unit++) {
      int n = unit / g.outH();
      int y = unit % g.outH();
      int upperRow = p.in() + (n * g.inH() + p.rows().lower()[y]) * g.inW() * g.channels();
      int lowerRow = p.in() + (n * g.inH() + p.rows().upper()[y]) * g.inW() * g.channels();
      float fy = p.rows().fraction()[y];
      for (int x = 0; x < g.outW(); x++) {
        int left = p.columns().lower()[x] * g.channels();
        int right = p.columns().upper()[x] * g.channels();
        float fx = p.columns().fraction()[x];
        for (int c = 0; c < g.channels(); c++) {
          float sum =
              element(memory, upperRow + left + c) * (1 - fy) * (1 - fx)
                  + element(memory, lowerRow + left + c) * fy * (1 - fx)
                  + element(memory, upperRow + right + c) * (1 - fy) * fx
                  + element(memory, lowerRow + right + c) * fy * fx;
          int at = p.out() + (unit * g.outW() + x) * g.channels() + c;
          if (p.floats()) {
            memory.floats[at] = sum + 0f; // makes -0 a 0
          } else {
            memory.bytes[at] = (byte) ((int) (sum + 0.5f) - 128);
          }
        }
      }
    }
  }

  private float element(Memory memory, int index) {
    return p.floats() ? memory.floats[index] : memory.bytes[index] + 128;
  }
}
