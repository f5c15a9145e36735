package io.quern.format.tflite;

import io.quern.model.Graph;
import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Writes TensorFlow Lite model files that TensorFlow Lite 2.21.0 loads and runs.
 *
 * <p>Tensors keep their indices and names; constants that operators need as configuration (axes,
 * paddings, shapes) follow after them, and so does a bias of zeros where CONV_2D has none.
 * Constants with equal bytes share one buffer. The same graph always gives the same bytes.
 * Thread-safe.
 */
public final class TfliteWriter {
  private TfliteWriter() {}

  /** The bytes of a model file. */
  public static byte[] write(Graph graph) {
    return new GraphWriter(graph).write();
  }

  /**
   * Writes a model file: first under a temporary name in the same folder, then moved, so that the
   * path never holds half a file.
   *
   * @throws IOException if the file cannot be written; the path is then as it was before
   */
  public static void write(Graph graph, Path path) throws IOException {
    byte[] bytes = write(graph);
    Path target = path.toAbsolutePath();
    Path temporary =
        target.resolveSibling(
            "."
                + target.getFileName()
                + "."
                + Long.toHexString(ThreadLocalRandom.current().nextLong())
                + ".tmp");
    try {
      Files.write(temporary, bytes, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      try {
        Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
      } catch (AtomicMoveNotSupportedException e) {
        Files.move(temporary, target, StandardCopyOption.REPLACE_EXISTING);
      }
    } finally {
      Files.deleteIfExists(temporary);
    }
  }
}
