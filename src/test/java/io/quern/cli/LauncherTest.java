package io.quern.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.format.tflite.TfliteReader;
import io.quern.model.Graph;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The {@code quern} script, on a copy of it with a tools jar made from this test's class path. */
class LauncherTest {
  @TempDir Path temp;
  private Path home;
  private Path model;
  private Path input;

  private record Ran(int status, String out, String err) {}

  @BeforeEach
  void install() throws IOException {
    Path base = Path.of(System.getProperty("quern.basedir", "."));
    home = Files.createDirectories(temp.resolve("home"));
    Path script = Files.copy(base.resolve("quern"), home.resolve("quern"));
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
    makeJar(base, Files.createDirectory(home.resolve("target")).resolve("quern-tools.jar"));
    model = base.resolve("src/test/resources/tflite/average_pool_int8.tflite").toAbsolutePath();
    Graph graph = TfliteReader.read(model);
    int bytes = (int) graph.tensor(graph.inputs().get(0)).bytes();
    input = Files.write(temp.resolve("input.bin"), new byte[bytes]);
  }

  private static void makeJar(Path base, Path jar) throws IOException {
    Set<String> names = new HashSet<>();
    try (OutputStream file = Files.newOutputStream(jar);
        JarOutputStream out = new JarOutputStream(file)) {
      out.setLevel(Deflater.BEST_SPEED);
      for (String place : System.getProperty("java.class.path").split(File.pathSeparator)) {
        if (place.matches(".*(flatbuffers|commons-math|picocli).*[.]jar")) {
          try (JarFile from = new JarFile(place)) {
            for (JarEntry e : (Iterable<JarEntry>) from.stream()::iterator) {
              if (e.getName().endsWith(".class") && !e.getName().contains("module-info")) {
                try (InputStream in = from.getInputStream(e)) {
                  add(out, names, e.getName(), in.readAllBytes());
                }
              }
            }
          }
        }
      }
      addFolder(out, names, base.resolve("target/classes"), "");
      addFolder(out, names, base.resolve("calibration/fashion-mnist"), "io/quern/demo/");
    }
  }

  private static void addFolder(JarOutputStream out, Set<String> names, Path from, String to)
      throws IOException {
    try (Stream<Path> walk = Files.walk(from)) {
      for (Path p : walk.filter(Files::isRegularFile).toList()) {
        add(out, names, to + from.relativize(p), Files.readAllBytes(p));
      }
    }
  }

  private static void add(JarOutputStream out, Set<String> names, String name, byte[] content)
      throws IOException {
    if (names.add(name)) {
      out.putNextEntry(new JarEntry(name));
      out.write(content);
      out.closeEntry();
    }
  }

  private Ran quern(String cache, String toolOptions, String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(home.resolve("quern").toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder b = new ProcessBuilder(command);
    b.environment().put("QUERN_JAVA_HOME", System.getProperty("java.home"));
    b.environment().put("QUERN_CACHE", cache);
    b.environment().remove("QUERN_JAVA_OPTS");
    b.environment().remove("JAVA_TOOL_OPTIONS");
    if (toolOptions != null) {
      b.environment().put("JAVA_TOOL_OPTIONS", toolOptions);
    }
    b.redirectOutput(temp.resolve("out").toFile());
    b.redirectError(temp.resolve("err").toFile());
    int status = b.start().waitFor();
    return new Ran(
        status,
        Files.readString(temp.resolve("out"), StandardCharsets.UTF_8),
        Files.readString(temp.resolve("err"), StandardCharsets.UTF_8));
  }

  private List<Path> archives(Path cache) throws IOException {
    try (Stream<Path> files = Files.list(cache)) {
      return files.toList();
    }
  }

  @Test
  void recordsAnArchiveOnceAndUsesIt() throws Exception {
    Path cache = temp.resolve("cache");
    String[] run = {"run", model.toString(), "--raw-input", input.toString()};
    Ran without = quern("none", null, run);
    assertEquals(0, without.status, without.err);
    assertEquals("", without.err);
    Ran first = quern(cache.toString(), null, run);
    assertEquals(0, first.status, first.err);
    assertTrue(first.err.startsWith("quern: recording the classes"), first.err);
    assertEquals(without.out, first.out);
    List<Path> archives = archives(cache);
    assertEquals(1, archives.size(), archives.toString());
    assertTrue(Files.size(archives.get(0)) > 1_000_000, archives.toString());

    Path log = temp.resolve("classes.log");
    Ran second = quern(cache.toString(), "-Xlog:class+load:file=" + log, run);
    assertEquals(0, second.status, second.err);
    assertEquals(without.out, second.out);
    assertFalse(second.err.contains("recording"), second.err);
    // Picocli's classes as Maven Central has them are too old for archives, and so is what extends
    // them; the vector tier's lack their module.
    List<String> fromJar =
        Files.readAllLines(log).stream()
            .filter(line -> line.contains("io.quern.") && !line.contains("shared objects file"))
            .filter(line -> !line.contains("Lambda") && !line.contains("io.quern.cli."))
            .filter(line -> !line.contains("io.quern.kernels.vector."))
            .toList();
    assertEquals(List.of(), fromJar, "classes that were not in the archive");
    assertEquals(archives, archives(cache));

    // Another jar is another archive, in the same place.
    Path jar = home.resolve("target/quern-tools.jar");
    Files.setLastModifiedTime(jar, FileTime.fromMillis(1_700_000_000_000L));
    Ran changed = quern(cache.toString(), null, run);
    assertEquals(0, changed.status, changed.err);
    assertTrue(changed.err.startsWith("quern: recording the classes"), changed.err);
    assertEquals(archives, archives(cache));
    assertEquals("", quern(cache.toString(), null, run).err);
  }

  /** The JVM announces the vector tier's module, so only commands that plan get it. */
  @Test
  void commandsWithoutKernelsAreSilentOnStderr() throws Exception {
    String[][] silent = {
      {"--help"},
      {"bench", "--help"},
      {"targets"},
      {"cost", model.toString()},
      {"deploy", model.toString(), "--target", "pi-4", "-o", temp.resolve("bundle").toString()},
      {"run", model.toString(), "--raw-input", input.toString()},
    };
    for (String[] command : silent) {
      Ran ran = quern("none", null, command);
      assertEquals(0, ran.status, ran.err);
      assertEquals("", ran.err, String.join(" ", command));
    }
    Ran doctor = quern("none", null, "doctor", "--json");
    assertEquals(0, doctor.status, doctor.err);
    assertTrue(
        doctor.err.isEmpty() || doctor.err.matches("WARNING: Using incubator modules: .*\\R"),
        doctor.err);
  }

  @Test
  void startsFromAnywhereAndThroughALink() throws Exception {
    Path link = Files.createSymbolicLink(temp.resolve("link"), Path.of("home", "quern"));
    home = temp.resolve("none");
    for (String command :
        List.of(link.toString(), "./link", "home/quern", "../" + temp.getFileName() + "/link")) {
      ProcessBuilder b = new ProcessBuilder("sh", "-c", command + " --version");
      b.directory(temp.toFile());
      b.environment().put("QUERN_JAVA_HOME", System.getProperty("java.home"));
      b.environment().put("QUERN_CACHE", "none");
      b.redirectErrorStream(true);
      Process p = b.start();
      String printed = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertEquals(0, p.waitFor(), command + ": " + printed);
      assertTrue(printed.contains("quern "), command + ": " + printed);
    }
  }
}
