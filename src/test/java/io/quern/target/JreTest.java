package io.quern.target;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JreTest {
  private static final Path MODEL =
      Path.of(
          System.getProperty("quern.basedir", "."),
          "src/test/resources/tflite/average_pool_int8.tflite");

  @TempDir Path temp;

  private static Board own() {
    return Board.find(
        System.getProperty("os.arch").equals("aarch64") ? "aarch64-server" : "x86-64-desk");
  }

  private String run(Path folder, String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(folder.resolve("run").toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder b = new ProcessBuilder(command).redirectErrorStream(true);
    b.environment().keySet().removeAll(List.of("JAVA_HOME", "QUERN_JAVA", "QUERN_JAVA_OPTS"));
    b.environment().put("QUERN_CACHE", temp.resolve("cache").toString());
    Process p = b.start();
    String printed = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, p.waitFor(), printed);
    return printed;
  }

  /** The bundle runs, with this runtime and not with the Java that would else be found. */
  @Test
  void whatJlinkMakesRunsTheBundle() throws Exception {
    assertTrue(Jre.isOwnFor(own()), "no jmods in " + System.getProperty("java.home"));
    Path folder = temp.resolve("bundle");
    Bundle bundle = new Bundle(MODEL, own(), null);
    bundle.writeFolder(folder);
    long bytes = Jre.write(null, folder);
    System.out.println("Java runtime of a bundle: " + bytes + " bytes");
    assertTrue(bytes > 10_000_000 && bytes <= 64_000_000, bytes + " bytes");
    bundle.addJre(folder.resolve("jre"));
    String printed = run(folder, "check");
    assertTrue(printed.contains("self-check passed: 3 inputs, the same bytes"), printed);
    try (var archives = Files.list(temp.resolve("cache"))) {
      assertTrue(archives.count() > 0);
    }
    assertTrue(run(folder, "bench", "5").contains("\"runs\": 5"));
    Files.delete(folder.resolve("jre/bin/java"));
    Files.writeString(folder.resolve("jre/bin/java"), "#!/bin/sh\necho another\n");
    assertTrue(folder.resolve("jre/bin/java").toFile().setExecutable(true));
    assertEquals("another\n", run(folder, "check"));
    assertThrows(IOException.class, () -> Jre.write(null, folder), "exists already");
  }

  @Test
  void otherArchitecturesNeedTheirJmods() throws IOException {
    String other = System.getProperty("os.arch").equals("aarch64") ? "x86-64-desk" : "pi-4";
    assertFalse(Jre.isOwnFor(Board.find(other)));
    Path empty = Files.createDirectory(temp.resolve("empty"));
    IOException e = assertThrows(IOException.class, () -> Jre.write(empty, temp));
    assertTrue(e.getMessage().contains("no java.base.jmod"), e.getMessage());
  }
}
