package io.quern.kernels.portable;

import io.quern.kernels.FullyConnectedFloat;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;

/**
 * Fully connected layer in float: four outputs, two sums each, so that eight additions are under
 * way at once; the weights stay as they are. A unit is four outputs of all batches.
 */
final class FullyConnectedFloatPortable implements Kernel {
  private final FullyConnectedFloat p;

  FullyConnectedFloatPortable(FullyConnectedFloat p) {
    this.p = p;
  }

  @Override
  public int units() {
    return (p.outputs() + 3) / 4;
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    int end = Math.min(p.outputs(), 4 * to);
    for (int b = 0; b < p.batch(); b++) {
      int in = p.in() + b * p.inputs();
      int out = p.out() + b * p.outputs();
      int o = 4 * from;
      for (; o + 4 <= end; o += 4) {
        four(memory.floats, in, out, o);
      }
      for (; o < end; o++) {
        memory.floats[out + o] = output(one(memory.floats, in, o), o);
      }
    }
  }

  private void four(float[] x, int in, int out, int o) {
    float[] w = p.weights();
    int n = p.inputs();
    int w0 = o * n;
    int w1 = w0 + n;
    int w2 = w1 + n;
    int w3 = w2 + n;
    float a0 = 0;
    float a1 = 0;
    float a2 = 0;
    float a3 = 0;
    float b0 = 0;
    float b1 = 0;
    float b2 = 0;
    float b3 = 0;
    int i = 0;
    for (; i + 1 < n; i += 2) {
      float u = x[in + i];
      float v = x[in + i + 1];
      a0 += u * w[w0 + i];
      b0 += v * w[w0 + i + 1];
      a1 += u * w[w1 + i];
      b1 += v * w[w1 + i + 1];
      a2 += u * w[w2 + i];
      b2 += v * w[w2 + i + 1];
      a3 += u * w[w3 + i];
      b3 += v * w[w3 + i + 1];
    }
    if (i < n) {
      float u = x[in + i];
      a0 += u * w[w0 + i];
      a1 += u * w[w1 + i];
      a2 += u * w[w2 + i];
      a3 += u * w[w3 + i];
    }
    x[out + o] = output(a0 + b0, o);
    x[out + o + 1] = output(a1 + b1, o + 1);
    x[out + o + 2] = output(a2 + b2, o + 2);
    x[out + o + 3] = output(a3 + b3, o + 3);
  }

  private float one(float[] x, int in, int o) {
    float sum = 0;
    for (int i = 0; i < p.inputs(); i++) {
      sum += x[in + i] * p.weights()[o * p.inputs() + i];
    }
    return sum;
  }

  private float output(float sum, int o) {
    return Math.min(Math.max(sum + p.bias()[o], p.min()), p.max());
  }

  @Override
  public String microKernel() {
    return "dot4x2";
  }
}
