package io.quern.kernels.portable;

import io.quern.kernels.StridedView;

/**
 * Two grids of the same positions as rows: neighbouring axes along which both advance evenly become
 * one, so that a loop over elements needs no arithmetic on positions. Rows are cut into blocks, the
 * units of element-wise kernels.
 */
final class ViewRows {
  /** Most elements of a block. */
  static final int BLOCK = 1024;

  /** Elements of a row. */
  final int length;

  /** From one element of a row to the next, in the first grid. */
  final int leftStep;

  /** The same in the second. */
  final int rightStep;

  /** Number of rows. */
  final int rows;

  private final int blocks;
  private final StridedView left;
  private final StridedView right;

  /**
   * @param right of the same dims
   */
  ViewRows(StridedView left, StridedView right) {
    int rank = left.dims().length;
    int[] dims = new int[rank + 1];
    int[] l = new int[rank + 1];
    int[] r = new int[rank + 1];
    int n = 0;
    for (int d = rank - 1; d >= 0; d--) {
      int dim = left.dims()[d];
      int ls = left.strides()[d];
      int rs = right.strides()[d];
      if (dim == 1) {
        continue;
      }
      if (n > 0 && ls == l[n - 1] * dims[n - 1] && rs == r[n - 1] * dims[n - 1]) {
        dims[n - 1] *= dim;
      } else {
        dims[n] = dim;
        l[n] = ls;
        r[n++] = rs;
      }
    }
    if (n == 0) {
      dims[0] = 1;
      l[0] = 1;
      r[0] = 1;
      n = 1;
    }
    length = dims[0];
    leftStep = l[0];
    rightStep = r[0];
    blocks = (length + BLOCK - 1) / BLOCK;
    int[] outer = new int[n - 1];
    int[] leftStrides = new int[n - 1];
    int[] rightStrides = new int[n - 1];
    for (int d = 1; d < n; d++) {
      outer[n - 1 - d] = dims[d];
      leftStrides[n - 1 - d] = l[d];
      rightStrides[n - 1 - d] = r[d];
    }
    this.left = new StridedView(left.offset(), outer, leftStrides);
    this.right = new StridedView(right.offset(), outer, rightStrides);
    rows = this.left.elements();
  }

  /** Number of blocks of all rows. */
  int units() {
    return rows * blocks;
  }

  /** Row of a unit. */
  int row(int unit) {
    return blocks == 1 ? unit : unit / blocks;
  }

  /** First element of a unit in its row. */
  int start(int unit) {
    return blocks == 1 ? 0 : unit % blocks * BLOCK;
  }

  /** Elements of a unit. */
  int count(int unit) {
    return Math.min(BLOCK, length - start(unit));
  }

  /** Array index of a unit's first element in the first grid. */
  int left(int unit) {
    return left.at(row(unit)) + start(unit) * leftStep;
  }

  /** The same in the second grid. */
  int right(int unit) {
    return right.at(row(unit)) + start(unit) * rightStep;
  }

  /** Position of a unit's first element in row-major order. */
  int position(int unit) {
    return row(unit) * length + start(unit);
  }

  /**
   * Whether the first grid is dense and the second repeats one short dense row, as the constants of
   * channels: then several rows are as good as one.
   */
  boolean repeatsShortRow() {
    if (length > BLOCK / 2 || leftStep != 1 || rightStep != 1) {
      return false;
    }
    int next = length;
    for (int d = rows == 1 ? -1 : left.dims().length - 1; d >= 0; d--) {
      if (right.strides()[d] != 0 || left.strides()[d] != next) {
        return false;
      }
      next *= left.dims()[d];
    }
    return true;
  }
}
