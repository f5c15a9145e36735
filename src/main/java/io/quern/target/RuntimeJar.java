package io.quern.target;

import io.quern.Model;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * The jar that loads, plans and runs, and nothing else: no writer of models, and so no FlatBuffers;
 * no debug tables ({@link DebugTables}); deflated as far as it goes. The same classes give the same
 * bytes.
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

  private static final LocalDateTime TIME = LocalDateTime.of(2026, 1, 1, 0, 0);

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
    return pack(manifest.getBytes(StandardCharsets.US_ASCII), classes);
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
    Files.write(jar, pack(manifestOf(jar), files));
  }

  private static byte[] manifestOf(Path jar) throws IOException {
    try (FileSystem zip = FileSystems.newFileSystem(jar)) {
      return Files.readAllBytes(zip.getPath("META-INF/MANIFEST.MF"));
    }
  }

  private static byte[] pack(byte[] manifest, Map<String, byte[]> files) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      zip.setLevel(Deflater.BEST_COMPRESSION);
      put(zip, "META-INF/MANIFEST.MF", manifest);
      for (Map.Entry<String, byte[]> e : files.entrySet()) {
        boolean isClass = e.getKey().endsWith(".class");
        put(zip, e.getKey(), isClass ? DebugTables.strip(e.getValue()) : e.getValue());
      }
    }
    return bytes.toByteArray();
  }

  private static void put(ZipOutputStream zip, String path, byte[] content) throws IOException {
    ZipEntry e = new ZipEntry(path);
    e.setTimeLocal(TIME);
    // With all sizes known beforehand, an entry is 16 bytes shorter.
    CRC32 sum = new CRC32();
    sum.update(content);
    e.setCrc(sum.getValue());
    e.setSize(content.length);
    e.setCompressedSize(deflatedBytes(content));
    zip.putNextEntry(e);
    zip.write(content);
    zip.closeEntry();
  }

  private static long deflatedBytes(byte[] content) {
    Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION, true);
    deflater.setInput(content);
    deflater.finish();
    byte[] some = new byte[1 << 16];
    while (!deflater.finished()) {
      deflater.deflate(some);
    }
    long bytes = deflater.getBytesWritten();
    deflater.end();
    return bytes;
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
