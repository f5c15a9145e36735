package io.quern.kernels.asm;

import io.quern.kernels.Tier;
import io.quern.kernels.reference.Conv2dContract;
import java.util.Set;

class Conv2dAsmTest extends Conv2dContract {
  @Override
  protected Tier tier() {
    return new AsmTier();
  }

  @Override
  protected boolean mayLack(String test) {
    return Set.of("groups", "inFloat", "weightsZeroPoints").contains(test);
  }
}
