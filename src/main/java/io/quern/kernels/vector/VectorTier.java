package io.quern.kernels.vector;

import io.quern.kernels.AddInt8;
import io.quern.kernels.AveragePool2dInt8;
import io.quern.kernels.Conv2dInt8;
import io.quern.kernels.DepthwiseConv2dInt8;
import io.quern.kernels.FullyConnectedInt8;
import io.quern.kernels.Kernel;
import io.quern.kernels.KernelParams;
import io.quern.kernels.Tier;
import jdk.incubator.vector.FloatVector;

/** Vector API kernels; see the package. */
public final class VectorTier implements Tier {
  /**
   * @throws UnsupportedOperationException if the machine has no vectors of 128 bits or more
   */
  public VectorTier() {
    int bits = FloatVector.SPECIES_PREFERRED.vectorBitSize(); // Lanes needs 128
    if (bits < 128) {
      throw new UnsupportedOperationException(
          "vectors have " + bits + " bits here, 128 are needed");
    }
  }

  @Override
  public String name() {
    return "vector";
  }

  @Override
  public Kernel create(KernelParams params) {
    if (params instanceof Conv2dInt8 p && p.groups() == 1) {
      if (p.geometry().isPointwise()) {
        return PointwiseVector.create(p);
      }
      Kernel winograd = WinogradVector.create(p);
      return winograd != null ? winograd : Conv2dVector.create(p);
    }
    if (params instanceof DepthwiseConv2dInt8 p) {
      return DepthwiseConv2dVector.create(p);
    }
    if (params instanceof FullyConnectedInt8 p) {
      return FullyConnectedVector.create(p);
    }
    if (params instanceof AveragePool2dInt8 p) {
      return AveragePool2dVector.create(p);
    }
    if (params instanceof AddInt8 p) {
      return AddVector.create(p);
    }
    return null;
  }
}
