package io.quern.runtime;

import io.quern.kernels.Conv2dFloat;
import io.quern.kernels.Conv2dInt8;
import io.quern.kernels.ConvGeometry;
import io.quern.kernels.DepthwiseConv2dFloat;
import io.quern.kernels.DepthwiseConv2dInt8;
import io.quern.kernels.KernelParams;
import io.quern.model.Shape;

/** Turns a convolution of a padded input into a convolution that pads. */
final class PaddingFold {
  private PaddingFold() {}

  /**
   * The same convolution reading the unpadded input.
   *
   * @param in offset of the unpadded input
   * @param input its shape [N, H, W, C]
   * @param top rows that the padding added before
   * @param left columns that the padding added before
   */
  static KernelParams fold(KernelParams p, int in, Shape input, int top, int left) {
    if (p instanceof Conv2dInt8 c) {
      return new Conv2dInt8(
          in,
          c.out(),
          geometry(c.geometry(), input, top, left),
          c.weights(),
          c.weightsZeroPoint(),
          c.bias(),
          c.groups(),
          c.inputZeroPoint(),
          c.requantization());
    }
    if (p instanceof DepthwiseConv2dInt8 c) {
      return new DepthwiseConv2dInt8(
          in,
          c.out(),
          geometry(c.geometry(), input, top, left),
          c.weights(),
          c.weightsZeroPoint(),
          c.bias(),
          c.depthMultiplier(),
          c.inputZeroPoint(),
          c.requantization());
    }
    if (p instanceof Conv2dFloat c) {
      return new Conv2dFloat(
          in,
          c.out(),
          geometry(c.geometry(), input, top, left),
          c.weights(),
          c.bias(),
          c.groups(),
          c.min(),
          c.max());
    }
    if (p instanceof DepthwiseConv2dFloat c) {
      return new DepthwiseConv2dFloat(
          in,
          c.out(),
          geometry(c.geometry(), input, top, left),
          c.weights(),
          c.bias(),
          c.depthMultiplier(),
          c.min(),
          c.max());
    }
    throw new IllegalArgumentException("no convolution: " + p.getClass().getSimpleName());
  }

  private static ConvGeometry geometry(ConvGeometry g, Shape input, int top, int left) {
    return new ConvGeometry(
        g.batch(),
        input.dim(1),
        input.dim(2),
        g.inC(),
        g.outH(),
        g.outW(),
        g.outC(),
        g.kernelH(),
        g.kernelW(),
        g.strideH(),
        g.strideW(),
        g.dilationH(),
        g.dilationW(),
        g.padTop() + top,
        g.padLeft() + left);
  }
}
