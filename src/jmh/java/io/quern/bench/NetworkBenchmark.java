package io.quern.bench;

import io.quern.Model;
import io.quern.runtime.PlanOptions;
import io.quern.runtime.Session;
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
  /** File name, found by {@link SharedData}. */
  @Param({
    "vww_96_int8.tflite",
    "kws_ref_model.tflite",
    "pretrainedResnet_quant.tflite",
    "mobilenet_v1_0.25_224_int8_perchannel.tflite"
  })
  public String network;

  /** Kernel tier. */
  @Param({"reference", "portable"})
  public String tier;

  /** Threads of the session. */
  @Param("1")
  public int threads;

  private Session session;

  /** Loads, plans and sets an input. */
  @Setup
  public void setUp() throws IOException {
    Path file =
        SharedData.file(network)
            .orElseThrow(() -> new IOException(network + " is not among the shared networks"));
    session = Model.load(file).session(PlanOptions.defaults().withTier(tier).withThreads(threads));
    int input = session.plan().graph().inputs().get(0);
    byte[] in = new byte[session.plan().graph().tensor(input).shape().elements()];
    new Random(1).nextBytes(in);
    session.setInput(0, in);
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
