package io.quern.kernels.asm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Growing little-endian buffer of machine code, with labels that are resolved when the code is
 * taken.
 *
 * <p>Not safe for use by several threads.
 */
final class CodeBuffer {
  /** A place in the code; bound once, referred to any number of times before or after that. */
  static final class Label {
    private int position = -1;
  }

  /** Writes the distance to a label into the code once both ends are known. */
  interface Patch {
    /**
     * Completes an instruction.
     *
     * @param code the whole code
     * @param at byte position of the instruction or field to complete
     * @param target byte position of the label
     */
    void apply(byte[] code, int at, int target);
  }

  private record Fixup(int at, Label label, Patch patch) {}

  private byte[] bytes = new byte[1024];
  private int size;
  private final List<Fixup> fixups = new ArrayList<>();

  int position() {
    return size;
  }

  void emit8(int value) {
    if (size == bytes.length) {
      bytes = Arrays.copyOf(bytes, size * 2);
    }
    bytes[size++] = (byte) value;
  }

  void append(byte[] piece) {
    if (bytes.length - size < piece.length) {
      bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, size + piece.length));
    }
    System.arraycopy(piece, 0, bytes, size, piece.length);
    size += piece.length;
  }

  /** A copy of what was emitted from {@code from} on. */
  byte[] since(int from) {
    return Arrays.copyOfRange(bytes, from, size);
  }

  void emit16(int value) {
    emit8(value);
    emit8(value >> 8);
  }

  void emit32(int value) {
    emit16(value);
    emit16(value >> 16);
  }

  void bind(Label label) {
    if (label.position >= 0) {
      throw new IllegalStateException("label bound twice: at " + label.position + " and " + size);
    }
    label.position = size;
  }

  /** Notes that the instruction at {@code at} refers to {@code label}. */
  void refer(int at, Label label, Patch patch) {
    fixups.add(new Fixup(at, label, patch));
  }

  /**
   * The finished code.
   *
   * @throws IllegalStateException if a label that the code refers to was never bound
   */
  byte[] toBytes() {
    byte[] code = Arrays.copyOf(bytes, size);
    for (Fixup f : fixups) {
      if (f.label.position < 0) {
        throw new IllegalStateException("label referred to at " + f.at + " was never bound");
      }
      f.patch.apply(code, f.at, f.label.position);
    }
    return code;
  }

  static int get32(byte[] code, int at) {
    return (code[at] & 0xff)
        | (code[at + 1] & 0xff) << 8
        | (code[at + 2] & 0xff) << 16
        | (code[at + 3] & 0xff) << 24;
  }

  static void put32(byte[] code, int at, int value) {
    code[at] = (byte) value;
    code[at + 1] = (byte) (value >> 8);
    code[at + 2] = (byte) (value >> 16);
    code[at + 3] = (byte) (value >> 24);
  }
}
