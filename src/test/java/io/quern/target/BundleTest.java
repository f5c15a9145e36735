package io.quern.target;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.testing.SharedData;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BundleTest {
  private static final String MODEL = "average_pool_int8.tflite";

  /** With the machine code of this machine instead of the board's. */
  private static final String ARCH = System.getProperty("os.arch");

  @TempDir Path temp;

  private static Path model() {
    return Path.of(System.getProperty("quern.basedir", "."), "src/test/resources/tflite", MODEL);
  }

  private record Run(int status, byte[] out, String errors) {}

  private Run run(Path folder, String... arguments) throws IOException, InterruptedException {
    Process p = start(folder, arguments);
    byte[] out = p.getInputStream().readAllBytes();
    int status = p.waitFor();
    return new Run(status, out, Files.readString(temp.resolve("errors")));
  }

  private Process start(Path folder, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(folder.resolve("run").toString()));
    command.addAll(Arrays.asList(arguments));
    ProcessBuilder b = new ProcessBuilder(command);
    b.environment().put("QUERN_JAVA", System.getProperty("java.home") + "/bin/java");
    b.environment().put("QUERN_JAVA_OPTS", "-XX:ActiveProcessorCount=4");
    b.environment().put("QUERN_CACHE", temp.resolve("cache").toString());
    b.redirectError(temp.resolve("errors").toFile());
    return b.start();
  }

  private Path folder() throws IOException {
    Path folder = temp.resolve("bundle");
    new Bundle(model(), Board.find("pi-4"), null, ARCH).writeFolder(folder);
    return folder;
  }

  @Test
  void checksItselfWithAndWithoutArchive() throws Exception {
    Path folder = folder();
    for (int i = 0; i < 2; i++) {
      Run r = run(folder, "check");
      assertEquals(0, r.status, r.errors);
      assertTrue(r.errors.contains("self-check passed: 3 inputs, the same bytes"), r.errors);
      assertEquals(0, r.out.length);
    }
    try (var files = Files.list(temp.resolve("cache"))) {
      List<Path> archives = files.toList();
      assertEquals(1, archives.size(), archives.toString());
      assertTrue(Files.size(archives.get(0)) > 100_000, archives.toString());
    }
  }

  @Test
  void refusesToStartOnWrongBytes() throws Exception {
    Path folder = folder();
    byte[] expected = Files.readAllBytes(folder.resolve("check/output-1.bin"));
    expected[0] ^= 1;
    Files.write(folder.resolve("check/output-1.bin"), expected);
    Run r = run(folder, "infer", folder.resolve("check/input-0.bin").toString());
    assertEquals(1, r.status, r.errors);
    assertTrue(r.errors.contains("self-check FAILED: input 1, byte 0"), r.errors);
    assertEquals(0, r.out.length);
  }

  @Test
  void infersAndServesTheRecordedBytes() throws Exception {
    Path folder = folder();
    String input = folder.resolve("check/input-2.bin").toString();
    byte[] expected = Files.readAllBytes(folder.resolve("check/output-2.bin"));
    Run inferred = run(folder, "infer", input);
    assertEquals(0, inferred.status, inferred.errors);
    assertArrayEquals(expected, inferred.out);
    Path socket = temp.resolve("s");
    Process server = start(folder, "serve", socket.toString());
    try {
      connect(socket).close();
      Run called = run(folder, "call", socket.toString(), input);
      assertEquals(0, called.status, called.errors);
      assertArrayEquals(expected, called.out);
      long kib = residentKib(server.pid());
      assertTrue(kib > 0 && kib <= 64 * 1024, "resident " + kib + " KiB");
    } finally {
      server.destroy();
      server.waitFor();
    }
  }

  /** A service that has answered until its code is compiled, on a board's four cores. */
  @Test
  void residentMemoryOfTheServiceFitsItsBudget() throws Exception {
    Path folder = temp.resolve("service");
    Path vww = SharedData.file("vww_96_int8.tflite").orElse(model());
    Bundle bundle = new Bundle(vww, Board.find("pi-4"), null, ARCH);
    bundle.writeFolder(folder);
    byte[] request = Files.readAllBytes(folder.resolve("check/input-1.bin"));
    byte[] expected = Files.readAllBytes(folder.resolve("check/output-1.bin"));
    Path socket = temp.resolve("m");
    Process server = start(folder, "serve", socket.toString());
    try {
      try (SocketChannel c = connect(socket)) {
        for (int i = 0; i < 2000; i++) {
          c.write(ByteBuffer.wrap(request));
          ByteBuffer reply = ByteBuffer.allocate(expected.length);
          while (reply.hasRemaining() && c.read(reply) >= 0) {
            assertTrue(reply.position() > 0);
          }
          assertArrayEquals(expected, reply.array());
        }
      }
      long kib = residentKib(server.pid());
      System.out.println("service of " + bundle.name() + ": resident at most " + kib + " KiB");
      assertTrue(kib > 0 && kib <= 64 * 1024, "resident " + kib + " KiB");
    } finally {
      server.destroy();
      server.waitFor();
    }
  }

  /** Connects once the service listens, which is a moment after its socket is there. */
  private static SocketChannel connect(Path socket) throws Exception {
    for (int i = 0; ; i++) {
      try {
        return SocketChannel.open(UnixDomainSocketAddress.of(socket));
      } catch (IOException e) {
        if (i == 600) {
          throw e;
        }
        Thread.sleep(50);
      }
    }
  }

  private static long residentKib(long pid) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/status"))) {
      if (line.startsWith("VmHWM:")) {
        return Long.parseLong(line.replaceAll("[^0-9]", ""));
      }
    }
    return 0;
  }

  @Test
  void wrongLengthAndWrongCommandAreRefused() throws Exception {
    Path folder = folder();
    Path tooShort = Files.write(temp.resolve("short"), new byte[3]);
    Run r = run(folder, "infer", tooShort.toString());
    assertEquals(1, r.status, r.errors);
    assertTrue(r.errors.contains("this has 3"), r.errors);
    Run unknown = run(folder, "fly");
    assertEquals(2, unknown.status, unknown.errors);
    assertTrue(unknown.errors.contains("usage: run check"), unknown.errors);
  }

  @Test
  void measures() throws Exception {
    Run r = run(folder(), "bench", "5");
    assertEquals(0, r.status, r.errors);
    String json = new String(r.out, StandardCharsets.UTF_8);
    assertTrue(json.contains("\"medianNanos\": ") && json.contains("\"runs\": 5"), json);
  }

  @Test
  void sameModelSameBytes() throws IOException {
    Bundle a = new Bundle(model(), Board.find("pi-5"), null);
    Bundle b = new Bundle(model(), Board.find("pi-5"), null);
    assertArrayEquals(a.tarGz(), b.tarGz());
    assertArrayEquals(a.deb(), b.deb());
    assertEquals("average-pool-int8", a.name());
  }

  @Test
  void stockToolsReadTheArchives() throws Exception {
    Bundle bundle = new Bundle(model(), Board.find("pi-4"), "pool");
    Path tar = Files.write(temp.resolve("b.tar.gz"), bundle.tarGz());
    Path out = Files.createDirectory(temp.resolve("out"));
    assertEquals(0, tool("tar", "-xzf", tar.toString(), "-C", out.toString()));
    assertEquals(0, tool("sh", "-c", "cd '" + out + "/pool' && sha256sum -c SHA256SUMS"));
    assertTrue(Files.isExecutable(out.resolve("pool/run")));
    Path deb = Files.write(temp.resolve(bundle.debName()), bundle.deb());
    byte[] bytes = Files.readAllBytes(deb);
    assertEquals("!<arch>\ndebian-binary   ", new String(bytes, 0, 24, StandardCharsets.US_ASCII));
    if (Files.exists(Path.of("/usr/bin/dpkg-deb"))) {
      Path unpacked = temp.resolve("deb");
      assertEquals(0, tool("dpkg-deb", "-R", deb.toString(), unpacked.toString()));
      assertEquals(0, tool("sh", "-c", "cd '" + unpacked + "' && md5sum -c DEBIAN/md5sums"));
      Path unit = unpacked.resolve("usr/lib/systemd/system/quern-pool.service");
      assertTrue(Files.exists(unit));
      Path sums = unpacked.resolve("opt/quern/pool/SHA256SUMS");
      String text = Files.readString(sums);
      assertTrue(text.contains("  /usr/lib/systemd/system/quern-pool.service\n"), text);
      Files.writeString(sums, text.replace("  /usr", "  " + unpacked + "/usr"));
      assertEquals(0, tool("sh", "-c", "cd '" + sums.getParent() + "' && sha256sum -c SHA256SUMS"));
      assertTrue(
          Files.readString(unpacked.resolve("DEBIAN/control")).contains("Package: quern-pool\n"));
    }
  }

  /** Other contents are another version; a given one is in the name and in the package. */
  @Test
  void versionOfThePackage() throws IOException {
    Bundle four = new Bundle(model(), Board.find("pi-4"), "pool");
    Bundle five = new Bundle(model(), Board.find("pi-5"), "pool");
    assertNotEquals(four.debName(), five.debName());
    four.setVersion("2.0~rc1-3");
    assertEquals("quern-pool_2.0~rc1-3_all.deb", four.debName());
    for (String bad : List.of("", "v1", "1 2", "1:2", "1_2", "1-", "1\nDepends: x")) {
      assertThrows(IllegalArgumentException.class, () -> five.setVersion(bad), bad);
    }
  }

  private int tool(String... command) throws IOException, InterruptedException {
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(temp.resolve("tool.log").toFile())
        .start()
        .waitFor();
  }

  @Test
  void visualWakeWordsFitsItsBudget() throws IOException {
    Path vww = SharedData.file("vww_96_int8.tflite").orElse(null);
    Bundle bundle = new Bundle(vww == null ? model() : vww, Board.find("pi-zero-2w"), null);
    int total = bundle.sizes().values().stream().mapToInt(Integer::intValue).sum();
    assertTrue(total <= 1_500_000, "bundle " + total + " bytes: " + bundle.sizes());
    assertEquals(List.of(), bundle.warnings());
  }

  /** What jlink would have written goes into the archives, and the package needs no other Java. */
  @Test
  void javaRuntimeInTheArchives() throws Exception {
    Path jre = Files.createDirectories(temp.resolve("jre"));
    Files.createDirectories(jre.resolve("bin"));
    Path java = Files.writeString(jre.resolve("bin/java"), "#!/bin/sh\n");
    Files.setPosixFilePermissions(java, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.writeString(jre.resolve("release"), "JAVA_VERSION=\"25\"\n");
    Bundle bundle = new Bundle(model(), Board.find("pi-4"), "pool");
    assertTrue(bundle.debName().endsWith("_all.deb"), bundle.debName());
    bundle.addJre(jre);
    assertTrue(bundle.debName().endsWith("_arm64.deb"), bundle.debName());
    Path tar = Files.write(temp.resolve("b.tar.gz"), bundle.tarGz());
    Path out = Files.createDirectory(temp.resolve("out"));
    assertEquals(0, tool("tar", "-xzf", tar.toString(), "-C", out.toString()));
    assertTrue(Files.isExecutable(out.resolve("pool/jre/bin/java")));
    assertFalse(Files.isExecutable(out.resolve("pool/jre/release")));
    Path deb = Files.write(temp.resolve(bundle.debName()), bundle.deb());
    if (Files.exists(Path.of("/usr/bin/dpkg-deb"))) {
      Path unpacked = temp.resolve("deb");
      assertEquals(0, tool("dpkg-deb", "-R", deb.toString(), unpacked.toString()));
      String control = Files.readString(unpacked.resolve("DEBIAN/control"));
      assertTrue(control.contains("Architecture: arm64\n"), control);
      assertFalse(control.contains("jre-headless"), control);
      assertTrue(Files.isExecutable(unpacked.resolve("opt/quern/pool/jre/bin/java")));
    }
  }

  @Test
  void namesAreChecked() {
    assertEquals("my-model-int8", Bundle.nameOf(Path.of("/a/My_Model.int8.tflite")));
    assertEquals("model", Bundle.nameOf(Path.of("___.tflite")));
    for (String bad : List.of("", "A", "a b", "-a", "a/b", "a;b", "x".repeat(62))) {
      assertThrows(
          IllegalArgumentException.class, () -> new Bundle(model(), Board.find("pi-4"), bad), bad);
    }
  }

  @Test
  void longPathsInTar() {
    String fits = "a".repeat(90) + "/" + "b".repeat(90);
    assertTrue(tarAccepts(fits));
    assertFalse(tarAccepts("a".repeat(101)));
    assertFalse(tarAccepts("a".repeat(200) + "/b"));
  }

  private static boolean tarAccepts(String path) {
    try {
      return Archives.tarGz(Map.of(path, Archives.Entry.text("x"))).length > 0;
    } catch (IllegalArgumentException e) {
      return false;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
