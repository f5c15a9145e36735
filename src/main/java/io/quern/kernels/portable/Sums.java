package io.quern.kernels.portable;

/** Column sums of 8-bit rows. */
final class Sums {
  private Sums() {}

  /** {@code sums[i] += row[at + i]}. */
  static void add(int[] sums, byte[] row, int at, int n) {
    for (int i = 0; i < n; i++) {
      sums[i] += row[at + i];
    }
  }
}
