package io.quern.testing;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** Counts the bytes that code allocates on the heap. */
public final class Allocations {
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
    long none = -THREADS.getThreadAllocatedBytes(id) + THREADS.getThreadAllocatedBytes(id);
    long before = THREADS.getThreadAllocatedBytes(id);
    for (int i = 0; i < runs; i++) {
      code.run();
    }
    return THREADS.getThreadAllocatedBytes(id) - before - none;
  }

  /**
   * As {@link #ofThisThread}, for all threads whose name starts with {@code prefix}; the code must
   * not start any.
   */
  public static long ofThreadsNamed(String prefix, Runnable code, int warmUp, int runs) {
    for (int i = 0; i < warmUp; i++) {
      code.run();
    }
    long before = allocatedBy(prefix);
    for (int i = 0; i < runs; i++) {
      code.run();
    }
    return allocatedBy(prefix) - before;
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
