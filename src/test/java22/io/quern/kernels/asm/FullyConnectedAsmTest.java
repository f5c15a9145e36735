package io.quern.kernels.asm;

import io.quern.kernels.Tier;
import io.quern.kernels.reference.FullyConnectedContract;

class FullyConnectedAsmTest extends FullyConnectedContract {
  @Override
  protected Tier tier() {
    return new AsmTier();
  }

  @Override
  protected boolean mayLack(String test) {
    // weights with a zero point; floats
    return test.equals("zeroPoints") || test.equals("inFloat");
  }
}
