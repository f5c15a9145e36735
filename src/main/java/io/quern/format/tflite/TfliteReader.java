package io.quern.format.tflite;

import io.quern.model.Graph;
import io.quern.model.ModelFormatException;
import io.quern.model.UnsupportedModelException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Reads TensorFlow Lite model files.
 *
 * <p>What changes on the way: operands that only configure an operator (axes, paddings, shapes)
 * become attributes; tensors that nothing refers to any more are dropped, the others keep their
 * order and names; a dynamic batch takes the size that the file states as shape, usually 1, and
 * SHAPE, STRIDED_SLICE and PACK that only carry it into a new shape are resolved; quantization
 * parameters of float and 64-bit tensors are dropped; so are signatures and metadata that is not
 * UTF-8 text. Constants are views of the bytes that were read.
 *
 * <p>A file may be hostile: whatever it contains, reading takes memory and time in proportion to
 * its size and ends with a graph or one of the two exceptions. Thread-safe.
 */
public final class TfliteReader {
  private TfliteReader() {}

  /**
   * Reads a model file into the heap.
   *
   * @param path of the file, at most 2 GiB
   * @throws IOException if the file cannot be read
   * @throws ModelFormatException if it is no TensorFlow Lite model or a malformed one; the message
   *     says where, which field and which value
   * @throws UnsupportedModelException if the model needs something that Quern lacks; the message
   *     names the operator and its index
   */
  public static Graph read(Path path) throws IOException {
    String source = String.valueOf(path.getFileName());
    ByteBuffer bytes;
    try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
      long size = file.size();
      if (size > Integer.MAX_VALUE - 8) {
        throw new UnsupportedModelException(
            source + ": " + size + " bytes; files of 2 GiB and more are not supported");
      }
      bytes = ByteBuffer.allocate((int) size);
      while (bytes.hasRemaining() && file.read(bytes) >= 0) {
        // Until the buffer is full or the file has shrunk.
      }
      bytes.flip();
    }
    return read(bytes, source);
  }

  /**
   * Reads a model from memory.
   *
   * @param bytes the file from position to limit; not copied, and must not change afterwards
   * @param source name of the file in messages
   * @throws ModelFormatException if the bytes are no TensorFlow Lite model or a malformed one
   * @throws UnsupportedModelException if the model needs something that Quern lacks
   */
  public static Graph read(ByteBuffer bytes, String source) {
    try {
      ForeignFiles.check(bytes);
      return new GraphReader(new FlatFile(bytes)).read();
    } catch (ModelFormatException e) {
      throw new ModelFormatException(source + ": " + e.getMessage(), e);
    } catch (UnsupportedModelException e) {
      throw new UnsupportedModelException(source + ": " + e.getMessage());
    }
  }
}
