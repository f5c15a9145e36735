package io.quern.kernels.asm;

import io.quern.kernels.Tier;
import io.quern.kernels.reference.ElementwiseContract;

class ElementwiseAsmTest extends ElementwiseContract {
  @Override
  protected Tier tier() {
    return new AsmTier();
  }

  @Override
  protected boolean mayLack(String test) {
    return !test.startsWith("sums");
  }
}
