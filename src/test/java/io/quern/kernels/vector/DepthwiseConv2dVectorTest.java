package io.quern.kernels.vector;

import io.quern.kernels.Tier;
import io.quern.kernels.reference.DepthwiseConv2dContract;
import java.util.List;

class DepthwiseConv2dVectorTest extends DepthwiseConv2dContract {
  @Override
  protected Tier tier() {
    return new VectorTier();
  }

  @Override
  protected boolean mayLack(String test) {
    return List.of("depthMultipliers", "inFloat").contains(test);
  }
}
