package io.quern.format.tflite;

import io.quern.model.ModelFormatException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Tells a user what a file is when it is no TensorFlow Lite model. */
final class ForeignFiles {
  private static final int IDENTIFIER_AT = 4;

  /** Beginnings of files and what they are. */
  private static final String[][] BEGINNINGS = {
    {"\u0089PNG", "a PNG image"},
    {"\u00ff\u00d8\u00ff", "a JPEG image"},
    {"GIF8", "a GIF image"},
    {"BM", "a BMP image"},
    {"\u0089HDF", "an HDF5 file (Keras .h5)"},
    {"PK\u0003\u0004", "a ZIP archive (perhaps PyTorch or Keras)"},
    {"\u001f\u008b", "a gzip archive"},
    {"\u007fELF", "an ELF binary"},
    {"\u00ca\u00fe\u00ba\u00be", "a Java class"},
    {"\u0093NUMPY", "a NumPy array"},
    {"GGUF", "a GGUF model"},
    {"%PDF", "a PDF document"},
    {"version https://git-lfs", "a Git LFS pointer, not the file itself (run git lfs pull)"},
    {"<", "an HTML or XML document"},
  };

  private ForeignFiles() {}

  /**
   * Does nothing for a file with TensorFlow Lite's identifier.
   *
   * @throws ModelFormatException saying what the file looks like
   */
  static void check(ByteBuffer file) {
    int size = file.remaining();
    String head = latin1(file, 0, Math.min(size, 64));
    if (head.startsWith(Schema.IDENTIFIER, IDENTIFIER_AT)) {
      return;
    }
    throw new ModelFormatException(
        "not a TensorFlow Lite model: "
            + (size == 0 ? "the file is empty" : "it looks like " + describe(head)));
  }

  private static String describe(String head) {
    for (String[] b : BEGINNINGS) {
      if (head.startsWith(b[0])) {
        return b[1];
      }
    }
    // protobuf: field 1 (ir_version, or the saved model's version) as varint, then field 2.
    if (head.length() > 3 && head.charAt(0) == 0x08 && head.charAt(1) < 0x20) {
      return head.charAt(1) == 1 && head.charAt(2) == 0x12
          ? "a TensorFlow SavedModel"
          : "an ONNX model";
    }
    if (head.chars().allMatch(c -> c >= ' ' && c < 0x7f || c == '\n' || c == '\r' || c == '\t')) {
      return "text";
    }
    if (head.length() >= 8
        && head.substring(IDENTIFIER_AT, 8).chars().allMatch(Character::isLetterOrDigit)) {
      return "another FlatBuffers file, with identifier "
          + head.substring(IDENTIFIER_AT, 8)
          + " instead of "
          + Schema.IDENTIFIER;
    }
    return "none of the formats known here, without the identifier "
        + Schema.IDENTIFIER
        + " at byte "
        + IDENTIFIER_AT;
  }

  private static String latin1(ByteBuffer file, int from, int length) {
    byte[] b = new byte[length];
    file.slice().position(from).get(b);
    return new String(b, StandardCharsets.ISO_8859_1);
  }
}
