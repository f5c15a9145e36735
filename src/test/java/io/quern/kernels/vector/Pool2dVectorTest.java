package io.quern.kernels.vector;

import io.quern.kernels.Tier;
import io.quern.kernels.reference.Pool2dContract;

class Pool2dVectorTest extends Pool2dContract {
  @Override
  protected Tier tier() {
    return new VectorTier();
  }

  @Override
  protected boolean mayLack(String test) {
    return !Lanes.NARROW || !test.startsWith("wholeImage");
  }
}
