package io.quern.kernels;

/**
 * Elements of a {@link Memory} array seen as a grid: position {@code (i0, i1, ...)} is the element
 * at {@code offset + i0 * strides[0] + i1 * strides[1] + ...}. A stride of 0 repeats elements
 * (broadcasting); a negative one walks backwards.
 *
 * @param offset of position (0, 0, ...)
 * @param dims outermost first, each at least 1; empty for a single element
 * @param strides in elements, as many as dims
 */
public record StridedView(int offset, int[] dims, int[] strides) {

  /** A dense row-major grid. */
  public static StridedView dense(int offset, int... dims) {
    int[] strides = new int[dims.length];
    int stride = 1;
    for (int d = dims.length - 1; d >= 0; d--) {
      strides[d] = stride;
      stride *= dims[d];
    }
    return new StridedView(offset, dims, strides);
  }

  /** Number of positions. */
  public int elements() {
    int n = 1;
    for (int d : dims) {
      n *= d;
    }
    return n;
  }

  /**
   * Array index of a position.
   *
   * @param position number of the position in row-major order, 0..elements - 1
   */
  public int at(int position) {
    int index = offset;
    int rest = position;
    for (int d = dims.length - 1; d >= 0; d--) {
      index += rest % dims[d] * strides[d];
      rest /= dims[d];
    }
    return index;
  }

  /** Whether positions in row-major order are consecutive elements. */
  public boolean isDense() {
    int stride = 1;
    for (int d = dims.length - 1; d >= 0; d--) {
      if (dims[d] != 1 && strides[d] != stride) {
        return false;
      }
      stride *= dims[d];
    }
    return true;
  }
}
