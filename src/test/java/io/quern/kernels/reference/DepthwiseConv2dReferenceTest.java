package io.quern.kernels.reference;

import io.quern.kernels.Tier;

class DepthwiseConv2dReferenceTest extends DepthwiseConv2dContract {
  @Override
  protected Tier tier() {
    return new ReferenceTier();
  }
}
