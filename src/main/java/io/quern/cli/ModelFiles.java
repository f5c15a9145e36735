package io.quern.cli;

import io.quern.format.tflite.TfliteReader;
import io.quern.format.tflite.TfliteWriter;
import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.ModelFormatException;
import io.quern.model.UnsupportedModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads and writes models, with the file's name in every message. */
final class ModelFiles {
  private ModelFiles() {}

  /** The graph in a file. */
  static Graph read(Path file) throws IOException {
    if (!Files.exists(file)) {
      throw new Failure(file + ": no such file");
    }
    if (Files.isDirectory(file)) {
      throw new Failure(file + ": a folder, not a model");
    }
    try {
      return TfliteReader.read(file);
    } catch (ModelFormatException | UnsupportedModelException | IllegalArgumentException e) {
      String message = String.valueOf(e.getMessage());
      throw new Failure(
          message.contains(String.valueOf(file.getFileName())) ? message : file + ": " + message,
          e);
    }
  }

  /** Name under which reports show a file. */
  static String name(Path file) {
    return String.valueOf(file.getFileName());
  }

  /** Name without {@code .tflite}. */
  static String stem(Path file) {
    return name(file).replaceAll("\\.tflite$", "");
  }

  /** Whether inputs and weights are all float, so that the graph can be calibrated. */
  static boolean isFloat(Graph g) {
    return g.tensors().stream().noneMatch(t -> t.type().isQuantized8() && t.quantization() != null)
        && g.inputs().stream().allMatch(t -> g.tensor(t).type() == DataType.FLOAT32);
  }

  /** Fails early when a file could not be written later. */
  static void requireWritable(Path output, Path input) throws IOException {
    Path folder = output.toAbsolutePath().getParent();
    if (Files.isDirectory(output)) {
      throw new Failure(output + ": a folder; give the name of a file");
    }
    if (folder == null || !Files.isDirectory(folder)) {
      throw new Failure(output + ": the folder " + folder + " does not exist");
    }
    if (!Files.isWritable(folder)) {
      throw new Failure(output + ": the folder " + folder + " cannot be written to");
    }
    if (input != null && Files.exists(output) && Files.isSameFile(output, input)) {
      throw new Failure(output + ": is the input; choose another name");
    }
  }

  /** Size of the file that a graph makes. */
  static long bytes(Graph g) {
    return TfliteWriter.write(g).length;
  }
}
