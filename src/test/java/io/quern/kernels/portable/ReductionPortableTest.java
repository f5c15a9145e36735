package io.quern.kernels.portable;

import io.quern.kernels.Tier;
import io.quern.kernels.reference.ReductionContract;
import java.util.List;

class ReductionPortableTest extends ReductionContract {
  @Override
  protected Tier tier() {
    return new PortableTier();
  }

  @Override
  protected boolean mayLack(String test) {
    return List.of(
            "softmax", "softmaxOfMoreThan512EqualElements", "meanOverScatteredAxes", "largest")
        .contains(test);
  }
}
