package io.quern.oracle;

import java.util.List;
import org.bytedeco.tensorflowlite.OpResolver;

/**
 * TensorFlow Lite from org.bytedeco with {@code BuiltinRefOpResolver}.
 *
 * <p>That the reference kernels run, and nothing else, is ensured as follows. The resolver brings
 * no delegate, checked here. Its kernels are other functions than the optimised resolver's, checked
 * here for operators that have both. No delegate is added, and after preparation every loaded model
 * has its own operators, none of them a delegate, checked by {@link TfliteModel}.
 */
final class TfliteOracle implements Oracle {
  /** CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED, SOFTMAX, ADD: have optimised twins. */
  private static final List<Integer> WITH_OPTIMISED_TWINS = List.of(3, 4, 9, 25, 0);

  TfliteOracle() {
    long creators = 0;
    OpResolver resolver = TfliteKernels.REFERENCE.resolver();
    OpResolver optimised = TfliteKernels.OPTIMISED.resolver();
    for (int operator : WITH_OPTIMISED_TWINS) {
      long reference = resolver.FindOp(operator, 1).invoke().address();
      if (reference == optimised.FindOp(operator, 1).invoke().address()) {
        throw new IllegalStateException("operator " + operator + " is not the reference kernel");
      }
      creators += resolver.GetDelegates(1).size();
    }
    if (creators != 0) {
      throw new IllegalStateException("the reference resolver brings a delegate");
    }
  }

  @Override
  public Model load(byte[] file, boolean keepIntermediates) {
    return new TfliteModel(file, TfliteKernels.REFERENCE, 1, keepIntermediates);
  }
}
