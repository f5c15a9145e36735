package io.quern.kernels.asm;

import io.quern.kernels.Tier;
import io.quern.kernels.reference.DepthwiseConv2dContract;
import java.util.Set;

class DepthwiseConv2dAsmTest extends DepthwiseConv2dContract {
  @Override
  protected Tier tier() {
    return new AsmTier();
  }

  @Override
  protected boolean mayLack(String test) {
    return Set.of("batches", "depthMultipliers", "inFloat", "weightsZeroPoints").contains(test);
  }
}
