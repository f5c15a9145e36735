package io.quern.format.tflite;

import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.ModelFormatException;
import io.quern.model.Tensor;
import io.quern.model.UnsupportedModelException;
import io.quern.runtime.Costs;
import io.quern.runtime.PlanOptions;
import io.quern.runtime.Planner;
import io.quern.runtime.Session;
import io.quern.runtime.Tiers;
import io.quern.testing.GraphGallery;
import io.quern.testing.SharedData;
import io.quern.testing.SmallModels;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Feeds damaged model files to reader, planner and kernels. Allowed is that a file runs, or that
 * reading or planning it throws one of the two exceptions; within a second of processor time, and
 * within the heap of the JVM. {@link HostileFilesTest} starts it as a program of its own with 256
 * MiB.
 */
final class HostileFiles {
  /** What became of a file. */
  enum Outcome {
    /** {@link ModelFormatException}. */
    MALFORMED,
    /** {@link UnsupportedModelException} from the reader. */
    UNSUPPORTED,
    /** Read, and {@link UnsupportedModelException} from the planner or for want of memory. */
    NOT_PLANNED,
    /** Read and planned; too many multiply-accumulates to run here. */
    NOT_RUN,
    /** Read, planned and run. */
    RAN
  }

  private static final long MAX_NANOS = 1_000_000_000L;
  private static final long MAX_MACS = 300_000;
  private static final long MAX_ELEMENTS = 1_000_000;
  private static final int HANG_SECONDS = 60;
  private static final int MAX_FAILURES = 10;

  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private record Origin(String name, byte[] file, List<FlatMap.Place> places) {}

  private volatile long current = -1;
  private volatile long startedNanos;

  private HostileFiles() {}

  /**
   * Arguments: number of files, first seed, folder for files that fail. Exit code 0 when all is
   * well, 1 on failures, 3 on a hang.
   */
  public static void main(String[] args) throws IOException {
    int failures =
        new HostileFiles().run(Long.parseLong(args[0]), Long.parseLong(args[1]), Path.of(args[2]));
    System.exit(failures == 0 ? 0 : 1);
  }

  /**
   * Reads, plans and runs one file.
   *
   * @throws RuntimeException of a kind that is not allowed, when something is wrong
   */
  static Outcome feed(byte[] file) {
    Graph graph;
    try {
      graph = TfliteReader.read(ByteBuffer.wrap(file), "f");
    } catch (ModelFormatException e) {
      return Outcome.MALFORMED;
    } catch (UnsupportedModelException e) {
      return Outcome.UNSUPPORTED;
    }
    List<Object> expected = new ArrayList<>();
    List<Object> actual = new ArrayList<>();
    Outcome outcome = run(graph, "reference", expected);
    if (run(graph, "auto", actual) != outcome) {
      throw new IllegalStateException("tier auto does not end as reference does: " + outcome);
    }
    for (int i = 0; i < actual.size(); i++) {
      if (actual.get(i) instanceof byte[] a && !Arrays.equals(a, (byte[]) expected.get(i))) {
        throw new IllegalStateException("tier auto gives other bytes than reference");
      }
    }
    return outcome;
  }

  private static Outcome run(Graph graph, String tier, List<Object> results) {
    try (Session session =
        Planner.plan(graph, PlanOptions.defaults().withTier(tier)).newSession()) {
      long elements = 0;
      for (Tensor t : graph.tensors()) {
        elements += t.shape().elements();
      }
      if (Costs.macs(graph) > MAX_MACS || elements > MAX_ELEMENTS) {
        return Outcome.NOT_RUN;
      }
      SplittableRandom random = new SplittableRandom(1);
      for (int i = 0; i < graph.inputs().size(); i++) {
        setInput(session, i, graph.tensor(graph.inputs().get(i)), random);
      }
      session.invoke();
      for (int i = 0; i < graph.outputs().size(); i++) {
        results.add(output(session, i, graph.tensor(graph.outputs().get(i))));
      }
      return Outcome.RAN;
    } catch (UnsupportedModelException e) {
      return Outcome.NOT_PLANNED;
    }
  }

  private static void setInput(Session session, int i, Tensor t, SplittableRandom random) {
    int n = t.shape().elements();
    switch (t.type()) {
      case FLOAT32 -> {
        float[] v = new float[n];
        for (int k = 0; k < n; k++) {
          v[k] = (float) random.nextDouble(-4, 4);
        }
        session.setInput(i, v);
      }
      case INT8, UINT8 -> {
        byte[] v = new byte[n];
        random.nextBytes(v);
        session.setInput(i, v);
      }
      case INT32 -> session.setInput(i, new int[n]);
      default -> {
        // INT64 has no setter: it is an output of ARG_MAX only.
      }
    }
  }

  private static Object output(Session session, int i, Tensor t) {
    int n = t.shape().elements();
    if (t.type() == DataType.FLOAT32) {
      float[] v = new float[n];
      session.getOutput(i, v);
      return v;
    }
    if (t.type() == DataType.INT32) {
      int[] v = new int[n];
      session.getOutput(i, v);
      return v;
    }
    if (t.type() == DataType.INT64) {
      long[] v = new long[n];
      session.getOutput(i, v);
      return v;
    }
    byte[] v = new byte[n];
    session.getOutput(i, v);
    return v;
  }

  private int run(long count, long firstSeed, Path finds) throws IOException {
    watch();
    List<Origin> small = new ArrayList<>();
    List<Origin> real = new ArrayList<>();
    SmallModels.all().forEach((name, bytes) -> small.add(origin(name, bytes)));
    for (Graph g : GraphGallery.all()) {
      small.add(origin(g.name(), TfliteWriter.write(g)));
    }
    for (Path p : SharedData.files(".tflite")) {
      if (Files.size(p) < 400_000) {
        real.add(origin(p.getFileName().toString(), Files.readAllBytes(p)));
      }
    }
    Map<Outcome, Long> outcomes = new EnumMap<>(Outcome.class);
    int failures = 0;
    long slowest = 0;
    long slowestSeed = -1;
    for (long seed = firstSeed; seed < firstSeed + count && failures < MAX_FAILURES; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      List<Origin> origins = !real.isEmpty() && random.nextInt(20) == 0 ? real : small;
      Origin origin = origins.get(random.nextInt(origins.size()));
      byte[] donor = small.get(random.nextInt(small.size())).file();
      byte[] file = new Mutator(random).mutate(origin.file(), origin.places(), donor);
      startedNanos = System.nanoTime();
      current = seed;
      long before = THREADS.getCurrentThreadCpuTime();
      String problem = null;
      try {
        outcomes.merge(feed(file), 1L, Long::sum);
      } catch (RuntimeException | Error e) {
        problem = e + " at " + (e.getStackTrace().length > 0 ? e.getStackTrace()[0] : "?");
      }
      long nanos = THREADS.getCurrentThreadCpuTime() - before;
      current = -1;
      if (nanos > slowest) {
        slowest = nanos;
        slowestSeed = seed;
      }
      if (problem == null && nanos > MAX_NANOS) {
        problem = nanos / 1_000_000 + " ms of processor time";
      }
      if (problem != null) {
        failures++;
        Files.createDirectories(finds);
        Path find = finds.resolve("seed-" + seed + ".tflite");
        Files.write(find, file);
        System.out.println(
            "FAILED seed " + seed + " from " + origin.name() + ": " + problem + " (" + find + ")");
      }
    }
    System.out.printf(
        "hostile files tried: %d from %d small and %d real networks, first seed %d, heap %d MiB,"
            + " tiers %s, outcomes %s, slowest %.1f ms (seed %d), failures %d%n",
        count,
        small.size(),
        real.size(),
        firstSeed,
        Runtime.getRuntime().maxMemory() >> 20,
        Tiers.available(),
        outcomes,
        slowest / 1e6,
        slowestSeed,
        failures);
    return failures;
  }

  private static Origin origin(String name, byte[] file) {
    return new Origin(name, file, FlatMap.of(file));
  }

  /** Ends the program when one file takes far too long, naming its seed. */
  private void watch() {
    Thread watch =
        new Thread(
            () -> {
              while (true) {
                try {
                  Thread.sleep(1000);
                } catch (InterruptedException e) {
                  return;
                }
                long seed = current;
                if (seed >= 0 && System.nanoTime() - startedNanos > HANG_SECONDS * 1_000_000_000L) {
                  System.out.println("FAILED seed " + seed + ": still running after 60 s");
                  System.out.flush();
                  Runtime.getRuntime().halt(3);
                }
              }
            },
            "watch");
    watch.setDaemon(true);
    watch.start();
  }
}
