package io.quern.kernels.portable;

import io.quern.kernels.Tier;
import io.quern.kernels.reference.DepthwiseConv2dContract;

class DepthwiseConv2dPortableTest extends DepthwiseConv2dContract {
  @Override
  protected Tier tier() {
    return new PortableTier();
  }
}
