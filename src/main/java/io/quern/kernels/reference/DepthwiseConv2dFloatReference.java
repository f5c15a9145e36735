package io.quern.kernels.reference;

import io.quern.kernels.ConvGeometry;
import io.quern.kernels.DepthwiseConv2dFloat;
import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;

/** {@link DepthwiseConv2dFloat} as its formula reads. A unit is an output row of one image. */
final class DepthwiseConv2dFloatReference implements Kernel {
  private final DepthwiseConv2dFloat p;

  DepthwiseConv2dFloatReference(DepthwiseConv2dFloat p) {
    this.p = p;
  }

  @Override
  public int units() {
    return p.geometry().batch() * p.geometry().outH();
  }

  @Override
  public void run(Memory memory, Scratch scratch, int from, int to) {
    ConvGeometry g = p.geometry();
    for (int unit = from; unit < to; unit++) {
      int n = unit / g.outH();
      int y = unit % g.outH();
      for (int x = 0; x < g.outW(); x++) {
        for (int o = 0; o < g.outC(); o++) {
          int at = p.out() + ((n * g.outH() + y) * g.outW() + x) * g.outC() + o;
          memory.floats[at] = output(memory.floats, n, y, x, o);
        }
      }
    }
  }

  private float output(float[] floats, int n, int y, int x, int o) {
    ConvGeometry g = p.geometry();
    int c = o / p.depthMultiplier();
    float acc = 0;
    for (int i = 0; i < g.kernelH(); i++) {
      int inY = y * g.strideH() + i * g.dilationH() - g.padTop();
      for (int j = 0; j < g.kernelW(); j++) {
        int inX = x * g.strideW() + j * g.dilationW() - g.padLeft();
        if (inY < 0 || inY >= g.inH() || inX < 0 || inX >= g.inW()) {
          continue;
        }
        float in = floats[p.in() + ((n * g.inH() + inY) * g.inW() + inX) * g.inC() + c];
        float w = p.weights()[(i * g.kernelW() + j) * g.outC() + o];
        acc += in * w;
      }
    }
    return Clamp.clamp(acc + p.bias()[o], p.min(), p.max());
  }
}
