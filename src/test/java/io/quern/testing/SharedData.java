package io.quern.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Finds real networks that are too large for the repository: the folder named by the system
 * property or environment variable {@code quern.shared} / {@code QUERN_SHARED}, else {@code
 * ../shared/data} of the project or of a folder above it. Says loudly, once, when there is none.
 */
public final class SharedData {
  private static final Path FOLDER = find();

  private SharedData() {}

  /** The folder, when there is one. */
  public static Optional<Path> folder() {
    return Optional.ofNullable(FOLDER);
  }

  /** A file of the folder by its name, at any depth, when it is there. */
  public static Optional<Path> file(String name) {
    return files(name).stream().findFirst();
  }

  /** Every file whose name ends with the suffix, sorted; empty when there is no folder. */
  public static List<Path> files(String suffix) {
    if (FOLDER == null) {
      return List.of();
    }
    try (Stream<Path> all = Files.walk(FOLDER)) {
      return new ArrayList<>(
          all.filter(Files::isRegularFile)
              .filter(p -> p.getFileName().toString().endsWith(suffix))
              .sorted()
              .toList());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path find() {
    String named = System.getProperty("quern.shared", System.getenv("QUERN_SHARED"));
    if (named != null && !named.isEmpty()) {
      Path folder = Path.of(named);
      if (!Files.isDirectory(folder)) {
        throw new IllegalStateException("quern.shared: " + folder + " is not a folder");
      }
      return folder;
    }
    Path project = Path.of(System.getProperty("quern.basedir", "")).toAbsolutePath();
    for (Path p = project; p != null; p = p.getParent()) {
      Path candidate = p.resolveSibling("shared").resolve("data");
      if (p.getParent() != null && Files.isDirectory(candidate)) {
        return candidate;
      }
    }
    System.err.println(
        "*** NO SHARED DATA: ../shared/data is absent and -Dquern.shared is not set;"
            + " tests of real networks run on the embedded ones only ***");
    return null;
  }
}
