package io.quern.kernels.reference;

import io.quern.kernels.AddInt8;
import io.quern.kernels.ArgMax;
import io.quern.kernels.AveragePool2dFloat;
import io.quern.kernels.AveragePool2dInt8;
import io.quern.kernels.BinaryFloat;
import io.quern.kernels.Conv2dFloat;
import io.quern.kernels.Conv2dInt8;
import io.quern.kernels.Copy;
import io.quern.kernels.DepthwiseConv2dFloat;
import io.quern.kernels.DepthwiseConv2dInt8;
import io.quern.kernels.DequantizeInt8;
import io.quern.kernels.FullyConnectedFloat;
import io.quern.kernels.FullyConnectedInt8;
import io.quern.kernels.Kernel;
import io.quern.kernels.KernelParams;
import io.quern.kernels.LookupInt8;
import io.quern.kernels.MaxPool2dFloat;
import io.quern.kernels.MaxPool2dInt8;
import io.quern.kernels.MeanFloat;
import io.quern.kernels.MeanInt8;
import io.quern.kernels.MulInt8;
import io.quern.kernels.Pad;
import io.quern.kernels.PreluFloat;
import io.quern.kernels.PreluInt8;
import io.quern.kernels.QuantizeInt8;
import io.quern.kernels.ResizeBilinearFloat;
import io.quern.kernels.ResizeBilinearInt8;
import io.quern.kernels.ResizeNearest;
import io.quern.kernels.SoftmaxFloat;
import io.quern.kernels.SoftmaxInt8;
import io.quern.kernels.Tier;
import io.quern.kernels.TransposeConvFloat;
import io.quern.kernels.TransposeConvInt8;
import io.quern.kernels.UnaryFloat;

/** Has a kernel for every operator, in int8 and in float; the last resort of every other tier. */
public final class ReferenceTier implements Tier {
  /** The tier. */
  public ReferenceTier() {}

  @Override
  public String name() {
    return "reference";
  }

  /** It is the norm, and mostly runs once. */
  @Override
  public boolean skipsConstantChannels() {
    return false;
  }

  @Override
  public Kernel create(KernelParams params) {
    if (params instanceof Conv2dInt8 p) {
      return ConvReference.of(p);
    } else if (params instanceof DepthwiseConv2dInt8 p) {
      return ConvReference.of(p);
    } else if (params instanceof FullyConnectedInt8 p) {
      return new FullyConnectedReference(p);
    } else if (params instanceof AveragePool2dInt8 p) {
      return new AveragePool2dReference(p);
    } else if (params instanceof MaxPool2dInt8 p) {
      return new MaxPool2dReference(p);
    } else if (params instanceof MeanInt8 p) {
      return new MeanReference(p);
    } else if (params instanceof AddInt8 p) {
      return new AddReference(p);
    } else if (params instanceof MulInt8 p) {
      return new MulReference(p);
    } else if (params instanceof Copy p) {
      return new CopyReference(p);
    } else if (params instanceof Pad p) {
      return new PadReference(p);
    } else if (params instanceof SoftmaxInt8 p) {
      return new SoftmaxReference(p);
    } else if (params instanceof LookupInt8 p) {
      return new LookupReference(p);
    } else if (params instanceof QuantizeInt8 p) {
      return new QuantizeReference(p);
    } else if (params instanceof DequantizeInt8 p) {
      return new DequantizeReference(p);
    } else if (params instanceof TransposeConvInt8 p) {
      return new TransposeConvReference(p);
    } else if (params instanceof PreluInt8 p) {
      return new PreluReference(p);
    } else if (params instanceof ResizeBilinearInt8 p) {
      return new ResizeBilinearReference(p);
    } else if (params instanceof ResizeNearest p) {
      return new ResizeNearestReference(p);
    } else if (params instanceof ArgMax p) {
      return new ArgMaxReference(p);
    } else {
      return createFloat(params);
    }
  }

  private static Kernel createFloat(KernelParams params) {
    if (params instanceof Conv2dFloat p) {
      return new Conv2dFloatReference(p);
    } else if (params instanceof DepthwiseConv2dFloat p) {
      return new DepthwiseConv2dFloatReference(p);
    } else if (params instanceof FullyConnectedFloat p) {
      return new FullyConnectedFloatReference(p);
    } else if (params instanceof AveragePool2dFloat p) {
      return new AveragePool2dFloatReference(p);
    } else if (params instanceof MaxPool2dFloat p) {
      return new MaxPool2dFloatReference(p);
    } else if (params instanceof MeanFloat p) {
      return new MeanFloatReference(p);
    } else if (params instanceof BinaryFloat p) {
      return new BinaryFloatReference(p);
    } else if (params instanceof SoftmaxFloat p) {
      return new SoftmaxFloatReference(p);
    } else if (params instanceof UnaryFloat p) {
      return new UnaryFloatReference(p);
    } else if (params instanceof TransposeConvFloat p) {
      return new TransposeConvFloatReference(p);
    } else if (params instanceof PreluFloat p) {
      return new PreluFloatReference(p);
    } else if (params instanceof ResizeBilinearFloat p) {
      return new ResizeBilinearFloatReference(p);
    } else {
      return null;
    }
  }
}
