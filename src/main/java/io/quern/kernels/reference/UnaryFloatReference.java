package io.quern.kernels.reference;

import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.UnaryFloat;
import io.quern.quant.RealFunctions;

/** {@link UnaryFloat} as its formula reads. A unit is one element. */
final class UnaryFloatReference implements Kernel {
  private final UnaryFloat p;

  UnaryFloatReference(UnaryFloat p) {
    this.p = p;
  }

  @Override
  public int units() {
    return p.elements();
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    for (int i = from; i < to; i++) {
      float x = memory.floats[p.in() + i];
      memory.floats[p.out() + i] =
          switch (p.function()) {
            case RELU -> RealFunctions.relu(x);
            case RELU6 -> RealFunctions.relu6(x);
            case RELU_N1_TO_1 -> RealFunctions.reluN1To1(x);
            case LEAKY_RELU -> RealFunctions.leakyRelu(x, p.alpha());
            case LOGISTIC -> RealFunctions.logistic(x);
            case TANH -> RealFunctions.tanh(x);
            case HARD_SWISH -> RealFunctions.hardSwish(x);
          };
    }
  }
}
