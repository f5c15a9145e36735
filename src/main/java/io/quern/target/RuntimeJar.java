package io.quern.target;

import io.quern.Model;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.CRC32;

/**
 * The jar that loads, plans and runs, and nothing else: no writer of models, and so no FlatBuffers;
 * class files made small ({@link ClassShrinker}); deflated as far as it goes. The same classes give
 * the same bytes.
 */
public final class RuntimeJar {
  private static final List<String> TOOLS =
      List.of(
          "calibrate/",
          "report/",
          "data/",
          "target/",
          "cli/",
          "format/tflite/TfliteWriter",
          "format/tflite/GraphWriter",
          "format/tflite/OperatorWriter",
          "format/tflite/OperatorVersions");

  /** What a bundle adds. */
  private static final List<String> ON_BOARD =
      List.of("target/OnBoard", "target/Machine", "target/Json");

  /** 2026-01-01 as DOS writes it. */
  private static final int DATE = 2026 - 1980 << 9 | 1 << 5 | 1;

  private RuntimeJar() {}

  /**
   * The runtime and {@link OnBoard}, from wherever this program's own classes come from.
   *
   * @param arch {@code os.arch} of the board: it does not get the machine code of others, nor a
   *     32-bit one any
   */
  static byte[] forBoard(String arch) throws IOException {
    Map<String, byte[]> classes = new TreeMap<>();
    for (Class<?> c : List.of(Model.class, OnBoard.class)) {
      collect(location(c), classes);
    }
    classes.keySet().removeIf(path -> isForeign(path, arch));
    String manifest =
        "Manifest-Version: 1.0\r\nMain-Class: " + OnBoard.class.getName() + "\r\n\r\n";
    return pack(manifest.getBytes(StandardCharsets.US_ASCII), classes, false);
  }

  /**
   * Makes the build's runtime artifact from what Maven packed: argument JAR, which is replaced by
   * one of the same manifest.
   */
  public static void main(String[] args) throws IOException {
    Path jar = Path.of(args[0]);
    Map<String, byte[]> files = new TreeMap<>();
    collect(jar, files);
    files.keySet().removeIf(path -> path.contains("io/quern/target/"));
    Files.write(jar, pack(manifestOf(jar), files, true));
  }

  private static byte[] manifestOf(Path jar) throws IOException {
    try (FileSystem zip = FileSystems.newFileSystem(jar)) {
      return Files.readAllBytes(zip.getPath("META-INF/MANIFEST.MF"));
    }
  }

  /** Deflates as far as it goes, which takes seconds, or as far as the JDK does. */
  private static byte[] pack(byte[] manifest, Map<String, byte[]> files, boolean farthest)
      throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ByteArrayOutputStream directory = new ByteArrayOutputStream();
    put(bytes, directory, "META-INF/MANIFEST.MF", manifest, farthest);
    for (Map.Entry<String, byte[]> e : files.entrySet()) {
      boolean isClass = e.getKey().endsWith(".class");
      byte[] content = isClass ? ClassShrinker.shrink(e.getValue()) : e.getValue();
      put(bytes, directory, e.getKey(), content, farthest);
    }
    int start = bytes.size();
    directory.writeTo(bytes);
    ByteBuffer end = ByteBuffer.allocate(22).order(ByteOrder.LITTLE_ENDIAN);
    short entries = (short) (files.size() + 1);
    end.putInt(0x06054b50).putInt(0).putShort(entries).putShort(entries);
    end.putInt(directory.size()).putInt(start).putShort((short) 0);
    bytes.write(end.array());
    return bytes.toByteArray();
  }

  /**
   * A file of a ZIP archive, and its line in the directory. The JDK writes 16 bytes more for each.
   * Source: APPNOTE.TXT of PKWARE, sections 4.3.7 and 4.3.12.
   */
  private static void put(
      ByteArrayOutputStream bytes,
      ByteArrayOutputStream directory,
      String path,
      byte[] content,
      boolean farthest)
      throws IOException {
    byte[] name = path.getBytes(StandardCharsets.US_ASCII);
    byte[] deflated = farthest ? OptimalDeflate.deflate(content) : OptimalDeflate.byTheJdk(content);
    CRC32 sum = new CRC32();
    sum.update(content);
    ByteBuffer common = ByteBuffer.allocate(26).order(ByteOrder.LITTLE_ENDIAN);
    common.putShort((short) 20).putShort((short) 0).putShort((short) 8); // version 2.0, deflated
    common.putShort((short) 0).putShort((short) DATE).putInt((int) sum.getValue());
    common.putInt(deflated.length).putInt(content.length);
    common.putShort((short) name.length).putShort((short) 0);
    ByteBuffer line = ByteBuffer.allocate(46).order(ByteOrder.LITTLE_ENDIAN);
    line.putInt(0x02014b50).putShort((short) 20).put(common.array());
    line.putInt(42, bytes.size());
    directory.write(line.array());
    directory.write(name);
    bytes.write(new byte[] {'P', 'K', 3, 4});
    bytes.write(common.array());
    bytes.write(name);
    bytes.write(deflated);
  }

  private static Path location(Class<?> c) {
    try {
      return Path.of(c.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(c.getName(), e);
    }
  }

  private static void collect(Path place, Map<String, byte[]> files) throws IOException {
    if (Files.isDirectory(place)) {
      collectBelow(place, files);
    } else {
      try (FileSystem jar =
          FileSystems.newFileSystem(URI.create("jar:" + place.toUri()), Map.of())) {
        collectBelow(jar.getPath("/"), files);
      }
    }
  }

  private static void collectBelow(Path root, Map<String, byte[]> files) throws IOException {
    try (Stream<Path> walk = Files.walk(root)) {
      walk.filter(Files::isRegularFile)
          .forEach(
              file -> {
                String path = root.relativize(file).toString();
                if (belongs(path)) {
                  try {
                    files.put(path, Files.readAllBytes(file));
                  } catch (IOException e) {
                    throw new UncheckedIOException(e);
                  }
                }
              });
    }
  }

  /** Whether a file of the class path goes to the board. */
  static boolean belongs(String path) {
    if (path.equals("META-INF/LICENSE")) {
      return true;
    }
    if (!path.matches("io/quern/.*\\.class") || path.endsWith("package-info.class")) {
      return false;
    }
    String own = path.substring("io/quern/".length());
    return isOneOf(ON_BOARD, own) || !isOneOf(TOOLS, own);
  }

  /** Whether a class is of the asm tier and of no use on an architecture. */
  static boolean isForeign(String path, String arch) {
    if (!path.startsWith("io/quern/kernels/asm/")) {
      return false;
    }
    return switch (arch) {
      case "aarch64" -> path.contains("X86");
      case "amd64" -> path.contains("A64");
      case "arm" -> true;
      default -> false;
    };
  }

  /** Whether a class is one of those named, or nested in one, or below a folder named. */
  private static boolean isOneOf(List<String> names, String path) {
    return names.stream()
        .anyMatch(
            name ->
                name.endsWith("/")
                    ? path.startsWith(name)
                    : path.equals(name + ".class") || path.startsWith(name + "$"));
  }
}
