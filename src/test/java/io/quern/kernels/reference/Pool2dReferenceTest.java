package io.quern.kernels.reference;

import io.quern.kernels.Tier;

class Pool2dReferenceTest extends Pool2dContract {
  @Override
  protected Tier tier() {
    return new ReferenceTier();
  }
}
