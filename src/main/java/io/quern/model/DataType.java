package io.quern.model;

/** Element type of a tensor. */
public enum DataType {
  /** IEEE 754 binary32. */
  FLOAT32(4),
  /** Signed 8-bit; quantized tensors of current networks. */
  INT8(1),
  /** Unsigned 8-bit; quantized tensors of legacy networks. */
  UINT8(1),
  /** Signed 16-bit. */
  INT16(2),
  /** Signed 32-bit; biases, shapes and indices. */
  INT32(4),
  /** Signed 64-bit; indices. */
  INT64(8),
  /** One byte, 0 or 1. */
  BOOL(1);

  private final int bytes;

  DataType(int bytes) {
    this.bytes = bytes;
  }

  /** Size of one element in bytes. */
  public int bytes() {
    return bytes;
  }

  /**
   * Whether elements are 8-bit integers that stand for real numbers through a scale and a zero
   * point.
   */
  public boolean isQuantized8() {
    return this == INT8 || this == UINT8;
  }

  /** Smallest integer that the type holds; only for integer types of at most 32 bits. */
  public int min() {
    return switch (this) {
      case INT8 -> Byte.MIN_VALUE;
      case UINT8, BOOL -> 0;
      case INT16 -> Short.MIN_VALUE;
      case INT32 -> Integer.MIN_VALUE;
      default -> throw new IllegalStateException(this + " has no int range");
    };
  }

  /** Largest integer that the type holds; only for integer types of at most 32 bits. */
  public int max() {
    return switch (this) {
      case INT8 -> Byte.MAX_VALUE;
      case UINT8 -> 255;
      case BOOL -> 1;
      case INT16 -> Short.MAX_VALUE;
      case INT32 -> Integer.MAX_VALUE;
      default -> throw new IllegalStateException(this + " has no int range");
    };
  }
}
