package io.quern.kernels.portable;

import io.quern.kernels.Tier;
import io.quern.kernels.reference.Conv2dContract;

class Conv2dPortableTest extends Conv2dContract {
  @Override
  protected Tier tier() {
    return new PortableTier();
  }
}
