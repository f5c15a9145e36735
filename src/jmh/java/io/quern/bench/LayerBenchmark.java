package io.quern.bench;

import io.quern.kernels.Kernel;
import io.quern.kernels.KernelParams;
import io.quern.kernels.Memory;
import io.quern.kernels.Scratch;
import io.quern.kernels.Tier;
import io.quern.runtime.Tiers;
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
import org.openjdk.jmh.annotations.Warmup;

/**
 * One int8 layer on one tier. The result is compared with the reference tier's before anything is
 * measured.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class LayerBenchmark {
  /** Layer shapes of MobileNet V1 (1.0 and 0.25 at 224) and of the MLPerf Tiny networks. */
  @Param({
    "conv_224x3_32_s2",
    "conv_96x3_8_s2",
    "conv_32x16_16_s1",
    "dw_112x32_s1",
    "dw_112x64_s2",
    "dw_14x512_s1",
    "dw_24x32_s1",
    "pw_112x32_64",
    "pw_14x256_256",
    "pw_14x512_512",
    "pw_7x1024_1024",
    "pw_24x16_32",
    "pw_6x128_128",
    "fc_1024_1000",
    "fc_64_12"
  })
  public String layer;

  /** Kernel tier. */
  @Param({"reference", "portable"})
  public String tier;

  private Kernel kernel;
  private Memory memory;
  private Scratch scratch;

  /** Makes the kernel and checks it. */
  @Setup
  public void setUp() {
    KernelParams params = Layers.of(layer);
    Memory expected = memory(params);
    run(kernel("reference", params), expected);
    kernel = kernel(tier, params);
    memory = memory(params);
    scratch = new Scratch(kernel.scratch());
    run(kernel, memory);
    if (!Arrays.equals(expected.bytes, memory.bytes)) {
      throw new IllegalStateException(layer + " on " + tier + " differs from reference");
    }
  }

  private static Memory memory(KernelParams params) {
    Memory m = new Memory(Layers.bytesOf(params), 0, 0);
    new Random(1).nextBytes(m.bytes);
    return m;
  }

  private static void run(Kernel k, Memory m) {
    k.run(m, new Scratch(k.scratch()), 0, k.units());
  }

  private static Kernel kernel(String name, KernelParams params) {
    for (Tier t : Tiers.order(name)) {
      Kernel k = t.create(params);
      if (k != null) {
        return k;
      }
    }
    throw new IllegalStateException("no kernel for " + params);
  }

  /** The whole layer. */
  @Benchmark
  public void run() {
    kernel.run(memory, scratch, 0, kernel.units());
  }
}
