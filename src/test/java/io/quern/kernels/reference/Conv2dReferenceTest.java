package io.quern.kernels.reference;

import io.quern.kernels.Tier;

class Conv2dReferenceTest extends Conv2dContract {
  @Override
  protected Tier tier() {
    return new ReferenceTier();
  }
}
