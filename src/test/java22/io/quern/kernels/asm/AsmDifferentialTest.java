package io.quern.kernels.asm;

import io.quern.kernels.Differential;
import org.junit.jupiter.api.Test;

class AsmDifferentialTest {
  @Test
  void sameBytesAsReference() {
    AsmTier tier = new AsmTier();
    for (int seed = 0; seed < 400; seed++) {
      new Differential(seed).checkAll(tier, "seed " + seed);
    }
  }
}
