package io.quern.kernels.portable;

import io.quern.kernels.Tier;
import io.quern.kernels.reference.ElementwiseContract;
import java.util.List;

class ElementwisePortableTest extends ElementwiseContract {
  @Override
  protected Tier tier() {
    return new PortableTier();
  }

  @Override
  protected boolean mayLack(String test) {
    return List.of("tables", "functionsInFloat", "quantizeAndDequantize", "preluOfInt8")
        .contains(test);
  }
}
