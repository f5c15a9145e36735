package io.quern.runtime;

import java.util.Arrays;
import java.util.List;

/**
 * The units of every step that each thread computes.
 *
 * <p>Halves of one size take as long as the slower core does, and cores differ: boards pair fast
 * ones with slow ones, clocks change, other programs take their part. So threads time their parts
 * of large steps, and now and then, between two runs, the parts follow the rates. What changes from
 * one step to the next is left to the last units of a step: pieces that whoever is done takes, one
 * after the other. Steps below {@link #TIMED_MACS} are divided by the same rates, as a whole and
 * without a look at the clock. Who computes a unit does not change its result.
 */
final class WorkSplit {
  /** Multiply-accumulates from which on a step is timed: 10 microseconds and more. */
  private static final long TIMED_MACS = 1_000_000;

  /** Nanoseconds of all threads' timed work after which the parts are set anew. */
  private static final long PERIOD = 20_000_000;

  /** Multiply-accumulates of a piece: a call more is nothing beside them. */
  private static final long PIECE_MACS = 250_000;

  /** An eighth of a step is left to pieces, of which there are at most as many. */
  private static final int EIGHTH = 8;

  /** The least share of a thread, of an equal one: it is to go on being timed. */
  private static final double LEAST = 0.5;

  /** Longs between two threads' times, so that none shares a cache line with another. */
  private static final int APART = 16;

  private final int threads;

  /** Of timed steps, 0 for others. */
  private final long[] macs;

  /**
   * Per step, {@code threads + 1} ascending units: thread t computes {@code [b[t], b[t + 1])}, and
   * what follows the last is left to pieces. All of a step that is not parallel is thread 0's.
   */
  private final int[][] bounds;

  private final int[] units;
  private final int[] pieces;

  /** Units of a piece. */
  private final int[] pieceUnits;

  private final boolean[] parallel;

  /** Of all work; their sum is 1. */
  private final double[] shares;

  /** Scratch of {@link #adapt}. */
  private final double[] rates;

  /** Nanoseconds in timed steps since the parts were set, {@link #APART} longs for each thread. */
  private final long[] busy;

  WorkSplit(List<PlanStep> steps, int threads) {
    this.threads = threads;
    this.macs = new long[steps.size()];
    this.bounds = new int[steps.size()][threads + 1];
    this.units = new int[steps.size()];
    this.pieces = new int[steps.size()];
    this.pieceUnits = new int[steps.size()];
    this.parallel = new boolean[steps.size()];
    this.shares = new double[threads];
    this.rates = new double[threads];
    this.busy = new long[threads * APART];
    for (int s = 0; s < macs.length; s++) {
      PlanStep step = steps.get(s);
      parallel[s] = step.parallel();
      macs[s] = parallel[s] && threads > 1 && step.macs() >= TIMED_MACS ? step.macs() : 0;
      units[s] = step.units();
      Arrays.fill(bounds[s], 1, threads + 1, units[s]);
      if (timed(s)) {
        leavePieces(s, step.kernel().grain());
      }
    }
    Arrays.fill(shares, 1.0 / threads);
    divide();
  }

  private void leavePieces(int s, int grain) {
    int left = units[s] / EIGHTH;
    long size = (PIECE_MACS * units[s] + macs[s] - 1) / macs[s];
    size = Math.max(Math.max(size, grain), (left + EIGHTH - 1) / EIGHTH);
    if (left >= 2 * size) {
      pieces[s] = (int) ((left + size - 1) / size);
      pieceUnits[s] = (int) size;
      bounds[s][threads] = units[s] - left;
    }
  }

  /** First unit of a thread's part. */
  int from(int step, int thread) {
    return bounds[step][thread];
  }

  /** The unit after a thread's part. */
  int to(int step, int thread) {
    return bounds[step][thread + 1];
  }

  /** Pieces that follow the threads' parts. */
  int pieces(int step) {
    return pieces[step];
  }

  /** First unit of a piece, or the unit after the last piece. */
  int pieceFrom(int step, int index) {
    return Math.min(units[step], bounds[step][threads] + index * pieceUnits[step]);
  }

  /** Whether threads are to {@link #add} the time that they take for their parts of a step. */
  boolean timed(int step) {
    return macs[step] > 0;
  }

  /** Adds what a thread took for its part of a timed step; one thread's calls for itself. */
  void add(int thread, long nanoseconds) {
    busy[thread * APART] += nanoseconds;
  }

  /** Sets the parts anew if enough work was timed. No thread may be at work. */
  void adapt() {
    long total = 0;
    for (int t = 0; t < threads; t++) {
      total += busy[t * APART];
    }
    if (total < PERIOD) {
      return;
    }
    double sum = 0;
    double timed = 0;
    for (int t = 0; t < threads; t++) {
      double done = 0;
      for (int s = 0; s < macs.length; s++) {
        done += (double) macs[s] * (to(s, t) - from(s, t)) / bounds[s][threads];
      }
      rates[t] = done / Math.max(1, busy[t * APART]);
      sum += rates[t];
      timed += done > 0 ? shares[t] : 0;
      busy[t * APART] = 0;
    }
    double all = 0;
    for (int t = 0; t < threads; t++) {
      if (rates[t] > 0) {
        // Half of the way: one period may be an accident.
        shares[t] = Math.max(LEAST / threads, (shares[t] + timed * rates[t] / sum) / 2);
      }
      all += shares[t];
    }
    for (int t = 0; t < threads; t++) {
      shares[t] /= all;
    }
    divide();
  }

  private void divide() {
    double end = 0;
    for (int t = 1; t < threads; t++) {
      end += shares[t - 1];
      for (int s = 0; s < bounds.length; s++) {
        if (parallel[s]) {
          // To the nearest, of two the lower: a last unit is often not a whole one.
          bounds[s][t] = (int) Math.ceil(end * bounds[s][threads] - 0.5);
        }
      }
    }
  }
}
