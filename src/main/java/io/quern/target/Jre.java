package io.quern.target;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.module.InvalidModuleDescriptorException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * A trimmed Java runtime for a bundle, made by jlink from the jmods of the target's JDK or, for a
 * board of this machine's architecture, from the JDK that this runs on.
 */
public final class Jre {
  private static final List<String> MODULES =
      List.of("java.base", "jdk.unsupported", "jdk.incubator.vector");

  private Jre() {}

  private static Path ownJmods() {
    return Path.of(System.getProperty("java.home"), "jmods");
  }

  /**
   * Whether the JDK that this runs on can make a runtime for a board without other jmods: the
   * architectures are the same, and it has jmods of its own or, from Java 24 on, may link without
   * (JEP 493; not every JDK is built that way, and jlink says so).
   */
  public static boolean isOwnFor(Board board) {
    return board.arch().equals(System.getProperty("os.arch"))
        && (Files.exists(ownJmods().resolve("java.base.jmod"))
            || Runtime.version().feature() >= 24);
  }

  /**
   * Looks at jmods before anything is written.
   *
   * @param jmods as {@link #write} takes them
   * @param board what the runtime is for
   * @throws IOException if they are not those of a JDK of this release for such a machine, with
   *     what they are
   */
  public static void check(Path jmods, Board board) throws IOException {
    int release = Runtime.version().feature();
    String wanted = "those of a JDK " + release + " for " + board.arch();
    if (jmods == null) {
      if (!isOwnFor(board)) {
        throw new IOException("this JDK has no jmods for " + board.arch() + "; give " + wanted);
      }
      return;
    }
    Path base = jmods.resolve("java.base.jmod");
    if (!Files.exists(base)) {
      throw new IOException(jmods + ": no java.base.jmod in it; give " + wanted);
    }
    try (ZipFile zip = new ZipFile(base.toFile())) {
      String found = arch(zip);
      Optional<ModuleDescriptor.Version> version = descriptor(zip).version();
      String of = version.map(ModuleDescriptor.Version::toString).orElse("an unknown release");
      if (!of.matches(release + "([^0-9].*)?") || !found.equals(board.arch())) {
        throw new IOException(jmods + ": of Java " + of + " for " + found + "; give " + wanted);
      }
    } catch (ZipException | InvalidModuleDescriptorException e) {
      throw new IOException(base + ": not a module file: " + e.getMessage(), e);
    }
  }

  private static ModuleDescriptor descriptor(ZipFile jmod) throws IOException {
    try (InputStream in = open(jmod, "classes/module-info.class")) {
      return ModuleDescriptor.read(in);
    }
  }

  /** The architecture in Java's words, from the header of the JVM's ELF file. */
  private static String arch(ZipFile jmod) throws IOException {
    try (InputStream in = open(jmod, "lib/server/libjvm.so")) {
      byte[] header = in.readNBytes(20);
      int machine = header.length < 20 ? 0 : header[18] & 255 | (header[19] & 255) << 8;
      return switch (machine) {
        case 0x28 -> "arm";
        case 0x3e -> "amd64";
        case 0xb7 -> "aarch64";
        default -> "ELF machine " + machine;
      };
    }
  }

  private static InputStream open(ZipFile zip, String name) throws IOException {
    ZipEntry entry = zip.getEntry(name);
    if (entry == null) {
      throw new IOException(zip.getName() + ": no " + name + " in it: not of a JDK for Linux");
    }
    return zip.getInputStream(entry);
  }

  /**
   * Writes the folder {@code jre} into a bundle's, where its launch script looks first.
   *
   * @param jmods folder of {@code .jmod} files for the board's architecture, of the Java release
   *     that this runs on, which {@link #check} found good; null for this JDK's own
   * @param bundle folder of the bundle
   * @return bytes written
   * @throws IOException if jlink fails, with what it printed, or is not there
   */
  public static long write(Path jmods, Path bundle) throws IOException {
    ToolProvider jlink =
        ToolProvider.findFirst("jlink")
            .orElseThrow(
                () -> new IOException("this Java has no jlink: run with a JDK, not a JRE"));
    Path jre = bundle.resolve("jre");
    if (Files.exists(jre)) {
      throw new IOException(jre + " exists already: remove it first");
    }
    Path from = jmods == null ? ownJmods() : jmods;
    List<String> arguments = new ArrayList<>();
    if (Files.exists(from)) {
      arguments.addAll(List.of("--module-path", from.toString()));
    }
    boolean old = Runtime.version().feature() < 21;
    arguments.addAll(
        List.of(
            "--add-modules",
            String.join(",", modules(from)),
            "--strip-java-debug-attributes",
            "--no-header-files",
            "--no-man-pages",
            "--exclude-files",
            "**.debuginfo", // some JDKs have them in their jmods: 600 MB
            "--compress",
            old ? "2" : "zip-6",
            "--output",
            jre.toString()));
    StringWriter printed = new StringWriter();
    PrintWriter out = new PrintWriter(printed);
    int status = jlink.run(out, out, arguments.toArray(String[]::new));
    if (status != 0) {
      throw new IOException("jlink: " + printed.toString().strip());
    }
    long bytes = 0;
    try (Stream<Path> walk = Files.walk(jre)) {
      for (Path p : walk.filter(Files::isRegularFile).toList()) {
        bytes += Files.size(p);
      }
    }
    return bytes;
  }

  /** Those of the modules wanted that there are. */
  private static List<String> modules(Path jmods) {
    return MODULES.stream()
        .filter(
            m ->
                Files.exists(jmods)
                    ? Files.exists(jmods.resolve(m + ".jmod"))
                    : ModuleFinder.ofSystem().find(m).isPresent())
        .toList();
  }
}
