package io.quern.target;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
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
    assertRefused(null, other, "this JDK has no jmods for " + Board.find(other).arch());
    Path jmods = Files.createDirectory(temp.resolve("jmods"));
    assertRefused(jmods, other, "no java.base.jmod in it");
    Path base = jmods.resolve("java.base.jmod");
    Files.writeString(base, "not a module");
    assertRefused(jmods, other, base + ": not a module file");
    int release = Runtime.version().feature();
    String arch = Board.find(other).arch();
    writeModule(base, arch, String.valueOf(release - 1));
    assertRefused(jmods, other, "of Java " + (release - 1) + " for " + arch + "; give those of");
    writeModule(base, arch, release + "0");
    assertRefused(jmods, other, "of Java " + release + "0 for " + arch);
    writeModule(base, arch.equals("amd64") ? "aarch64" : "amd64", release + ".0.1");
    assertRefused(jmods, other, "; give those of a JDK " + release + " for " + arch);
    writeModule(base, arch, release + ".0.1");
    Jre.check(jmods, Board.find(other));
  }

  private static void assertRefused(Path jmods, String board, String why) {
    IOException e = assertThrows(IOException.class, () -> Jre.check(jmods, Board.find(board)));
    assertTrue(e.getMessage().contains(why), e.getMessage());
  }

  /** What {@link Jre#check} reads of a module file: a zip after four bytes. */
  private static void writeModule(Path file, String arch, String version) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.write(new byte[] {'J', 'M', 1, 0});
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      zip.putNextEntry(new ZipEntry("classes/module-info.class"));
      zip.write(moduleInfo(version));
      zip.putNextEntry(new ZipEntry("lib/server/libjvm.so"));
      byte[] elf = new byte[64];
      elf[18] = (byte) (arch.equals("amd64") ? 0x3e : 0xb7);
      zip.write(elf);
    }
    Files.write(file, bytes.toByteArray());
  }

  /** The class file of {@code module java.base@version}. */
  private static byte[] moduleInfo(String version) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeInt(0xCAFEBABE);
    out.writeInt(61);
    out.writeShort(7);
    for (String s : List.of("Module", "java.base", version, "module-info")) {
      out.writeByte(1);
      out.writeUTF(s);
    }
    out.writeByte(19); // 5: module 2
    out.writeShort(2);
    out.writeByte(7); // 6: class 4
    out.writeShort(4);
    out.writeShort(0x8000);
    out.writeShort(6);
    for (int i = 0; i < 4; i++) {
      out.writeShort(0); // no super class, interfaces, fields, methods
    }
    out.writeShort(1);
    out.writeShort(1);
    out.writeInt(16);
    out.writeShort(5);
    out.writeShort(0);
    out.writeShort(3);
    for (int i = 0; i < 5; i++) {
      out.writeShort(0); // requires, exports, opens, uses, provides
    }
    return bytes.toByteArray();
  }
}
