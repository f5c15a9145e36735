package io.quern.kernels.vector;

import io.quern.kernels.Differential;
import org.junit.jupiter.api.Test;

class VectorDifferentialTest {
  @Test
  void sameBytesAsReference() {
    for (int seed = 0; seed < 600; seed++) {
      new Differential(seed).checkAll(new VectorTier(), "seed " + seed);
    }
  }
}
