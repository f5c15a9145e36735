package io.quern.kernels.reference;

import io.quern.kernels.ConvGeometry;
import io.quern.kernels.Memory;
import io.quern.kernels.TransposeConvFloat;
import io.quern.kernels.TransposeConvInt8;
import org.junit.jupiter.api.Test;

/** Transposed convolutions: strides, kernels, padding, zero points. */
public abstract class TransposeConvContract extends KernelContract {
  private void check(int batch, int size, int inC, int outC, int k, int stride, int pad, int zero) {
    int outSize = (size - 1) * stride + k - 2 * pad;
    ConvGeometry g =
        new ConvGeometry(
            batch, size, size, inC, outSize, outSize, outC, k, k, stride, stride, 1, 1, pad, pad);
    int inElements = batch * size * size * inC;
    int depth = k * k * inC;
    int out = outAfter(inElements);
    Memory m = int8Memory(inElements, g.pixels() * outC);
    fill(m.bytes, IN, inElements, -128, 127);
    for (int weightsZeroPoint : new int[] {0, 17}) {
      TransposeConvInt8 p =
          new TransposeConvInt8(
              IN,
              out,
              g,
              weights(outC * depth),
              weightsZeroPoint,
              bias(outC, depth),
              zero,
              requantization(outC, depth, 3, -128, 127));
      check(g + " zero points " + zero + " " + weightsZeroPoint, p, m);
    }
    float[] w = new float[outC * depth];
    fill(w, 0, w.length);
    Memory f = floatMemory(inElements, g.pixels() * outC);
    fill(f.floats, IN, inElements);
    check(g.toString(), new TransposeConvFloat(IN, out, g, w, new float[outC], -1, 1), f, 1e-5f);
  }

  @Test
  void kernelsAndStrides() {
    for (int k = 1; k <= 4; k++) {
      for (int stride = 1; stride <= 3; stride++) {
        check(1, 4, 5, 6, k, stride, 0, -3);
        check(2, 3, 2, 3, k, stride, (k - 1) / 2, 5);
      }
    }
  }

  @Test
  void channelsAroundTile() {
    for (int c : new int[] {1, 7, 8, 9, 16, 17, 33}) {
      check(1, 3, c, 5, 3, 2, 1, -3);
      check(1, 3, 5, c, 3, 2, 1, -3);
    }
  }

  @Test
  void inputZeroPoints() {
    for (int z : new int[] {-128, 0, 127}) {
      check(1, 3, 4, 5, 3, 2, 1, z);
    }
  }
}
