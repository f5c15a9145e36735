package io.quern.kernels.vector;

import io.quern.kernels.Tier;
import io.quern.kernels.reference.Conv2dContract;
import java.util.List;

class Conv2dVectorTest extends Conv2dContract {
  @Override
  protected Tier tier() {
    return new VectorTier();
  }

  @Override
  protected boolean mayLack(String test) {
    return List.of("groups", "deepAccumulators", "inFloat").contains(test);
  }
}
