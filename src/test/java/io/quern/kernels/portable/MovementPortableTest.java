package io.quern.kernels.portable;

import io.quern.kernels.Tier;
import io.quern.kernels.reference.MovementContract;
import java.util.List;

class MovementPortableTest extends MovementContract {
  @Override
  protected Tier tier() {
    return new PortableTier();
  }

  @Override
  protected boolean mayLack(String test) {
    return List.of("nearest").contains(test);
  }
}
