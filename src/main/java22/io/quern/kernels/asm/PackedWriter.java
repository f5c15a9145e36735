package io.quern.kernels.asm;

import java.io.ByteArrayOutputStream;
import java.util.function.IntUnaryOperator;

/** Writes the constants of a kernel in little-endian order. */
final class PackedWriter {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  int position() {
    return bytes.size();
  }

  void write8(int value) {
    bytes.write(value);
  }

  void write16(int value) {
    write8(value);
    write8(value >> 8);
  }

  void write32(int value) {
    write16(value);
    write16(value >> 16);
  }

  /** Writes {@code lanes} 32-bit values. */
  void vector32(int lanes, IntUnaryOperator value) {
    for (int i = 0; i < lanes; i++) {
      write32(value.applyAsInt(i));
    }
  }

  void align(int alignment) {
    while (bytes.size() % alignment != 0) {
      write8(0);
    }
  }

  byte[] toBytes() {
    return bytes.toByteArray();
  }
}
