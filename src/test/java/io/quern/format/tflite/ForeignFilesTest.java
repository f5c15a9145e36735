package io.quern.format.tflite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.model.ModelFormatException;
import io.quern.model.UnsupportedModelException;
import io.quern.testing.SmallModels;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that are no models get one line that says what they are. */
class ForeignFilesTest {
  private static final String PREFIX = "f: not a TensorFlow Lite model: ";

  @TempDir Path folder;

  @Test
  void namesWhatTheFileLooksLike() {
    assertMessage("the file is empty", "");
    assertMessage("it looks like a PNG image", "\u0089PNG\r\n\u001a\n\0\0\0\rIHDR");
    assertMessage("it looks like a JPEG image", "\u00ff\u00d8\u00ff\u00e0\0\u0010JFIF");
    assertMessage("it looks like a ZIP archive (perhaps PyTorch or Keras)", "PK\u0003\u0004abcd");
    assertMessage("it looks like an HDF5 file (Keras .h5)", "\u0089HDF\r\n\u001a\n");
    assertMessage("it looks like an ONNX model", "\b\u0008\u0012\u0007pytorch");
    assertMessage("it looks like a TensorFlow SavedModel", "\b\u0001\u0012\u0007abcdefg");
    assertMessage("it looks like text", "input,label\n0,1\n");
    assertMessage("it looks like an HTML or XML document", "<!DOCTYPE html><html>");
    assertMessage(
        "it looks like a Git LFS pointer, not the file itself (run git lfs pull)",
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n");
    assertMessage(
        "it looks like another FlatBuffers file, with identifier ORTM instead of TFL3",
        "\u0018\0\0\0ORTM\0\0\0\0");
    assertMessage(
        "it looks like none of the formats known here, without the identifier TFL3 at byte 4",
        "\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0000\u0001");
  }

  @Test
  void identifierAlone() {
    assertEquals("f: model: table at byte 28 lies outside the 8 bytes", read("\u001c\0\0\0TFL3"));
  }

  @Test
  void absentFile() {
    assertThrows(NoSuchFileException.class, () -> TfliteReader.read(folder.resolve("none")));
  }

  @Test
  void messageNamesTheFile() throws IOException {
    Path file = folder.resolve("photo.tflite");
    Files.write(file, new byte[0]);
    Exception e = assertThrows(ModelFormatException.class, () -> TfliteReader.read(file));
    assertEquals("photo.tflite: not a TensorFlow Lite model: the file is empty", e.getMessage());
  }

  @Test
  void everyPrefixIsRefused() {
    int[] tried = new int[1];
    SmallModels.all()
        .forEach(
            (name, bytes) -> {
              for (int n = 0; n < bytes.length; n++) {
                int length = n;
                // The last bytes may be padding that nothing refers to.
                boolean loaded = false;
                try {
                  TfliteReader.read(ByteBuffer.wrap(bytes, 0, n), name);
                  loaded = true;
                } catch (ModelFormatException | UnsupportedModelException e) {
                  assertTrue(
                      e.getMessage().startsWith(name + ": ") && !e.getMessage().contains("\n"),
                      () -> name + " cut to " + length + ": " + e.getMessage());
                }
                assertTrue(
                    !loaded || bytes.length - n < 8, () -> name + " cut to " + length + " loads");
                tried[0]++;
              }
            });
    System.out.println("truncated files tried: " + tried[0]);
    assertTrue(tried[0] > 50_000, () -> tried[0] + " prefixes");
  }

  private static void assertMessage(String expected, String content) {
    assertEquals(PREFIX + expected, read(content));
  }

  private static String read(String latin1) {
    ByteBuffer bytes = ByteBuffer.wrap(latin1.getBytes(StandardCharsets.ISO_8859_1));
    return assertThrows(ModelFormatException.class, () -> TfliteReader.read(bytes, "f"))
        .getMessage();
  }
}
