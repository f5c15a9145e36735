package io.quern.format.tflite;

import io.quern.model.ModelFormatException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The bytes of a FlatBuffers file, with the bounds that hold for all of it. Tables are {@link
 * FlatTable}.
 *
 * <p>Offsets may make many elements share the same bytes, so a small file can describe a huge one.
 * Everything that is decoded is therefore charged against a budget of {@value #BUDGET_PER_BYTE}
 * times the file's size plus {@value #BUDGET_BASE} bytes; constants are views and cost nothing.
 */
final class FlatFile {
  static final int BUDGET_PER_BYTE = 16;
  static final int BUDGET_BASE = 1 << 16;

  private final ByteBuffer bytes;

  /**
   * The buffer's array, or null: reading it directly takes a cold start a few milliseconds less.
   */
  private final byte[] array;

  private final int arrayOffset;
  private final int size;
  private long budget;

  /** A file of the buffer's bytes from position to limit; they must not change afterwards. */
  FlatFile(ByteBuffer file) {
    bytes = file.slice().asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
    size = bytes.capacity();
    array = file.hasArray() ? file.array() : null;
    arrayOffset = array == null ? 0 : file.arrayOffset() + file.position();
    budget = (long) size * BUDGET_PER_BYTE + BUDGET_BASE;
  }

  /** Length in bytes. */
  int size() {
    return size;
  }

  /** The table to which the file's first word points. */
  FlatTable root(String where) {
    if (size < 8) {
      throw new ModelFormatException(where + ": the file has only " + size + " bytes");
    }
    return FlatTable.root(this, bytes.getInt(0) & 0xFFFFFFFFL, where);
  }

  /** Charges the decoding of some bytes, of what {@code where} says in words when it is asked. */
  void charge(long decoded, Object where) {
    budget -= decoded;
    if (budget < 0) {
      throw new ModelFormatException(
          where
              + ": the file describes more than "
              + BUDGET_PER_BYTE
              + " times its "
              + size
              + " bytes, by pointing to the same bytes again and again");
    }
  }

  /** Whether {@code length} bytes from {@code position} lie in the file. */
  boolean contains(long position, long length) {
    return position >= 0 && length >= 0 && position <= size && length <= size - position;
  }

  /** The byte at a checked position. */
  byte int8(int position) {
    return array == null ? bytes.get(position) : array[arrayOffset + position];
  }

  /** The unsigned 16-bit number at a checked position. */
  int uint16(int position) {
    if (array == null) {
      return bytes.getShort(position) & 0xFFFF;
    }
    int at = arrayOffset + position;
    return array[at] & 255 | (array[at + 1] & 255) << 8;
  }

  /** The 32-bit number at a checked position. */
  int int32(int position) {
    if (array == null) {
      return bytes.getInt(position);
    }
    int at = arrayOffset + position;
    return array[at] & 255
        | (array[at + 1] & 255) << 8
        | (array[at + 2] & 255) << 16
        | array[at + 3] << 24;
  }

  /** The 64-bit number at a checked position. */
  long int64(int position) {
    return bytes.getLong(position);
  }

  /** A view of checked bytes. */
  ByteBuffer view(int position, int length) {
    return bytes.slice(position, length).order(ByteOrder.LITTLE_ENDIAN);
  }
}
