package io.quern.kernels.reference;

import io.quern.kernels.Tier;

class FullyConnectedReferenceTest extends FullyConnectedContract {
  @Override
  protected Tier tier() {
    return new ReferenceTier();
  }
}
