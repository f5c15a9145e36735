package io.quern.kernels.asm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.format.tflite.TfliteReader;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.runtime.Plan;
import io.quern.runtime.PlanOptions;
import io.quern.runtime.PlanStep;
import io.quern.runtime.Planner;
import io.quern.runtime.Session;
import io.quern.testing.MobileNets;
import io.quern.testing.Networks;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole int8 networks through the planner: the bytes of the reference tier. */
class AsmNetworksTest {
  private static final int INPUTS = 2;

  private static final Map<String, Graph> NETWORKS = networks();

  private static Map<String, Graph> networks() {
    Map<String, Graph> networks = new LinkedHashMap<>();
    networks.put("mobilenet-v1-0.25-64", MobileNets.v1(0.25, 64));
    networks.put("mobilenet-v2-0.35-64", MobileNets.v2(0.35, 64));
    for (Path file : Networks.all()) {
      try {
        Graph g = TfliteReader.read(file);
        if (Networks.isQuantized(g)) {
          networks.put(file.getFileName().toString(), g);
        }
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }
    return networks;
  }

  static Stream<String> names() {
    return NETWORKS.keySet().stream();
  }

  @ParameterizedTest
  @MethodSource("names")
  void bytesOfTheReference(String name) {
    Graph graph = NETWORKS.get(name);
    Plan plan = Planner.plan(graph, PlanOptions.defaults().withTier("asm"));
    for (PlanStep step : plan.steps()) {
      Operator op = graph.operators().get(step.operators().get(step.operators().size() - 1));
      boolean convolution = op instanceof Operator.Conv2d || op instanceof Operator.DepthwiseConv2d;
      assertTrue(!convolution || step.tier().equals("asm"), name + ": " + step.name());
    }
    Plan expected = Planner.plan(graph, PlanOptions.defaults().withTier("reference"));
    try (Session asm = plan.newSession();
        Session reference = expected.newSession()) {
      for (int seed = 0; seed < INPUTS; seed++) {
        Networks.setRandomInputs(asm, new Random(seed));
        Networks.setRandomInputs(reference, new Random(seed));
        asm.invoke();
        reference.invoke();
        assertArrayEquals(
            Networks.outputs(reference), Networks.outputs(asm), name + ", seed " + seed);
      }
    }
  }
}
