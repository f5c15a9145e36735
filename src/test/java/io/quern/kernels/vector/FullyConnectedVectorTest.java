package io.quern.kernels.vector;

import io.quern.kernels.Tier;
import io.quern.kernels.reference.FullyConnectedContract;
import java.util.List;

class FullyConnectedVectorTest extends FullyConnectedContract {
  @Override
  protected Tier tier() {
    return new VectorTier();
  }

  @Override
  protected boolean mayLack(String test) {
    return List.of("tiesAwayFromZero", "extremeInputsAndWeights", "inFloat").contains(test);
  }
}
