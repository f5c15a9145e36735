package io.quern.kernels.portable;

import io.quern.kernels.Differential;
import org.junit.jupiter.api.Test;

class PortableDifferentialTest {
  @Test
  void sameBytesAsReference() {
    for (int seed = 0; seed < 400; seed++) {
      new Differential(seed).checkAll(new PortableTier(), "seed " + seed);
    }
  }
}
