package io.quern.kernels.reference;

import io.quern.kernels.Tier;

class TransposeConvReferenceTest extends TransposeConvContract {
  @Override
  protected Tier tier() {
    return new ReferenceTier();
  }
}
