package io.quern.runtime;

import io.quern.kernels.Kernel;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * The threads of one session. All threads walk the steps together; a barrier closes every step. The
 * calling thread takes part.
 *
 * <p>Hand-off is spin, then yield, then park: a thread that waits first spins for some
 * microseconds, because the next step of a network usually follows at once, unless there are more
 * threads than processors; between runs the workers park. Nothing is allocated and no lock is
 * taken.
 *
 * <p>Memory order: a thread's writes of step s happen before its increment of the arrivals, which
 * happens before any thread leaves the barrier of step s; the caller's writes before a run happen
 * before the increment of the epoch. So it is with the {@link WorkSplit}: each thread writes its
 * own times during steps, the caller the parts between runs.
 */
final class WorkerPool {
  /** Spins before the first yield. Some 20 to 60 microseconds on the boards this is for. */
  private static final int SPINS = 2_000;

  /** Yields before parking. */
  private static final int YIELDS = 200;

  /** Ints between counters, so that none shares a cache line with another or with anything else. */
  private static final int APART = 32;

  /** Runs started, wrapping. */
  private static final int EPOCH = APART;

  /** Arrivals at barriers over all threads and runs, wrapping. */
  private static final int ARRIVED = 2 * APART;

  /** Claims of pieces over all threads and runs, wrapping. */
  private static final int CLAIMED = 3 * APART;

  private final int threads;

  /** {@link #SPINS}, or 0 where the thread that is waited for may need this one's processor. */
  private final int spins;

  private final Kernel[] kernels;
  private final WorkSplit split;
  private final Memory memory;
  private final Scratch[] scratch;
  private final Worker[] workers;

  /** Null with one thread, as the failure. */
  private final AtomicIntegerArray counters;

  /** First failure of any thread in this run. */
  private final AtomicReference<Throwable> failure;

  /** Of one run: each thread's claims beyond the last piece are counted too. */
  private int claims;

  /** Runs of the caller, wrapping. */
  private int runs;

  /** Whether the workers are to end; set before the epoch changes. */
  private boolean closed;

  /**
   * Starts the workers.
   *
   * @param scratch of each thread
   */
  WorkerPool(List<PlanStep> steps, Memory memory, Scratch[] scratch) {
    this.threads = scratch.length;
    this.spins = threads <= Runtime.getRuntime().availableProcessors() ? SPINS : 0;
    this.kernels = new Kernel[steps.size()];
    for (int s = 0; s < kernels.length; s++) {
      kernels[s] = steps.get(s).kernel();
    }
    this.split = new WorkSplit(steps, threads);
    for (int s = 0; s < kernels.length; s++) {
      claims += split.pieces(s) > 0 ? split.pieces(s) + threads : 0;
    }
    this.memory = memory;
    this.scratch = scratch;
    this.workers = new Worker[threads - 1];
    this.counters = threads == 1 ? null : new AtomicIntegerArray(4 * APART);
    this.failure = threads == 1 ? null : new AtomicReference<>();
    for (int t = 1; t < threads; t++) {
      workers[t - 1] = new Worker(t);
      workers[t - 1].start();
    }
  }

  /** Runs all steps once and returns when every thread has finished. */
  void run() {
    if (threads == 1) {
      for (int s = 0; s < kernels.length; s++) {
        kernels[s].run(memory, scratch[0], 0, split.to(s, 0));
      }
      return;
    }
    counters.set(EPOCH, counters.getAcquire(EPOCH) + 1);
    for (Worker w : workers) {
      if (w.parked) {
        LockSupport.unpark(w);
      }
    }
    walk(0, runs++);
    split.adapt();
    Throwable f = failure.getAcquire();
    if (f != null) {
      failure.setRelease(null);
      if (f instanceof Error e) {
        throw e;
      }
      throw (RuntimeException) f;
    }
  }

  /**
   * Thread t's part of all steps.
   *
   * @param run number of the run, which tells what the counters were before it; all may wrap
   */
  private void walk(int t, int run) {
    int target = run * kernels.length * threads;
    int claimed = run * claims;
    for (int s = 0; s < kernels.length; s++) {
      boolean timed = split.timed(s);
      long start = timed ? System.nanoTime() : 0;
      compute(t, s, split.from(s, t), split.to(s, t));
      if (timed) {
        split.add(t, System.nanoTime() - start);
      }
      int pieces = split.pieces(s);
      if (pieces > 0) {
        int piece;
        while ((piece = counters.getAndIncrement(CLAIMED) - claimed) < pieces) {
          compute(t, s, split.pieceFrom(s, piece), split.pieceFrom(s, piece + 1));
        }
        claimed += pieces + threads;
      }
      target += threads;
      if (counters.getAndIncrement(ARRIVED) + 1 - target < 0) {
        int spun = 0;
        while (counters.getAcquire(ARRIVED) - target < 0) {
          if (++spun < spins) {
            Thread.onSpinWait();
          } else {
            Thread.yield();
          }
        }
      }
    }
  }

  private void compute(int t, int s, int from, int to) {
    if (from < to) {
      try {
        kernels[s].run(memory, scratch[t], from, to);
      } catch (RuntimeException | Error e) {
        failure.compareAndSet(null, e);
      }
    }
  }

  /** Ends the workers and waits for them. */
  void close() {
    if (threads == 1) {
      return;
    }
    closed = true;
    counters.set(EPOCH, counters.getAcquire(EPOCH) + 1);
    boolean interrupted = false;
    for (Worker w : workers) {
      LockSupport.unpark(w);
      while (w.isAlive()) {
        try {
          w.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private final class Worker extends Thread {
    private final int index;
    private volatile boolean parked;

    Worker(int index) {
      super("quern-worker-" + index);
      this.index = index;
      setDaemon(true);
    }

    @Override
    public void run() {
      int seen = await(0);
      int run = 0;
      while (!closed) {
        walk(index, run++);
        seen = await(seen);
      }
    }

    private int await(int seen) {
      for (int i = 0; i < spins; i++) {
        int now = counters.get(EPOCH);
        if (now != seen) {
          return now;
        }
        Thread.onSpinWait();
      }
      for (int i = 0; i < YIELDS; i++) {
        int now = counters.get(EPOCH);
        if (now != seen) {
          return now;
        }
        Thread.yield();
      }
      parked = true;
      int now;
      while ((now = counters.get(EPOCH)) == seen) {
        LockSupport.park(WorkerPool.this);
      }
      parked = false;
      return now;
    }
  }
}
