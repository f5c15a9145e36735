package io.quern.format.tflite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.runtime.Tiers;
import io.quern.testing.SmallModels;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import org.junit.jupiter.api.Test;

/**
 * Damaged model files. {@code -Dquern.fuzz.count=N} tries more or fewer than 100,000, {@code
 * -Dquern.fuzz.seed=N} others. A file that fails is left in {@code target/fuzz}; it belongs into
 * {@code src/test/resources/corrupt} once understood.
 */
class HostileFilesTest {
  private static final long COUNT = Long.getLong("quern.fuzz.count", 100_000);
  private static final long SEED = Long.getLong("quern.fuzz.seed", 1);

  @Test
  void damagedFilesWithin256MiB() throws IOException, InterruptedException {
    Path base = Path.of(System.getProperty("quern.basedir", ""));
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx256m", "-XX:+UseSerialGC"));
    command.addAll(List.of("--add-modules", "jdk.incubator.vector"));
    if (Runtime.version().feature() >= 22) {
      command.add("--enable-native-access=ALL-UNNAMED");
    }
    command.add("-Dquern.basedir=" + base);
    for (String name : List.of("quern.shared")) {
      if (System.getProperty(name) != null) {
        command.add("-D" + name + "=" + System.getProperty(name));
      }
    }
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(HostileFiles.class.getName());
    command.addAll(
        List.of(Long.toString(COUNT), Long.toString(SEED), base.resolve("target/fuzz").toString()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    int code = process.waitFor();
    System.out.println(output);
    assertEquals(0, code, output);
    assertTrue(output.contains("hostile files tried: " + COUNT), output);
    assertTrue(output.contains("tiers " + Tiers.available()), output);
  }

  @Test
  void earlierFindsStayFixed() {
    SortedMap<String, byte[]> corrupt = SmallModels.resources("/corrupt", ".tflite");
    assertFalse(corrupt.isEmpty());
    corrupt.forEach(
        (name, bytes) ->
            assertTimeout(Duration.ofSeconds(5), () -> HostileFiles.feed(bytes), name));
  }
}
