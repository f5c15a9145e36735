package io.quern.kernels.vector;

import io.quern.kernels.Tier;
import io.quern.kernels.reference.FullyConnectedContract;
import java.util.List;

class FullyConnectedVectorTest extends FullyConnectedContract {
  @Override
  protected Tier tier() {
    return new VectorTier();
  }

  /** Also with vectors of 128 bits, for which the tier has no such kernel: portable's is used. */
  @Override
  protected boolean mayLack(String test) {
    return !Lanes.NARROW
        || List.of("tiesAwayFromZero", "extremeInputsAndWeights", "inFloat").contains(test);
  }
}
