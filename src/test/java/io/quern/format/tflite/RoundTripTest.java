package io.quern.format.tflite;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.quern.model.Graph;
import io.quern.testing.Graphs;
import io.quern.testing.SharedData;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is read, written and read again is the same. */
class RoundTripTest {
  @TempDir Path folder;

  @Test
  void realNetworks() throws IOException {
    List<Path> files = SharedData.files(".tflite");
    for (Path file : files) {
      Graph first = TfliteReader.read(file);
      byte[] written = TfliteWriter.write(first);
      Graph second = TfliteReader.read(ByteBuffer.wrap(written), "written");
      Graphs.assertSame(first, second, file.getFileName().toString());
      assertArrayEquals(written, TfliteWriter.write(second), "the same graph gives other bytes");
      Path copy = folder.resolve("copy.tflite");
      TfliteWriter.write(first, copy);
      assertArrayEquals(written, Files.readAllBytes(copy));
    }
    try (var left = Files.list(folder)) {
      assertEquals(files.isEmpty() ? 0 : 1, left.count(), "temporary files are left behind");
    }
  }
}
