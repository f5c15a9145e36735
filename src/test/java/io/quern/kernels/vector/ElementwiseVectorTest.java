package io.quern.kernels.vector;

import io.quern.kernels.Tier;
import io.quern.kernels.reference.ElementwiseContract;
import java.util.List;

class ElementwiseVectorTest extends ElementwiseContract {
  @Override
  protected Tier tier() {
    return new VectorTier();
  }

  @Override
  protected boolean mayLack(String test) {
    return List.of(
            "floats",
            "products",
            "tables",
            "functionsInFloat",
            "quantizeAndDequantize",
            "preluOfInt8")
        .contains(test);
  }
}
