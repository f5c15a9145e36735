package io.quern.kernels.portable;

import io.quern.kernels.Scratch;

/**
 * Where the rows of a {@link Scratch} begin, so that vectors do most of them.
 *
 * <p>C2 starts a vectorised loop with single steps, one at least, until an array that it writes is
 * aligned to its vectors, and ends it with single steps for what then is left. With vectors of 8
 * floats these are 8 of a row's floats, whatever its address, if it begins at 0 and holds whole
 * vectors; each takes as long as four in vectors. From the right one of four indices on there is
 * one step before and none after (AVX2, JDK 17 and 25: rows of 64 take 0.65 of the time, of 128
 * 0.77, of 256 0.86). Where an index cannot be chosen, since rows of weights are read at the same
 * one, the sums can: of four arrays whose addresses differ by 8 bytes one has two steps.
 *
 * <p>Which of the four is right depends on the address of the rows, which lie alike. Only the
 * virtual machine knows it, and garbage collections change it, so now and then the loop that
 * matters most is timed with each of them. What it computes is the same from anywhere.
 */
final class RowStart {
  /** The last of the indices: 1, 3, 5 and 7, as arrays lie at multiples of 8 bytes. */
  static final int MOST = 7;

  /** Indices, and arrays to choose from. */
  static final int CHOICES = 4;

  /** Nanoseconds from one look to the next; one takes some 20,000. */
  private static final long INTERVAL = 250_000_000;

  /** Calls that are timed together, and how often. */
  private static final int CALLS = 16;

  private static final int ROUNDS = 8;

  /** Nanoseconds of these calls from which on the loop cannot be compiled. */
  private static final long SLOW = 50_000;

  /** Most that is timed of a row, little, so that single steps take much of the time. */
  private static final int LENGTH = 64;

  private RowStart() {}

  /** The index at which rows begin during this call of a kernel; what they hold may be lost. */
  static int of(Scratch scratch) {
    long now = System.nanoTime();
    if (scratch.rowStart == 0) {
      scratch.rowStart = 1;
      scratch.rowStartTimed = now;
    } else if (now - scratch.rowStartTimed > INTERVAL) {
      scratch.rowStart = 1 + 2 * fastest(scratch.rows, false, scratch.rowStart / 2);
      scratch.rowStartTimed = now;
    }
    return scratch.rowStart;
  }

  /**
   * The first of every four shifted rows that are written during this call of a kernel; what they
   * hold may be lost.
   */
  static int shift(Scratch scratch) {
    long now = System.nanoTime();
    if (scratch.shiftTimed == 0) {
      scratch.shiftTimed = now;
    } else if (now - scratch.shiftTimed > INTERVAL) {
      scratch.shift = fastest(scratch.shiftedRows, true, scratch.shift);
      scratch.shiftTimed = now;
    }
    return scratch.shift;
  }

  /**
   * The choice with which the loop runs fastest.
   *
   * @param rows six or more, or four shifted ones or more
   * @param choice the one until now, which remains if no other is faster by a tenth
   */
  private static int fastest(float[][] rows, boolean shifted, int choice) {
    long least = Long.MAX_VALUE;
    long before = Long.MAX_VALUE;
    int fastest = choice;
    for (int round = 0; round < ROUNDS * CHOICES; round++) {
      int c = round % CHOICES;
      long time = shifted ? time(rows, 0, c, 4, 0) : time(rows, rows.length - 5, 0, 1, 1 + 2 * c);
      if (time > SLOW) {
        return choice;
      }
      if (c == choice) {
        before = Math.min(before, time);
      }
      if (time < least) {
        least = time;
        fastest = c;
      }
    }
    return least * 10 < before * 9 ? fastest : choice;
  }

  /**
   * Nanoseconds of {@link #CALLS} calls that add zeros.
   *
   * @param spread over which rows the first ones of the calls spread
   * @param first row of the first call
   * @param step from one row of a call to the next, around the end
   */
  private static long time(float[][] rows, int spread, int first, int step, int from) {
    int n = rows.length;
    int to = from + (from == 0 ? Rows.wholeFrom0(LENGTH) : Rows.whole(LENGTH));
    to = Math.min(to, rows[first].length);
    long began = System.nanoTime();
    for (int i = 0; i < CALLS; i++) {
      int r = first + i * spread / CALLS;
      Rows.addScaled4x2(
          rows[r],
          rows[(r + step) % n],
          rows[(r + 2 * step) % n],
          rows[(r + 3 * step) % n],
          rows[(r + 4 * step) % n],
          rows[(r + 5 * step) % n],
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          from,
          to);
    }
    return System.nanoTime() - began;
  }
}
