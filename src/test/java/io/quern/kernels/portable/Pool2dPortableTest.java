package io.quern.kernels.portable;

import io.quern.kernels.Tier;
import io.quern.kernels.reference.Pool2dContract;

class Pool2dPortableTest extends Pool2dContract {
  @Override
  protected Tier tier() {
    return new PortableTier();
  }
}
