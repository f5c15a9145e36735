package io.quern.report;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** A fixed number of threads that do pieces of work; results come in the order of the pieces. */
public final class Parallel implements AutoCloseable {
  private final ExecutorService threads;

  /** Starts that many threads. */
  public Parallel(int count) {
    this.threads =
        Executors.newFixedThreadPool(
            count,
            work -> {
              Thread t = new Thread(work, "report");
              t.setDaemon(true);
              return t;
            });
  }

  /**
   * Does all pieces and waits for them.
   *
   * @throws RuntimeException what a piece threw, the first in their order
   */
  public <T> List<T> all(List<? extends Callable<T>> pieces) {
    List<T> results = new ArrayList<>();
    try {
      for (Future<T> f : threads.invokeAll(pieces)) {
        results.add(f.get());
      }
      return results;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException r) {
        throw r;
      }
      if (e.getCause() instanceof Error r) {
        throw r;
      }
      throw new IllegalStateException(e.getCause());
    }
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
