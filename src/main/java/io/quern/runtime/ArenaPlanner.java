package io.quern.runtime;

/**
 * Places buffers with live ranges into one array so that no two that live at the same time overlap:
 * greedy by size.
 *
 * <p>Buffers are taken from the largest to the smallest; each goes into the lowest gap between
 * already placed buffers whose live ranges meet its own. Source: Pisarchyk and Lee, "Efficient
 * Memory Management for Deep Neural Net Inference", arXiv:2001.03288, section 5.2.
 */
final class ArenaPlanner {
  /**
   * Offsets are multiples of this many elements, so that buffers do not share cache lines of bytes.
   */
  static final int ALIGNMENT = 64;

  private final int[] offsets;
  private final long length;

  private ArenaPlanner(int[] offsets, long length) {
    this.offsets = offsets;
    this.length = length;
  }

  /**
   * Plans.
   *
   * @param sizes elements per buffer, at least 0
   * @param firstUse step that writes the buffer
   * @param lastUse last step that reads it, at least firstUse
   */
  static ArenaPlanner plan(int[] sizes, int[] firstUse, int[] lastUse) {
    int n = sizes.length;
    int[] order = new int[n]; // the largest first, of equal ones the first used
    for (int i = 0; i < n; i++) {
      int p = i;
      while (p > 0 && isBefore(i, order[p - 1], sizes, firstUse)) {
        order[p] = order[p - 1];
        p--;
      }
      order[p] = i;
    }
    long[] offset = new long[n];
    // Placed buffers, ascending by offset.
    int[] placed = new int[n];
    int count = 0;
    long length = 0;
    for (int i : order) {
      long at = 0;
      for (int p = 0; p < count; p++) {
        int other = placed[p];
        if (firstUse[other] > lastUse[i] || firstUse[i] > lastUse[other]) {
          continue;
        }
        if (at + sizes[i] <= offset[other]) {
          break;
        }
        at = Math.max(at, align(offset[other] + sizes[other]));
      }
      offset[i] = at;
      int p = count++;
      while (p > 0 && offset[placed[p - 1]] > at) {
        placed[p] = placed[p - 1];
        p--;
      }
      placed[p] = i;
      length = Math.max(length, at + sizes[i]);
    }
    int[] result = new int[n];
    for (int i = 0; i < n; i++) {
      result[i] = (int) Math.min(offset[i], Integer.MAX_VALUE);
    }
    return new ArenaPlanner(result, length);
  }

  private static boolean isBefore(int a, int b, int[] sizes, int[] firstUse) {
    return sizes[a] > sizes[b] || sizes[a] == sizes[b] && firstUse[a] < firstUse[b];
  }

  private static long align(long v) {
    return (v + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  /** Offset of a buffer in elements. Meaningful only while {@link #length} fits an array. */
  int offset(int buffer) {
    return offsets[buffer];
  }

  /** Length of the array in elements. */
  long length() {
    return length;
  }
}
