package io.quern.kernels;

/**
 * Mean over a window: {@code out = clamp(round(sum / count), qmin, qmax)}, where only positions
 * inside the input are summed and counted. Input and output have the same scale and zero point.
 *
 * <p>The sum is at most 2^7 * window in magnitude: it cannot overflow, because the window has fewer
 * than 2^24 positions.
 *
 * @param in offset of [batch, inH, inW, inC]
 * @param out offset of [batch, outH, outW, inC]; does not overlap the input
 * @param geometry the window as a kernel with dilation 1
 * @param halfUp how ties round: upwards (legacy unsigned networks) or away from zero
 */
public record AveragePool2dInt8(
    int in, int out, ConvGeometry geometry, boolean halfUp, int qmin, int qmax)
    implements KernelParams {
  /**
   * Whether the only window is the whole image: every channel has one mean, of {@code inH * inW}
   * values.
   */
  public boolean isOfWholeImage() {
    ConvGeometry g = geometry;
    return g.outH() == 1
        && g.outW() == 1
        && g.padTop() == 0
        && g.padLeft() == 0
        && g.kernelH() == g.inH()
        && g.kernelW() == g.inW()
        && (long) g.inH() * g.inW() < 1 << 24;
  }

  /** The output for a sum of {@code count} values. */
  public byte mean(int sum, int count) {
    int half = halfUp || sum > 0 ? count / 2 : -(count / 2);
    int mean = halfUp ? Math.floorDiv(sum + half, count) : (sum + half) / count;
    return (byte) Math.min(Math.max(mean, qmin), qmax);
  }
}
