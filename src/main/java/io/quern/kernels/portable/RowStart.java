package io.quern.kernels.portable;

import io.quern.kernels.Scratch;

/**
 * The index at which the rows of a {@link Scratch} begin.
 *
 * <p>C2 starts a vectorised loop with single steps, one at least, until an array of the loop is
 * aligned to its vectors, and ends it with single steps for what then is left. With vectors of 8
 * floats these are 8 of a row's floats, whatever its address, if it begins at 0 and holds whole
 * vectors; each takes as long as four in vectors. From the right one of four indices on there is
 * one step before and none after (AVX2, JDK 17 and 25: rows of 64 take 0.65 of the time, of 128
 * 0.77, of 256 0.86).
 *
 * <p>Which of the four is right depends on the address of the rows, which lie alike. Only the
 * virtual machine knows it, and garbage collections change it, so now and then the loop that
 * matters most is timed at each of them. What it computes is the same from anywhere.
 */
final class RowStart {
  /** The last of the indices: 1, 3, 5 and 7, as arrays lie at multiples of 8 bytes. */
  static final int MOST = 7;

  private static final int STARTS = (MOST + 1) / 2;

  /** Nanoseconds from one look to the next; one takes some 20,000. */
  private static final long INTERVAL = 250_000_000;

  /** Calls that are timed together, and how often. */
  private static final int CALLS = 16;

  private static final int ROUNDS = 8;

  /** Nanoseconds of these calls from which on the loop cannot be compiled. */
  private static final long SLOW = 50_000;

  /** Length of the timed rows, short, so that single steps take much of the time. */
  private static final int LENGTH = Rows.whole(64);

  private RowStart() {}

  /** Where the rows begin during this call of a kernel; what they hold may be lost. */
  static int of(Scratch scratch) {
    long now = System.nanoTime();
    if (scratch.rowStart == 0) {
      scratch.rowStart = 1;
      scratch.rowStartTimed = now;
    } else if (now - scratch.rowStartTimed > INTERVAL) {
      scratch.rowStart = fastest(scratch.rows, scratch.rowStart);
      scratch.rowStartTimed = now;
    }
    return scratch.rowStart;
  }

  /**
   * The index from which the loop runs fastest.
   *
   * @param rows six or more
   * @param start the index until now, which remains if no other is faster by a tenth
   */
  private static int fastest(float[][] rows, int start) {
    long least = Long.MAX_VALUE;
    long before = Long.MAX_VALUE;
    int fastest = start;
    for (int round = 0; round < ROUNDS * STARTS; round++) {
      int from = round % STARTS * 2 + 1;
      long time = time(rows, from);
      if (time > SLOW) {
        return start;
      }
      if (from == start) {
        before = Math.min(before, time);
      }
      if (time < least) {
        least = time;
        fastest = from;
      }
    }
    return least * 10 < before * 9 ? fastest : start;
  }

  /** Nanoseconds of {@link #CALLS} calls that add zeros, with rows of all parts of the scratch. */
  private static long time(float[][] rows, int from) {
    int spread = rows.length - 5;
    long began = System.nanoTime();
    for (int i = 0; i < CALLS; i++) {
      int r = i * spread / CALLS;
      Rows.addScaled4x2(
          rows[r],
          rows[r + 1],
          rows[r + 2],
          rows[r + 3],
          rows[r + 4],
          rows[r + 5],
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          from,
          from + LENGTH);
    }
    return System.nanoTime() - began;
  }
}
