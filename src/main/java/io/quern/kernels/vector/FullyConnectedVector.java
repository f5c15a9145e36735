package io.quern.kernels.vector;

import static io.quern.kernels.vector.Lanes.BYTES;
import static io.quern.kernels.vector.Lanes.COUNT;
import static io.quern.kernels.vector.Lanes.FLOATS;

import io.quern.kernels.FullyConnectedInt8;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Requantization;
import io.quern.kernels.Scratch;
import io.quern.kernels.ScratchSize;
import io.quern.quant.FixedPoint;
import io.quern.quant.Rounding;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Fully connected layer: four outputs at a time as dot products in float lanes, the weights widened
 * as they are read, so that they take no more memory than in the file. A unit is four outputs of
 * all batches.
 */
final class FullyConnectedVector implements Kernel {
  private final FullyConnectedInt8 p;
  private final int depth;
  private final byte[] weights;
  private final int[] bias;

  private FullyConnectedVector(FullyConnectedInt8 p) {
    this.p = p;
    depth = Lanes.roundUp(p.inputs());
    int rows = (p.outputs() + 3) / 4 * 4;
    weights = new byte[rows * depth];
    bias = new int[rows];
    for (int o = 0; o < p.outputs(); o++) {
      int sum = 0;
      for (int i = 0; i < p.inputs(); i++) {
        sum += p.weights()[o * p.inputs() + i];
      }
      System.arraycopy(p.weights(), o * p.inputs(), weights, o * depth, p.inputs());
      bias[o] = p.bias()[o] - p.inputZeroPoint() * sum;
    }
  }

  /**
   * Null when vectors have 128 bits, the layer is small, its weights have a zero point or its sums
   * may be inexact.
   */
  static Kernel create(FullyConnectedInt8 p) {
    if (!Lanes.NARROW || p.inputs() < COUNT || p.weightsZeroPoint() != 0) {
      return null;
    }
    FloatSums sums =
        FloatSums.prove(p.weights(), 0, p.bias(), p.inputZeroPoint(), p.inputs(), true);
    return sums == null ? null : new FullyConnectedVector(p);
  }

  @Override
  public int units() {
    return (p.outputs() + 3) / 4;
  }

  @Override
  public ScratchSize scratch() {
    return new ScratchSize(0, 0, 0, depth + 4);
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    float[] f = scratch.floats;
    for (int b = 0; b < p.batch(); b++) {
      Lanes.toFloats(memory.bytes, p.in() + b * p.inputs(), f, 0, p.inputs());
      Lanes.fill(f, p.inputs(), depth - p.inputs(), 0);
      int out = p.out() + b * p.outputs();
      for (int o = 4 * from; o < Math.min(4 * to, p.outputs()); o += 4) {
        dots(f, o * depth);
        for (int i = 0; i < 4 && o + i < p.outputs(); i++) {
          memory.bytes[out + o + i] = output((int) f[depth + i] + bias[o + i], o + i);
        }
      }
    }
  }

  private void dots(float[] f, int w) {
    int w1 = w + depth;
    int w2 = w1 + depth;
    int w3 = w2 + depth;
    FloatVector s0 = FloatVector.zero(FLOATS);
    FloatVector s1 = FloatVector.zero(FLOATS);
    FloatVector s2 = FloatVector.zero(FLOATS);
    FloatVector s3 = FloatVector.zero(FLOATS);
    for (int i = 0; i < depth; i += COUNT) {
      FloatVector x = FloatVector.fromArray(FLOATS, f, i);
      s0 =
          x.fma(
              ByteVector.fromArray(BYTES, weights, w + i)
                  .convertShape(VectorOperators.B2F, FLOATS, 0)
                  .reinterpretAsFloats(),
              s0);
      s1 =
          x.fma(
              ByteVector.fromArray(BYTES, weights, w1 + i)
                  .convertShape(VectorOperators.B2F, FLOATS, 0)
                  .reinterpretAsFloats(),
              s1);
      s2 =
          x.fma(
              ByteVector.fromArray(BYTES, weights, w2 + i)
                  .convertShape(VectorOperators.B2F, FLOATS, 0)
                  .reinterpretAsFloats(),
              s2);
      s3 =
          x.fma(
              ByteVector.fromArray(BYTES, weights, w3 + i)
                  .convertShape(VectorOperators.B2F, FLOATS, 0)
                  .reinterpretAsFloats(),
              s3);
    }
    f[depth] = s0.reduceLanes(VectorOperators.ADD);
    f[depth + 1] = s1.reduceLanes(VectorOperators.ADD);
    f[depth + 2] = s2.reduceLanes(VectorOperators.ADD);
    f[depth + 3] = s3.reduceLanes(VectorOperators.ADD);
  }

  private byte output(int acc, int o) {
    Requantization r = p.requantization();
    int q =
        p.scales() == null
            ? FixedPoint.multiply(acc, r.multipliers()[o], r.shifts()[o])
            : Rounding.toInt(acc * p.scales()[o]);
    return (byte) Math.min(Math.max(q + r.zeroPoint(), r.qmin()), r.qmax());
  }

  @Override
  public String microKernel() {
    return "dot4x" + COUNT;
  }
}
