package io.quern.kernels.reference;

import io.quern.kernels.Tier;

class MovementReferenceTest extends MovementContract {
  @Override
  protected Tier tier() {
    return new ReferenceTier();
  }
}
