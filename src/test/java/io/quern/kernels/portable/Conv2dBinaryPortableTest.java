package io.quern.kernels.portable;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.quern.kernels.Conv2dInt8;
import io.quern.kernels.ConvGeometry;
import io.quern.kernels.Requantization;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class Conv2dBinaryPortableTest {
  /** So that the contract's binary weights reach the kernel that is for them. */
  @Test
  void weightsOfOneMagnitudeAreTabulated() {
    int outC = 64;
    byte[] weights = new byte[outC * 64];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = (byte) (i * 7 % 3 == 0 ? 5 : -5);
    }
    assertEquals("binaryRows4x64", microKernel(weights, outC));
    weights[1234] = 4;
    assertEquals("pixelRows4x64", microKernel(weights, outC));
  }

  private String microKernel(byte[] weights, int outC) {
    int[] multipliers = new int[outC];
    int[] shifts = new int[outC];
    Arrays.fill(multipliers, 1 << 30);
    Arrays.fill(shifts, -7);
    ConvGeometry g = new ConvGeometry(1, 8, 8, 64, 8, 8, outC, 1, 1, 1, 1, 1, 1, 0, 0);
    Requantization r = new Requantization(multipliers, shifts, 0, -128, 127);
    int[] bias = new int[outC];
    Conv2dInt8 p = new Conv2dInt8(0, 4096, g, weights, 0, bias, 1, 0, r);
    return new PortableTier().create(p).microKernel();
  }
}
