package io.quern.kernels.asm;

import java.util.Arrays;

/** Writes the constants of a kernel in little-endian order. */
final class PackedWriter {
  private byte[] bytes;
  private int length;

  PackedWriter() {
    this(4096);
  }

  /**
   * A writer that does not grow until then.
   *
   * @param capacity bytes
   */
  PackedWriter(int capacity) {
    bytes = new byte[capacity];
  }

  int position() {
    return length;
  }

  void write8(int value) {
    reserve(1);
    bytes[length++] = (byte) value;
  }

  void write16(int value) {
    reserve(2);
    bytes[length++] = (byte) value;
    bytes[length++] = (byte) (value >> 8);
  }

  void write32(int value) {
    reserve(4);
    byte[] to = bytes;
    int at = length;
    to[at] = (byte) value;
    to[at + 1] = (byte) (value >> 8);
    to[at + 2] = (byte) (value >> 16);
    to[at + 3] = (byte) (value >> 24);
    length = at + 4;
  }

  void write64(long value) {
    write32((int) value);
    write32((int) (value >> 32));
  }

  /** Writes {@code count} bytes of an array. */
  void write(byte[] from, int at, int count) {
    reserve(count);
    System.arraycopy(from, at, bytes, length, count);
    length += count;
  }

  void zeros(int count) {
    reserve(count);
    // what lies beyond was never written
    length += count;
  }

  /**
   * Writes {@code total} values of {@code width} bytes: {@code count} from an array, then zeros.
   * Plain loops: weights are many, and this runs before it is compiled.
   *
   * @param width 1 or 2
   */
  void write(byte[] from, int at, int count, int total, int width) {
    reserve(total * width);
    byte[] to = bytes;
    int next = length;
    for (int i = at; i < at + count; i++) {
      to[next] = from[i];
      if (width == 2) {
        to[next + 1] = (byte) (from[i] >> 7);
      }
      next += width;
    }
    // what lies beyond was never written
    length += total * width;
  }

  private void reserve(int count) {
    if (bytes.length - length < count) {
      int doubled = Math.multiplyExact(bytes.length, 2);
      bytes = Arrays.copyOf(bytes, Math.max(doubled, Math.addExact(length, count)));
    }
  }

  /** Writes a 32-bit value {@code times} times. */
  void repeat32(int value, int times) {
    for (int i = 0; i < times; i++) {
      write32(value);
    }
  }

  void align(int alignment) {
    while (length % alignment != 0) {
      write8(0);
    }
  }

  /** What was written; the writer is then done with. */
  byte[] toBytes() {
    return length == bytes.length ? bytes : Arrays.copyOf(bytes, length);
  }
}
