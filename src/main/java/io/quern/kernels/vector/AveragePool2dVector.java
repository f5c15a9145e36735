package io.quern.kernels.vector;

import static io.quern.kernels.vector.Lanes.BYTES;
import static io.quern.kernels.vector.Lanes.COUNT;
import static io.quern.kernels.vector.Lanes.INTS;

import io.quern.kernels.AveragePool2dInt8;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** Mean of whole images: a vector of channels at a time is summed in int lanes. A unit is one. */
final class AveragePool2dVector implements Kernel {
  private final AveragePool2dInt8 p;
  private final int channels;
  private final int positions;

  private AveragePool2dVector(AveragePool2dInt8 p) {
    this.p = p;
    channels = p.geometry().inC();
    positions = p.geometry().inH() * p.geometry().inW();
  }

  /**
   * Null when a window is not the whole image, channels are not whole vectors or vectors have 128
   * bits.
   */
  static Kernel create(AveragePool2dInt8 p) {
    boolean fits = Lanes.NARROW && p.geometry().inC() % COUNT == 0;
    return fits && p.isOfWholeImage() ? new AveragePool2dVector(p) : null;
  }

  @Override
  public int units() {
    return p.geometry().batch();
  }

  @Override
  public ScratchSize scratch() {
    return new ScratchSize(0, 0, COUNT, 0);
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    for (int unit = from; unit < to; unit++) {
      int in = p.in() + unit * positions * channels;
      int out = p.out() + unit * channels;
      for (int c = 0; c < channels; c += COUNT) {
        sum(memory.bytes, in + c, scratch.ints);
        for (int i = 0; i < COUNT; i++) {
          memory.bytes[out + c + i] = p.mean(scratch.ints[i], positions);
        }
      }
    }
  }

  private void sum(byte[] bytes, int at, int[] sums) {
    IntVector sum = IntVector.zero(INTS);
    for (int i = 0; i < positions; i++) {
      sum =
          sum.add(
              ByteVector.fromArray(BYTES, bytes, at + i * channels)
                  .convertShape(VectorOperators.B2I, INTS, 0));
    }
    sum.intoArray(sums, 0);
  }

  @Override
  public String microKernel() {
    return "sums" + COUNT;
  }
}
