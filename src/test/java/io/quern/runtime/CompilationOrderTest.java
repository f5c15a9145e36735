package io.quern.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.Model;
import io.quern.model.Graph;
import io.quern.testing.Allocations;
import io.quern.testing.FreshJava;
import io.quern.testing.MobileNets;
import io.quern.testing.Networks;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@code vector} allocates nothing whatever its first network was compiled with: C2 compiles the
 * Vector API's own methods once, with the profile they have then, which on a busy machine is
 * another than on an idle one. Compiling early brings such profiles about.
 */
class CompilationOrderTest {
  private static final int WARM_UP = 6_000;
  private static final int RUNS = 50;
  private static final long MOST_MACS = 20_000_000;

  /** Prints every network that allocates, then how many there were. */
  public static void main(String[] args) throws Exception {
    Map<String, Graph> networks = new LinkedHashMap<>();
    for (Path file : Networks.all()) {
      Graph g = Model.load(file).graph();
      if (Networks.isQuantized(g) && Costs.macs(g) < MOST_MACS) {
        networks.put(file.getFileName().toString(), g);
      }
    }
    networks.put("mobilenet-v1-0.25-64", MobileNets.v1(0.25, 64));
    for (Map.Entry<String, Graph> n : networks.entrySet()) {
      PlanOptions options = PlanOptions.defaults().withTier("vector");
      try (Session s = Planner.plan(n.getValue(), options).newSession()) {
        Networks.setRandomInputs(s, new Random(1));
        long bytes = Allocations.ofThisThreadOnceCompiled(s::invoke, WARM_UP, RUNS);
        if (bytes != 0) {
          System.out.println(n.getKey() + ": " + bytes + " bytes in " + RUNS + " runs");
        }
      }
    }
    System.out.print(networks.size() + " networks");
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.02, 0.1})
  void noOrderOfCompilationsAllocates(double scaling) throws Exception {
    if (Tiers.whyMissing("vector") != null) {
      System.out.println("CompilationOrderTest: not run, no vector tier here");
      return;
    }
    String printed =
        FreshJava.printed(
            CompilationOrderTest.class,
            Redirect.DISCARD,
            "-XX:CompileThresholdScaling=" + scaling,
            "-XX:+UseSerialGC",
            "--add-modules=jdk.incubator.vector",
            "-Dquern.basedir=" + System.getProperty("quern.basedir", "."));
    String count = printed.substring(printed.lastIndexOf('\n') + 1);
    assertEquals(count, printed, "networks that allocate");
    assertTrue(Integer.parseInt(count.split(" ")[0]) >= 1, count);
  }
}
