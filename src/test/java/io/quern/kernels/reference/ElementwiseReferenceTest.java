package io.quern.kernels.reference;

import io.quern.kernels.Tier;

class ElementwiseReferenceTest extends ElementwiseContract {
  @Override
  protected Tier tier() {
    return new ReferenceTier();
  }
}
