package io.quern.model;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;

/**
 * A tensor of a {@link Graph}: name, type, shape, quantization and, for constants, its data.
 * Immutable.
 *
 * <p>Tensors are referred to by their index in {@link Graph#tensors()}.
 */
public final class Tensor {
  private final String name;
  private final DataType type;
  private final Shape shape;
  private final Quantization quantization;
  private final ByteBuffer data;

  private Tensor(
      String name, DataType type, Shape shape, Quantization quantization, ByteBuffer data) {
    this.name = Objects.requireNonNull(name, "name");
    this.type = Objects.requireNonNull(type, "type");
    this.shape = Objects.requireNonNull(shape, "shape");
    this.quantization = quantization;
    this.data = data;
    if (quantization != null
        && type.bytes() <= 4
        && type != DataType.FLOAT32
        && !quantization.zeroPointsWithin(type.min(), type.max())) {
      for (int c = 0; c < quantization.channels(); c++) {
        int z = quantization.zeroPoint(c);
        if (z < type.min() || z > type.max()) {
          throw new IllegalArgumentException(
              name
                  + ": zero point "
                  + z
                  + " is outside "
                  + type
                  + " "
                  + type.min()
                  + ".."
                  + type.max());
        }
      }
    }
    if (quantization != null && !quantization.isPerTensor()) {
      if (quantization.axis() >= shape.rank()
          || shape.dim(quantization.axis()) != quantization.channels()) {
        throw new IllegalArgumentException(
            name
                + ": "
                + quantization.channels()
                + " scales on axis "
                + quantization.axis()
                + " of "
                + shape);
      }
    }
    if (data != null && data.remaining() != (long) shape.elements() * type.bytes()) {
      throw new IllegalArgumentException(
          name + ": " + data.remaining() + " bytes of data for " + type + " " + shape);
    }
  }

  /**
   * An activation: its values exist only while a network runs. {@code quantization} may be null.
   */
  public static Tensor activation(
      String name, DataType type, Shape shape, Quantization quantization) {
    return new Tensor(name, type, shape, quantization, null);
  }

  /**
   * A constant.
   *
   * @param quantization may be null
   * @param data the elements from its position to its limit, little endian; not copied, and must
   *     not change afterwards
   * @throws IllegalArgumentException if the data's length, a zero point or the channel count does
   *     not fit type and shape
   */
  public static Tensor constant(
      String name, DataType type, Shape shape, Quantization quantization, ByteBuffer data) {
    ByteBuffer view = data.slice().asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
    return new Tensor(name, type, shape, quantization, view);
  }

  /** A float32 constant. The values are copied. */
  public static Tensor constant(String name, Shape shape, float[] values) {
    ByteBuffer b = ByteBuffer.allocate(values.length * 4).order(ByteOrder.LITTLE_ENDIAN);
    b.asFloatBuffer().put(values);
    return constant(name, DataType.FLOAT32, shape, null, b);
  }

  /** An int32 constant. The values are copied. */
  public static Tensor constant(String name, Shape shape, Quantization quantization, int[] values) {
    ByteBuffer b = ByteBuffer.allocate(values.length * 4).order(ByteOrder.LITTLE_ENDIAN);
    b.asIntBuffer().put(values);
    return constant(name, DataType.INT32, shape, quantization, b);
  }

  /** An int8 constant. The values are copied. */
  public static Tensor constant(
      String name, Shape shape, Quantization quantization, byte[] values) {
    return constant(name, DataType.INT8, shape, quantization, ByteBuffer.wrap(values.clone()));
  }

  /** Name as the model file has it; may be empty, need not be unique. */
  public String name() {
    return name;
  }

  /** Element type. */
  public DataType type() {
    return type;
  }

  /** Dimensions. */
  public Shape shape() {
    return shape;
  }

  /** Quantization parameters, or null when the tensor has none. */
  public Quantization quantization() {
    return quantization;
  }

  /** Whether the tensor's values are part of the model. */
  public boolean isConstant() {
    return data != null;
  }

  /** Bytes that the elements take. */
  public long bytes() {
    return (long) shape.elements() * type.bytes();
  }

  /**
   * The constant's elements: a fresh read-only little-endian view.
   *
   * @throws IllegalStateException if the tensor is an activation
   */
  public ByteBuffer data() {
    if (data == null) {
      throw new IllegalStateException(name + " is not a constant");
    }
    return data.duplicate().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** A copy of a float32 constant's elements. */
  public float[] floats() {
    require(DataType.FLOAT32);
    float[] r = new float[shape.elements()];
    data().asFloatBuffer().get(r);
    return r;
  }

  /** A copy of an int32 constant's elements. */
  public int[] ints() {
    require(DataType.INT32);
    int[] r = new int[shape.elements()];
    data().asIntBuffer().get(r);
    return r;
  }

  /** A copy of the elements' raw bytes, for constants of an 8-bit type. */
  public byte[] bytesOf8() {
    if (!type.isQuantized8()) {
      throw new IllegalStateException(name + " is " + type + ", not 8-bit");
    }
    byte[] r = new byte[shape.elements()];
    data().get(r);
    return r;
  }

  /** The same tensor with other quantization parameters. */
  public Tensor withQuantization(Quantization q) {
    return new Tensor(name, type, shape, q, data);
  }

  private void require(DataType wanted) {
    if (type != wanted) {
      throw new IllegalStateException(name + " is " + type + ", not " + wanted);
    }
  }

  @Override
  public String toString() {
    return name
        + " "
        + type
        + " "
        + shape
        + (quantization == null ? "" : " (" + quantization + ")");
  }
}
