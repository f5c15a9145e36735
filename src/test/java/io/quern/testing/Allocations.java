package io.quern.testing;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/**
 * Counts the bytes that code allocates on the heap.
 *
 * <p>Code is run in up to five batches and the smallest count is given: code that allocates does so
 * in every batch, while the JVM itself may charge a thread once, as when compiled code is replaced.
 */
@SuppressWarnings("deprecation") // Thread.getId: threadId() needs JDK 19
public final class Allocations {
  private static final int BATCHES = 5;
  private static final int ROUNDS = 9;
  private static final long FIRST_PAUSE_MILLIS = 50;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private Allocations() {}

  /**
   * Bytes that the calling thread allocates in {@code runs} calls, after {@code warmUp} calls that
   * are not counted. The cost of measuring is taken off.
   */
  public static long ofThisThread(Runnable code, int warmUp, int runs) {
    for (int i = 0; i < warmUp; i++) {
      code.run();
    }
    long id = Thread.currentThread().getId();
    THREADS.getThreadAllocatedBytes(id);
    long least = Long.MAX_VALUE;
    for (int batch = 0; batch < BATCHES && least > 0; batch++) {
      long none = -THREADS.getThreadAllocatedBytes(id) + THREADS.getThreadAllocatedBytes(id);
      long before = THREADS.getThreadAllocatedBytes(id);
      for (int i = 0; i < runs; i++) {
        code.run();
      }
      least = Math.min(least, THREADS.getThreadAllocatedBytes(id) - before - none);
    }
    return least;
  }

  /**
   * As {@link #ofThisThread}, for code that allocates until the optimising compiler is done with
   * it, however late that is: a compiler thread that other programs keep from running is no fault
   * of the code. While a count is not 0, the code waits, at first for a twentieth of a second and
   * then for twice as long each time, some 13 seconds in all, and is warmed up again by a quarter.
   */
  public static long ofThisThreadOnceCompiled(Runnable code, int warmUp, int runs)
      throws InterruptedException {
    long least = ofThisThread(code, warmUp, runs);
    for (int round = 1; round < ROUNDS && least > 0; round++) {
      Thread.sleep(FIRST_PAUSE_MILLIS << (round - 1));
      least = ofThisThread(code, (warmUp + 3) / 4, runs);
    }
    return least;
  }

  /**
   * As {@link #ofThisThread}, for all threads whose name starts with {@code prefix}; the code must
   * not start any.
   */
  public static long ofThreadsNamed(String prefix, Runnable code, int warmUp, int runs) {
    for (int i = 0; i < warmUp; i++) {
      code.run();
    }
    long least = Long.MAX_VALUE;
    for (int batch = 0; batch < BATCHES && least > 0; batch++) {
      long before = allocatedBy(prefix);
      for (int i = 0; i < runs; i++) {
        code.run();
      }
      least = Math.min(least, allocatedBy(prefix) - before);
    }
    return least;
  }

  private static long allocatedBy(String prefix) {
    long sum = 0;
    for (Thread t : Thread.getAllStackTraces().keySet()) {
      if (t.getName().startsWith(prefix)) {
        sum += THREADS.getThreadAllocatedBytes(t.getId());
      }
    }
    return sum;
  }
}
