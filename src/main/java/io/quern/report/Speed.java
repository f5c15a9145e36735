package io.quern.report;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;

/**
 * How long a run takes and what it allocates.
 *
 * <p>What is timed is the run of the network, from inputs in place, in the model's own type, to
 * outputs in place, as other runtimes' benchmarks do. Converting the float inputs and outputs is
 * not in the time; allocation counts it. After a warm-up every run is timed alone; percentiles are
 * by nearest rank. Allocation is counted by the JVM over all threads of the session, in two halves
 * of the runs; the lesser figure per run counts, because late work of the JVM itself (a method
 * compiled anew) may fall into one of them.
 *
 * @param runs how many runs were timed
 * @param medianMicros half of the runs took at most this
 * @param p10Micros a tenth of the runs took at most this
 * @param p99Micros 99 % of the runs took at most this
 * @param allocatedBytesPerRun total over half of the timed runs, divided by their number, rounded
 *     up; -1 when it was not counted
 * @param macsPerSecond multiply-accumulates of the network over the median
 */
public record Speed(
    int runs,
    double medianMicros,
    double p10Micros,
    double p99Micros,
    long allocatedBytesPerRun,
    double macsPerSecond) {

  /**
   * How much is measured.
   *
   * @param warmUpMillis at least this long and {@code minRuns} runs go untimed first
   * @param measureMillis runs are timed for at least this long
   * @param minRuns at least this many
   * @param maxRuns at most this many
   */
  public record Effort(int warmUpMillis, int measureMillis, int minRuns, int maxRuns) {
    /** Enough for a table. */
    public static final Effort SHORT = new Effort(700, 1000, 20, 5000);

    /** Enough for a comparison. */
    public static final Effort LONG = new Effort(3000, 5000, 50, 100_000);
  }

  /**
   * Measures.
   *
   * @param samples inputs that are used in turn, at least one
   */
  public static Speed measure(NetworkRunner runner, List<float[][]> samples, Effort effort) {
    long[] nanos = new long[effort.maxRuns()];
    float[][][] inputs = samples.toArray(float[][][]::new);
    // Running the measuring code itself warms it up, so that loading and compiling it is not in the
    // figures.
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long[] ids = sessionThreads();
    allocated(threads, ids);
    long warm = System.nanoTime() + effort.warmUpMillis() * 1_000_000L;
    do {
      loop(runner, inputs, nanos, 0, effort.minRuns(), Math.max(0, warm - System.nanoTime()));
    } while (System.nanoTime() < warm);
    long asking = allocated(threads, ids);
    asking = allocated(threads, ids) - asking;
    int half = (effort.minRuns() + 1) / 2;
    long halfNanos = effort.measureMillis() * 500_000L;
    int runs = 0;
    long perRun = Long.MAX_VALUE;
    for (int i = 0; i < 2 && (i == 0 || runs < nanos.length); i++) {
      long before = allocated(threads, ids);
      int done = loop(runner, inputs, nanos, runs, half, halfNanos);
      long bytes = Math.max(0, allocated(threads, ids) - before - asking);
      perRun = Math.min(perRun, (bytes + done / 2) / done);
      runs += done;
    }
    Arrays.sort(nanos, 0, runs);
    double median = percentile(nanos, runs, 50);
    long macs = runner.session().plan().macs();
    return new Speed(
        runs,
        median,
        percentile(nanos, runs, 10),
        percentile(nanos, runs, 99),
        perRun,
        macs / (median / 1e6));
  }

  /** Times runs into nanos from {@code from} on; returns how many. */
  private static int loop(
      NetworkRunner runner,
      float[][][] inputs,
      long[] nanos,
      int from,
      int minRuns,
      long minNanos) {
    long start = System.nanoTime();
    long now = start;
    int runs = 0;
    while (from + runs < nanos.length && (runs < minRuns || now - start < minNanos)) {
      float[][] input = inputs[runs % inputs.length];
      runner.set(input);
      long begin = System.nanoTime();
      runner.invoke();
      now = System.nanoTime();
      nanos[from + runs++] = now - begin;
      runner.fetch();
    }
    return runs;
  }

  /**
   * This thread and the workers of sessions; what other threads allocate is none of a run's
   * business.
   */
  private static long[] sessionThreads() {
    Thread me = Thread.currentThread();
    return Thread.getAllStackTraces().keySet().stream()
        .filter(t -> t == me || t.getName().startsWith("quern"))
        .mapToLong(Speed::id)
        .toArray();
  }

  @SuppressWarnings("deprecation") // its successor came with Java 19
  private static long id(Thread t) {
    return t.getId();
  }

  private static long allocated(ThreadMXBean threads, long[] ids) {
    long sum = 0;
    for (long id : ids) {
      sum += Math.max(0, threads.getThreadAllocatedBytes(id));
    }
    return sum;
  }

  /** By nearest rank, in microseconds. */
  static double percentile(long[] sortedNanos, int n, int percent) {
    int rank = (int) (((long) n * percent + 99) / 100);
    return sortedNanos[Math.max(0, rank - 1)] / 1e3;
  }
}
