package io.quern.kernels.asm;

import io.quern.kernels.AddInt8;
import io.quern.kernels.AveragePool2dInt8;
import io.quern.kernels.Conv2dInt8;
import io.quern.kernels.ConvGeometry;
import io.quern.kernels.DepthwiseConv2dInt8;
import io.quern.kernels.FullyConnectedInt8;
import io.quern.kernels.Kernel;
import io.quern.kernels.KernelParams;
import io.quern.kernels.Tier;

/**
 * Convolutions, sums of tensors and means of whole images in machine code that is made for each
 * layer; see the package. Other operators, groups, weights with a zero point and sums with
 * broadcasting are left to other tiers.
 *
 * <p>Code and constants live off the heap and are given back when the kernel is garbage.
 */
public final class AsmTier implements Tier {
  /** Border columns of a depthwise convolution are emitted one by one: not more than these. */
  private static final int MAX_SPAN = 32;

  private static final int MAX_SIZE = 1 << 15;
  private static final int MAX_DEPTH = 1 << 16;
  private static final int MAX_ROWS = 1 << 24;

  private final AsmSupport support;

  /**
   * Proves that machine code can be run.
   *
   * @throws UnsupportedOperationException with the reason, in one line, if it cannot
   */
  public AsmTier() {
    this(find());
  }

  AsmTier(AsmSupport support) {
    this.support = support;
  }

  private static AsmSupport find() {
    try {
      return AsmSupport.find();
    } catch (AsmUnavailableException e) {
      throw new UnsupportedOperationException(e.getMessage(), e);
    }
  }

  @Override
  public String name() {
    return "asm";
  }

  @Override
  public Kernel create(KernelParams params) {
    try {
      if (params instanceof Conv2dInt8 p) {
        return conv2d(p);
      }
      if (params instanceof DepthwiseConv2dInt8 p) {
        return depthwise(p);
      }
      if (params instanceof FullyConnectedInt8 p) {
        return fullyConnected(p);
      }
      if (params instanceof AddInt8 p) {
        return AddLayer.accepts(p) ? new AddAsm(support, p) : null;
      }
      if (params instanceof AveragePool2dInt8 p) {
        return GlobalAveragePoolAsm.accepts(support, p)
            ? new GlobalAveragePoolAsm(support, p)
            : null;
      }
      return null;
    } catch (AsmUnavailableException e) {
      System.getLogger("io.quern")
          .log(
              System.Logger.Level.WARNING,
              "asm: a layer is left to other tiers: " + e.getMessage());
      return null;
    }
  }

  private static boolean isProduct(int m, int k, int n) {
    return m <= MAX_ROWS && k <= MAX_DEPTH && n <= MAX_DEPTH;
  }

  private Kernel conv2d(Conv2dInt8 p) throws AsmUnavailableException {
    ConvGeometry g = p.geometry();
    int depth = g.kernelH() * g.kernelW() * g.inC();
    if (p.groups() != 1 || p.weightsZeroPoint() != 0 || !isProduct(g.pixels(), depth, g.outC())) {
      return null;
    }
    PointwiseLayer product =
        new PointwiseLayer(
            g.pixels(),
            depth,
            g.outC(),
            p.weights(),
            p.bias(),
            p.inputZeroPoint(),
            p.requantization());
    if (!g.isPointwise() && Conv2dLayer.accepts(g)) {
      KernelCode direct = support.conv2d(new Conv2dLayer(g, product));
      if (direct != null) {
        return new RowsAsm(
            support.load(direct, new Placement(p.in(), p.out(), false)), g.outH(), 1);
      }
    }
    KernelCode code = support.pointwise(product);
    return g.isPointwise()
        ? new RowsAsm(
            support.load(code, new Placement(p.in(), p.out(), false)),
            g.pixels(),
            support.tileRows(product))
        : new Conv2dAsm(support, p, code, support.tileRows(product));
  }

  private Kernel depthwise(DepthwiseConv2dInt8 p) throws AsmUnavailableException {
    ConvGeometry g = p.geometry();
    int spanH = (g.kernelH() - 1) * g.dilationH();
    int spanW = (g.kernelW() - 1) * g.dilationW();
    if (p.depthMultiplier() != 1
        || p.weightsZeroPoint() != 0
        || g.batch() != 1
        || g.kernelH() > DepthwiseLayer.MAX_KERNEL_H
        || Math.max(spanH, spanW) >= MAX_SPAN
        || g.kernelW() > 16
        || Math.max(g.strideH(), g.strideW()) > 16
        || g.padTop() > spanH
        || g.padLeft() > spanW
        || Math.max(Math.max(g.inH(), g.inW()), g.inC()) > MAX_SIZE
        || Math.max(g.outH(), g.outW()) > MAX_SIZE
        || Checks.hasMinimum(p.weights())) {
      return null;
    }
    KernelCode code =
        support.depthwise(
            new DepthwiseLayer(
                g.inH(),
                g.inW(),
                g.inC(),
                g.outH(),
                g.outW(),
                g.kernelH(),
                g.kernelW(),
                g.strideH(),
                g.strideW(),
                g.dilationH(),
                g.dilationW(),
                g.padTop(),
                g.padLeft(),
                p.weights(),
                p.bias(),
                p.inputZeroPoint(),
                p.requantization()));
    return new RowsAsm(support.load(code, new Placement(p.in(), p.out(), false)), g.outH(), 1);
  }

  private Kernel fullyConnected(FullyConnectedInt8 p) throws AsmUnavailableException {
    if (FullyConnectedLayer.accepts(p)) {
      KernelCode code = support.fullyConnected(FullyConnectedLayer.of(p));
      Placement placement = new Placement(p.in(), p.out(), false);
      return new RowsAsm(support.load(code, placement), p.batch() * p.outputs(), 4);
    }
    if (p.scales() != null
        || p.weightsZeroPoint() != 0
        || !isProduct(p.batch(), p.inputs(), p.outputs())) {
      return null;
    }
    PointwiseLayer product =
        new PointwiseLayer(
            p.batch(),
            p.inputs(),
            p.outputs(),
            p.weights(),
            p.bias(),
            p.inputZeroPoint(),
            p.requantization());
    return new RowsAsm(
        support.load(support.pointwise(product), new Placement(p.in(), p.out(), false)),
        p.batch(),
        support.tileRows(product));
  }
}
