package io.quern.bench;

import io.quern.model.Graph;
import io.quern.runtime.PlanOptions;
import io.quern.runtime.Planner;
import io.quern.runtime.Session;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One int8 layer on one tier. The result is compared with the reference tier's before anything is
 * measured.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class LayerBenchmark {
  /** See {@link Layers}. */
  @Param({
    // MobileNet V1 1.0
    "conv-224x3-32-3x3-s2",
    "depthwise-112x32-s1",
    "conv-112x32-64-1x1-s1",
    "depthwise-112x64-s2",
    "conv-28x256-256-1x1-s1",
    "depthwise-14x512-s1",
    "conv-14x512-512-1x1-s1",
    "conv-7x1024-1024-1x1-s1",
    "pool-7x1024",
    "fc-1024-1000",
    // MobileNet V1 0.25
    "depthwise-112x8-s1",
    "conv-56x32-32-1x1-s1",
    "depthwise-14x128-s1",
    "conv-14x128-128-1x1-s1",
    "conv-7x256-256-1x1-s1",
    // MobileNet V2 1.0
    "conv-56x24-144-1x1-s1",
    "depthwise-56x144-s1",
    "depthwise-56x144-s2",
    "project-56x144-24",
    "add-56x24",
    "conv-14x96-576-1x1-s1",
    "depthwise-14x576-s1",
    "project-14x576-96",
    "add-14x96",
    "conv-7x320-1280-1x1-s1",
    "fc-1280-1000",
    // MLPerf Tiny: keyword spotting, ResNet-8, visual wake words
    "conv-49x10x1-64-10x4-s2",
    "depthwise-25x5x64-s1",
    "conv-25x5x64-64-1x1-s1",
    "conv-32x16-16-3x3-s1",
    "conv-16x32-32-3x3-s1",
    "conv-96x3-8-3x3-s2",
    "conv-6x128-128-1x1-s1",
    "fc-64-12"
  })
  public String layer;

  /** Kernel tier. */
  @Param({"portable", "vector", "asm"})
  public String tier;

  /** Threads of the session. */
  @Param("1")
  public int threads;

  private Session session;

  /** Plans the layer and checks it. */
  @Setup
  public void setUp() {
    Graph graph = Layers.of(layer);
    // The input stays as it is from run to run.
    PlanOptions options = PlanOptions.defaults().withKeepIntermediates(true);
    session = Planner.plan(graph, options.withTier(tier).withThreads(threads)).newSession();
    byte[] output = output(graph, session);
    try (Session reference = Planner.plan(graph, options.withTier("reference")).newSession()) {
      if (!Arrays.equals(output(graph, reference), output)) {
        throw new IllegalStateException(layer + " on " + tier + " differs from reference");
      }
    }
  }

  private static byte[] output(Graph graph, Session session) {
    byte[] in = new byte[graph.tensor(graph.inputs().get(0)).shape().elements()];
    byte[] out = new byte[graph.tensor(graph.outputs().get(0)).shape().elements()];
    new Random(1).nextBytes(in);
    session.run(in, out);
    return out;
  }

  /** Ends the session's threads. */
  @TearDown
  public void tearDown() {
    session.close();
  }

  /** The whole layer. */
  @Benchmark
  public void run() {
    session.invoke();
  }
}
