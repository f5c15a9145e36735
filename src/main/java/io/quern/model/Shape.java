package io.quern.model;

import java.util.Arrays;

/**
 * Immutable dimensions of a tensor, outermost first. Activations are [N, H, W, C] where they have
 * four dimensions. A scalar has rank 0 and one element.
 */
public final class Shape {
  /** Largest rank that any operator takes. */
  public static final int MAX_RANK = 8;

  private final int[] dims;
  private final long elements;

  private Shape(int[] dims) {
    this.dims = dims;
    long n = 1;
    for (int d : dims) {
      n = Math.multiplyExact(n, (long) d);
    }
    this.elements = n;
  }

  /**
   * A shape of the given dimensions.
   *
   * @param dims outermost first, each at least 0, at most {@link #MAX_RANK} of them; copied
   * @throws IllegalArgumentException if a dimension is negative, there are too many, or the element
   *     count exceeds 2^31 - 1
   */
  public static Shape of(int... dims) {
    if (dims.length > MAX_RANK) {
      throw new IllegalArgumentException("rank " + dims.length + " exceeds " + MAX_RANK);
    }
    long n = 1;
    for (int d : dims) {
      if (d < 0) {
        throw new IllegalArgumentException("negative dimension in " + Arrays.toString(dims));
      }
      if (d != 0 && n > Integer.MAX_VALUE / d) {
        throw new IllegalArgumentException(
            "more than 2^31 - 1 elements in " + Arrays.toString(dims));
      }
      n *= d;
    }
    return new Shape(dims.clone());
  }

  /** Number of dimensions. */
  public int rank() {
    return dims.length;
  }

  /**
   * One dimension.
   *
   * @param axis 0 for the outermost; negative counts from the end, -1 for the innermost
   */
  public int dim(int axis) {
    return dims[axis < 0 ? dims.length + axis : axis];
  }

  /** Product of the dimensions, at most 2^31 - 1; 1 for a scalar. */
  public int elements() {
    return (int) elements;
  }

  /** A copy of the dimensions. */
  public int[] toArray() {
    return dims.clone();
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof Shape s && Arrays.equals(dims, s.dims);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(dims);
  }

  /** The dimensions joined by x, such as {@code 1x96x96x3}; {@code scalar} for rank 0. */
  @Override
  public String toString() {
    if (dims.length == 0) {
      return "scalar";
    }
    StringBuilder s = new StringBuilder();
    for (int d : dims) {
      s.append(s.isEmpty() ? "" : "x").append(d);
    }
    return s.toString();
  }
}
