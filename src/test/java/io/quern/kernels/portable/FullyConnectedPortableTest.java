package io.quern.kernels.portable;

import io.quern.kernels.Tier;
import io.quern.kernels.reference.FullyConnectedContract;

class FullyConnectedPortableTest extends FullyConnectedContract {
  @Override
  protected Tier tier() {
    return new PortableTier();
  }
}
