package io.quern.bench;

import io.quern.format.tflite.TfliteReader;
import io.quern.model.Graph;
import io.quern.runtime.PlanOptions;
import io.quern.runtime.Planner;
import io.quern.runtime.Session;
import io.quern.testing.MobileNets;
import io.quern.testing.SharedData;
import java.io.IOException;
import java.nio.file.Path;
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

/** A whole quantized network: one run on random input. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class NetworkBenchmark {
  /**
   * Version, width and resolution of a MobileNet with seeded weights, or the name of a file that
   * {@link SharedData} finds.
   */
  @Param({
    "v1-1.0-224",
    "v1-0.25-224",
    "v2-1.0-224",
    "vww_96_int8.tflite",
    "kws_ref_model.tflite",
    "pretrainedResnet_quant.tflite"
  })
  public String network;

  /** Kernel tier. */
  @Param({"portable", "vector", "asm"})
  public String tier;

  /** Threads of the session. */
  @Param("1")
  public int threads;

  private Session session;

  /** Loads, plans and sets an input. */
  @Setup
  public void setUp() throws IOException {
    PlanOptions options = PlanOptions.defaults().withTier(tier).withThreads(threads);
    session = Planner.plan(graph(), options).newSession();
    int input = session.plan().graph().inputs().get(0);
    byte[] in = new byte[session.plan().graph().tensor(input).shape().elements()];
    new Random(1).nextBytes(in);
    session.setInput(0, in);
  }

  private Graph graph() throws IOException {
    if (network.endsWith(".tflite")) {
      Path file =
          SharedData.file(network)
              .orElseThrow(() -> new IOException(network + " is not among the shared networks"));
      return TfliteReader.read(file);
    }
    String[] words = network.split("-");
    double width = Double.parseDouble(words[1]);
    int resolution = Integer.parseInt(words[2]);
    return words[0].equals("v1")
        ? MobileNets.v1(width, resolution)
        : MobileNets.v2(width, resolution);
  }

  /** Ends the session's threads. */
  @TearDown
  public void tearDown() {
    session.close();
  }

  /** One inference; what the input's memory holds does not matter for its time. */
  @Benchmark
  public void invoke() {
    session.invoke();
  }
}
