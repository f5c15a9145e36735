package io.quern.kernels.reference;

import io.quern.kernels.Tier;

class ReductionReferenceTest extends ReductionContract {
  @Override
  protected Tier tier() {
    return new ReferenceTier();
  }
}
