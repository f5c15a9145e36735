package io.quern.target;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/**
 * Leaves the debug attributes (line numbers, local variables, file name) out of a class file, a
 * tenth of its compressed size, and what it says of nested classes that are others' and only used
 * here. Everything else keeps its bytes, the constants that only named those attributes excepted:
 * they become empty, so that no other constant is renumbered. Stack traces then name classes and
 * methods, not lines.
 *
 * <p>Source: The Java Virtual Machine Specification, chapter 4.
 */
final class DebugTables {
  private static final Set<String> DEBUG =
      Set.of("SourceFile", "LineNumberTable", "LocalVariableTable", "LocalVariableTypeTable");

  private static final int MAGIC = 0xCAFEBABE;
  private static final int UTF8 = 1;
  private static final int LONG = 5;
  private static final int DOUBLE = 6;

  private final ByteBuffer in;
  private final DataOutputStream out;
  private final String[] utf8;

  /** Constant that names the class itself; 0 inside a method's code. */
  private int self;

  private DebugTables(ByteBuffer in, String[] utf8, DataOutputStream out) {
    this.in = in;
    this.utf8 = utf8;
    this.out = out;
  }

  /**
   * A copy of a class file without its debug attributes.
   *
   * @throws IllegalArgumentException if it is no class file
   */
  static byte[] strip(byte[] classFile) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(classFile.length);
    ByteBuffer in = ByteBuffer.wrap(classFile);
    if (classFile.length < 10 || in.getInt(0) != MAGIC) {
      throw new IllegalArgumentException("not a class file");
    }
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      DebugTables tables = new DebugTables(in, new String[in.getChar(8)], out);
      tables.copy(10);
      tables.constants();
      tables.classBody();
    } catch (IOException e) {
      throw new IllegalStateException("memory cannot fail to be written", e);
    }
    return bytes.toByteArray();
  }

  private void constants() throws IOException {
    for (int i = 1; i < utf8.length; i++) {
      int at = in.position();
      int tag = in.get(at);
      if (tag == UTF8) {
        int length = in.getChar(at + 1);
        utf8[i] = new String(in.array(), at + 3, length, StandardCharsets.ISO_8859_1);
        if (DEBUG.contains(utf8[i])) {
          out.writeByte(UTF8);
          out.writeChar(0);
          in.position(at + 3 + length);
        } else {
          copy(3 + length);
        }
      } else {
        copy(1 + constantBytes(tag));
        i += tag == LONG || tag == DOUBLE ? 1 : 0; // they take two places
      }
    }
  }

  /** Bytes after the tag of a constant that is no text. */
  private static int constantBytes(int tag) {
    return switch (tag) {
      case 3, 4, 9, 10, 11, 12, 17, 18 -> 4;
      case LONG, DOUBLE -> 8;
      case 7, 8, 16, 19, 20 -> 2;
      case 15 -> 3;
      default -> throw new IllegalArgumentException("constant of unknown tag " + tag);
    };
  }

  private void classBody() throws IOException {
    self = in.getChar(in.position() + 2);
    copy(6); // access, this, super
    copy(2 * copyCount());
    for (int members = 0; members < 2; members++) { // fields, then methods
      for (int i = copyCount(); i > 0; i--) {
        copy(6);
        attributes();
      }
    }
    attributes();
  }

  private void attributes() throws IOException {
    int start = in.position();
    int kept = 0;
    int count = in.getChar();
    for (int i = 0; i < count; i++) {
      kept += isLeftOut(in.position()) ? 0 : 1;
      in.position(in.position() + 6 + in.getInt(in.position() + 2));
    }
    in.position(start + 2);
    out.writeChar(kept);
    for (int i = 0; i < count; i++) {
      String name = utf8[in.getChar(in.position())];
      int length = in.getInt(in.position() + 2);
      if (isLeftOut(in.position())) {
        in.position(in.position() + 6 + length);
      } else if (name.equals("Code")) {
        code(length);
      } else {
        copy(6 + length);
      }
    }
  }

  /**
   * Debug attributes, and a list of nested classes that are neither in this class nor around it.
   */
  private boolean isLeftOut(int attribute) {
    String name = utf8[in.getChar(attribute)];
    if (!name.equals("InnerClasses")) {
      return DEBUG.contains(name);
    }
    for (int i = in.getChar(attribute + 6) - 1; i >= 0; i--) {
      int entry = attribute + 8 + 8 * i;
      if (in.getChar(entry) == self || in.getChar(entry + 2) == self) {
        return false;
      }
    }
    return true;
  }

  /** A method's code, whose length shrinks with the attributes inside it. */
  private void code(int length) throws IOException {
    copy(2);
    int end = in.position() + 4 + length;
    in.position(in.position() + 4);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(length);
    try (DataOutputStream inner = new DataOutputStream(bytes)) {
      new DebugTables(in.duplicate(), utf8, inner).codeBody();
    }
    out.writeInt(bytes.size());
    bytes.writeTo(out);
    in.position(end);
  }

  private void codeBody() throws IOException {
    copy(4); // stack, locals
    int instructions = in.getInt(in.position());
    copy(4 + instructions);
    copy(8 * copyCount()); // exception table
    attributes();
  }

  private int copyCount() throws IOException {
    int count = in.getChar(in.position());
    copy(2);
    return count;
  }

  private void copy(int n) throws IOException {
    out.write(in.array(), in.position(), n);
    in.position(in.position() + n);
  }
}
