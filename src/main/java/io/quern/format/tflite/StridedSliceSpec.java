package io.quern.format.tflite;

import io.quern.model.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * The operands of STRIDED_SLICE as a file has them. Bit i of a mask belongs to entry i of the
 * vectors.
 *
 * @param begin first index, negative from the end
 * @param end one past the last index, negative from the end
 * @param strides step, not 0
 * @param beginMask begin is ignored: from the first element
 * @param endMask end is ignored: to the last element
 * @param ellipsisMask the entry stands for as many full dimensions as are left
 * @param newAxisMask the entry adds a dimension of 1 to the output
 * @param shrinkAxisMask the entry takes one index and drops the dimension
 * @param offset end counts from begin
 */
record StridedSliceSpec(
    int[] begin,
    int[] end,
    int[] strides,
    int beginMask,
    int endMask,
    int ellipsisMask,
    int newAxisMask,
    int shrinkAxisMask,
    boolean offset) {

  /**
   * What they mean for one input.
   *
   * @param begin first index per dimension of the input, from 0
   * @param strides step per dimension
   * @param sizes elements per dimension
   * @param outputDims the shape of the output
   */
  record Resolved(
      List<Integer> begin, List<Integer> strides, List<Integer> sizes, List<Integer> outputDims) {}

  /**
   * Resolves masks and negative indices as TensorFlow Lite does: begin and end are clamped to the
   * dimension.
   *
   * @throws IllegalArgumentException with a message for the user if the vectors do not fit
   */
  Resolved resolve(Shape in) {
    int n = begin.length;
    if (end.length != n || strides.length != n) {
      throw new IllegalArgumentException(
          "begin, end and strides have "
              + n
              + ", "
              + end.length
              + " and "
              + strides.length
              + " numbers");
    }
    int ellipses = 0;
    int consumed = 0;
    for (int i = 0; i < n; i++) {
      if (bit(ellipsisMask, i)) {
        ellipses++;
      } else if (!bit(newAxisMask, i)) {
        consumed++;
      }
    }
    if (ellipses > 1 || consumed > in.rank()) {
      throw new IllegalArgumentException(
          ellipses + " ellipses and " + consumed + " indices for " + in.rank() + " dimensions");
    }
    Resolved r =
        new Resolved(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    int d = 0;
    for (int i = 0; i < n; i++) {
      if (bit(ellipsisMask, i)) {
        for (int k = in.rank() - consumed; k > 0; k--) {
          full(in.dim(d++), r);
        }
      } else if (bit(newAxisMask, i)) {
        r.outputDims.add(1);
      } else {
        entry(i, in.dim(d++), r);
      }
    }
    while (d < in.rank()) {
      full(in.dim(d++), r);
    }
    return r;
  }

  private static void full(int size, Resolved r) {
    r.begin.add(0);
    r.strides.add(1);
    r.sizes.add(size);
    r.outputDims.add(size);
  }

  private void entry(int i, int size, Resolved r) {
    int stride = strides[i];
    if (stride == 0) {
      throw new IllegalArgumentException("stride 0");
    }
    if (size == 0) {
      throw new IllegalArgumentException("the input has no elements");
    }
    boolean forward = stride > 0;
    long first = begin[i];
    if (bit(beginMask, i)) {
      first = forward ? 0 : size - 1;
    }
    first = clamp(first < 0 ? first + size : first, 0, size - 1);
    if (bit(shrinkAxisMask, i)) {
      r.begin.add((int) first);
      r.strides.add(1);
      r.sizes.add(1);
      return;
    }
    long stop = offset ? first + end[i] : end[i];
    if (bit(endMask, i)) {
      stop = forward ? size : -1;
    } else {
      stop = clamp(stop < 0 ? stop + size : stop, forward ? 0 : -1, forward ? size : size - 1);
    }
    long span = forward ? stop - first : first - stop;
    long step = Math.abs((long) stride);
    int count = (int) Math.max(0, (span + step - 1) / step);
    r.begin.add((int) first);
    // A step that is never taken is 1, so that equal slices are equal.
    r.strides.add(count == 1 ? 1 : stride);
    r.sizes.add(count);
    r.outputDims.add(count);
  }

  private static long clamp(long v, long min, long max) {
    return Math.max(min, Math.min(max, v));
  }

  private static boolean bit(int mask, int i) {
    return i < 32 && (mask >> i & 1) != 0;
  }
}
