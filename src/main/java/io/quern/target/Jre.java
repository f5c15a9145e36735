package io.quern.target;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;

/** A trimmed Java runtime for a bundle, made by jlink from the jmods of the target's JDK. */
public final class Jre {
  private static final List<String> MODULES =
      List.of("java.base", "jdk.unsupported", "jdk.incubator.vector");

  private Jre() {}

  /**
   * The jmods of the JDK that this runs on, when it has them and the board has the same
   * architecture.
   */
  public static Optional<Path> ownJmods(Board board) {
    Path jmods = Path.of(System.getProperty("java.home"), "jmods");
    boolean same = board.arch().equals(System.getProperty("os.arch"));
    return same && Files.exists(jmods.resolve("java.base.jmod"))
        ? Optional.of(jmods)
        : Optional.empty();
  }

  /**
   * Writes the folder {@code jre} into a bundle's, where its launch script looks first.
   *
   * @param jmods folder of {@code .jmod} files for the board's architecture, of the Java release
   *     that this runs on
   * @param bundle folder of the bundle
   * @return bytes written
   * @throws IOException if jlink fails, with what it printed, or is not there
   */
  public static long write(Path jmods, Path bundle) throws IOException {
    ToolProvider jlink =
        ToolProvider.findFirst("jlink")
            .orElseThrow(
                () -> new IOException("this Java has no jlink: run with a JDK, not a JRE"));
    if (!Files.exists(jmods.resolve("java.base.jmod"))) {
      throw new IOException(jmods + ": no java.base.jmod in it");
    }
    Path jre = bundle.resolve("jre");
    if (Files.exists(jre)) {
      throw new IOException(jre + " exists already: remove it first");
    }
    List<String> modules = new ArrayList<>();
    for (String m : MODULES) {
      if (Files.exists(jmods.resolve(m + ".jmod"))) {
        modules.add(m);
      }
    }
    boolean strip = Runtime.version().feature() < 21;
    StringWriter printed = new StringWriter();
    PrintWriter out = new PrintWriter(printed);
    int status =
        jlink.run(
            out,
            out,
            "--module-path",
            jmods.toString(),
            "--add-modules",
            String.join(",", modules),
            "--strip-java-debug-attributes",
            "--no-header-files",
            "--no-man-pages",
            "--compress",
            strip ? "2" : "zip-6",
            "--output",
            jre.toString());
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
}
