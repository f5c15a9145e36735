package io.quern.kernels.asm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.format.tflite.TfliteReader;
import io.quern.model.Graph;
import io.quern.runtime.PlanOptions;
import io.quern.runtime.Planner;
import io.quern.runtime.Session;
import io.quern.runtime.Tiers;
import io.quern.testing.Networks;
import io.quern.testing.SmallModels;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.JRE;

/** Plans in JVMs that may not or cannot run machine code: one line says why, bytes are the same. */
@EnabledOnOs(architectures = "amd64")
class AsmFallbackTest {
  /** Prints why the tier is missing, then the tier of each step and a digest of the output. */
  static final class Child {
    private Child() {}

    public static void main(String[] args) {
      byte[] file = SmallModels.all().values().iterator().next();
      Graph graph = TfliteReader.read(ByteBuffer.wrap(file), "small");
      System.out.println(Tiers.whyMissing("asm"));
      try (Session session = Planner.plan(graph, PlanOptions.defaults()).newSession()) {
        Networks.setRandomInputs(session, new Random(1));
        session.invoke();
        session.plan().steps().forEach(step -> System.out.println(step.tier()));
        System.out.println("digest " + Arrays.hashCode(Networks.outputs(session)));
      }
    }
  }

  private static List<String> run(String... options) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(options));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Child.class.getName()));
    Process child = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(child.waitFor(60, TimeUnit.SECONDS));
    assertEquals(0, child.exitValue(), output);
    return output.lines().toList();
  }

  private static void fallsBack(String reason, String... options)
      throws IOException, InterruptedException {
    List<String> all = run("--enable-native-access=ALL-UNNAMED");
    List<String> without = run(options);
    assertEquals("null", all.get(0), "the tier runs here");
    assertTrue(without.get(0).startsWith(reason), without.toString());
    assertTrue(without.stream().noneMatch("asm"::equals), without.toString());
    assertEquals(all.size(), without.size(), without.toString());
    assertEquals(all.get(all.size() - 1), without.get(without.size() - 1));
  }

  @Test
  @EnabledForJreRange(min = JRE.JAVA_24)
  void nativeAccessDenied() throws IOException, InterruptedException {
    fallsBack("native access is denied: ", "--illegal-native-access=deny");
  }

  @Test
  void noInstructionsToUse() throws IOException, InterruptedException {
    fallsBack(
        "the processor has no AVX2",
        "--enable-native-access=ALL-UNNAMED",
        "-D" + CpuFeatures.PROPERTY + "=");
  }
}
