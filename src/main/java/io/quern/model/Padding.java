package io.quern.model;

/**
 * How a window operator treats the border. Explicit padding is a {@link Operator.Pad} before the
 * operator.
 *
 * <p>With {@code effective = (kernel - 1) * dilation + 1}: SAME gives {@code out = ceil(in /
 * stride)} and pads {@code total = max((out - 1) * stride + effective - in, 0)}, of which {@code
 * total / 2} before; VALID gives {@code out = ceil((in - effective + 1) / stride)} and pads
 * nothing.
 */
public enum Padding {
  /** Pad so that the output has {@code ceil(in / stride)} positions. */
  SAME,
  /** No padding. */
  VALID;

  /** Output positions along one dimension; 0 or less when the window does not fit. */
  public int outputSize(int input, int kernel, int stride, int dilation) {
    int effective = (kernel - 1) * dilation + 1;
    return this == SAME
        ? (int) (((long) input + stride - 1) / stride)
        : (int) Math.floorDiv((long) input - effective + stride, (long) stride);
  }

  /** Positions of padding before the input along one dimension. */
  public int before(int input, int kernel, int stride, int dilation) {
    if (this == VALID) {
      return 0;
    }
    int effective = (kernel - 1) * dilation + 1;
    long total =
        (long) (outputSize(input, kernel, stride, dilation) - 1) * stride + effective - input;
    return (int) (Math.max(total, 0) / 2);
  }
}
