package io.quern.kernels.reference;

import io.quern.kernels.FullyConnectedInt8;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Requantization;
import io.quern.kernels.Scratch;
import io.quern.quant.FixedPoint;
import io.quern.quant.Rounding;

/** {@link FullyConnectedInt8} as its formula reads. A unit is one output element. */
final class FullyConnectedReference implements Kernel {
  private final FullyConnectedInt8 p;

  FullyConnectedReference(FullyConnectedInt8 p) {
    this.p = p;
  }

  @Override
  public int units() {
    return p.batch() * p.outputs();
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    for (int unit = from; unit < to; unit++) {
      int b = unit / p.outputs();
      int o = unit % p.outputs();
      int acc = 0;
      for (int i = 0; i < p.inputs(); i++) {
        int in = memory.bytes[p.in() + b * p.inputs() + i];
        int w = p.weights()[o * p.inputs() + i];
        acc += (w - p.weightsZeroPoint()) * (in - p.inputZeroPoint());
      }
      acc += p.bias()[o];
      Requantization r = p.requantization();
      int scaled =
          p.scales() == null
              ? FixedPoint.multiply(acc, r.multipliers()[o], r.shifts()[o])
              : Rounding.toInt(acc * p.scales()[o]);
      memory.bytes[p.out() + unit] = (byte) Clamp.clamp(scaled + r.zeroPoint(), r.qmin(), r.qmax());
    }
  }
}
