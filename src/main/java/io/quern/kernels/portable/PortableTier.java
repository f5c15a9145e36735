package io.quern.kernels.portable;

import io.quern.kernels.AddInt8;
import io.quern.kernels.AveragePool2dFloat;
import io.quern.kernels.AveragePool2dInt8;
import io.quern.kernels.BinaryFloat;
import io.quern.kernels.Conv2dFloat;
import io.quern.kernels.Conv2dInt8;
import io.quern.kernels.Copy;
import io.quern.kernels.DepthwiseConv2dFloat;
import io.quern.kernels.DepthwiseConv2dInt8;
import io.quern.kernels.FullyConnectedFloat;
import io.quern.kernels.FullyConnectedInt8;
import io.quern.kernels.Kernel;
import io.quern.kernels.KernelParams;
import io.quern.kernels.MaxPool2dFloat;
import io.quern.kernels.MaxPool2dInt8;
import io.quern.kernels.MeanFloat;
import io.quern.kernels.MeanInt8;
import io.quern.kernels.MulInt8;
import io.quern.kernels.Pad;
import io.quern.kernels.Tier;

/** Plain Java for every JDK and machine; see the package. */
public final class PortableTier implements Tier {
  /** Needs nothing. */
  public PortableTier() {}

  @Override
  public String name() {
    return "portable";
  }

  @Override
  public Kernel create(KernelParams params) {
    if (params instanceof Conv2dInt8 p) {
      if (Conv2dBinaryPortable.supports(p)) {
        return new Conv2dBinaryPortable(p);
      }
      return Conv2dChannelsPortable.supports(p)
          ? new Conv2dChannelsPortable(p)
          : new Conv2dPortable(p);
    }
    if (params instanceof DepthwiseConv2dInt8 p) {
      return DepthwiseConv2dPortable.supports(p) ? new DepthwiseConv2dPortable(p) : null;
    }
    if (params instanceof FullyConnectedInt8 p) {
      return new FullyConnectedPortable(p);
    }
    if (params instanceof AddInt8 p) {
      return new AddPortable(p);
    }
    if (params instanceof AveragePool2dInt8 p) {
      return new AveragePool2dPortable(p);
    }
    if (params instanceof MaxPool2dInt8 p) {
      return new MaxPool2dPortable(p);
    }
    if (params instanceof MeanInt8 p) {
      return MeanPortable.create(p);
    }
    if (params instanceof MulInt8 p) {
      return new MulPortable(p);
    }
    if (params instanceof Copy p) {
      return new CopyPortable(p);
    }
    if (params instanceof Pad p) {
      return new PadPortable(p);
    }
    return createFloat(params);
  }

  private static Kernel createFloat(KernelParams params) {
    if (params instanceof Conv2dFloat p) {
      return new Conv2dFloatPortable(p);
    }
    if (params instanceof DepthwiseConv2dFloat p) {
      return new DepthwiseConv2dFloatPortable(p);
    }
    if (params instanceof FullyConnectedFloat p) {
      return new FullyConnectedFloatPortable(p);
    }
    if (params instanceof AveragePool2dFloat p) {
      return new Pool2dFloatPortable(p);
    }
    if (params instanceof MaxPool2dFloat p) {
      return new Pool2dFloatPortable(p);
    }
    if (params instanceof MeanFloat p) {
      return MeanFloatPortable.create(p);
    }
    if (params instanceof BinaryFloat p) {
      return new BinaryFloatPortable(p);
    }
    return null;
  }
}
