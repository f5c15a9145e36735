package io.quern.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The networks of one or two operators under {@code src/test/resources/tflite}, made by
 * TensorFlow's converter; {@code generate.py} beside them says how.
 */
public final class SmallModels {
  private SmallModels() {}

  /** The files' bytes by name. */
  public static SortedMap<String, byte[]> all() {
    return resources("/tflite", ".tflite");
  }

  /** Files of a folder of test resources by name. */
  public static SortedMap<String, byte[]> resources(String folder, String suffix) {
    SortedMap<String, byte[]> r = new TreeMap<>();
    try {
      Path path =
          Path.of(Objects.requireNonNull(SmallModels.class.getResource(folder), folder).toURI());
      try (Stream<Path> files = Files.list(path)) {
        for (Path p : files.filter(f -> f.toString().endsWith(suffix)).toList()) {
          r.put(p.getFileName().toString(), Files.readAllBytes(p));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
    return r;
  }
}
