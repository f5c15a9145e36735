package io.quern.kernels.portable;

import io.quern.kernels.Tier;
import io.quern.kernels.reference.FullyConnectedContract;
import java.util.List;

class FullyConnectedPortableTest extends FullyConnectedContract {
  @Override
  protected Tier tier() {
    return new PortableTier();
  }

  @Override
  protected boolean mayLack(String test) {
    return List.of("inFloat").contains(test);
  }
}
