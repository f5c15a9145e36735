package io.quern.data;

import io.quern.model.DataType;
import io.quern.model.Quantization;
import io.quern.model.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Between real numbers, a tensor's own elements and raw little-endian bytes. A quantized element q
 * stands for {@code scale * (q - zeroPoint)}; quantizing rounds to nearest and clamps. Static and
 * stateless.
 *
 * <p>Ties go up. Pixels scaled to [-1, 1] all lie half-way between two int8 levels, because 0 must
 * be a level; going up makes pixel p the level p - 128, as programs that take the bytes of an image
 * do, and the error the same half step everywhere, which a bias can take. Away from zero, as
 * TensorFlow Lite's QUANTIZE rounds, it would change its sign with the pixel's. A value counts as
 * half-way within 2^-10 of a step, more than pre-processing's own rounding.
 */
public final class TensorCodec {
  /** What rounding up adds: a half, and what a tie may lie below it. */
  private static final double HALF = 0.5 + 0x1p-10;

  /** Below every level, and far from the least int. */
  private static final double LEAST = -0x1p30;

  private TensorCodec() {}

  /**
   * {@code q[i] = clamp(floor(x[i] / scale + 1/2 + 2^-10) + zeroPoint)}. Allocates nothing.
   *
   * @param t INT8 or UINT8 with per-tensor quantization
   * @param q as many as x; the tensor's own bytes (unsigned ones as such)
   */
  public static void quantize(Tensor t, float[] x, byte[] q) {
    Quantization p = t.quantization();
    float scale = p.scale();
    int zero = p.zeroPoint();
    int min = t.type().min();
    int max = t.type().max();
    for (int i = 0; i < x.length; i++) {
      double up = (double) (x[i] / scale) + HALF;
      // Math.floor, which takes most of this loop where only C1 compiles
      int r = (int) Math.max(up, LEAST);
      if (r > up) {
        r--;
      }
      q[i] = (byte) (int) Math.max(min, Math.min(max, (long) r + zero));
    }
  }

  /**
   * {@code x[i] = scale * (q[i] - zeroPoint)}. Allocates nothing.
   *
   * @param t INT8 or UINT8 with per-tensor quantization
   * @param q the tensor's own bytes (unsigned ones as such)
   * @param x as many as q
   */
  public static void dequantize(Tensor t, byte[] q, float[] x) {
    float scale = t.quantization().scale();
    int zero = t.quantization().zeroPoint();
    boolean unsigned = t.type() == DataType.UINT8;
    for (int i = 0; i < q.length; i++) {
      x[i] = scale * ((unsigned ? q[i] & 255 : q[i]) - zero);
    }
  }

  /**
   * Elements of {@code type} in raw bytes as real numbers; quantized ones through {@code t}'s
   * parameters when {@code t} has that type, else as the integers that they are.
   *
   * @param raw little endian, a whole number of elements
   */
  public static float[] decode(Tensor t, DataType type, byte[] raw) {
    ByteBuffer b = ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN);
    float[] x = new float[raw.length / type.bytes()];
    boolean quantized = t.type() == type && type.isQuantized8() && t.quantization() != null;
    if (quantized) {
      dequantize(t, raw, x);
      return x;
    }
    for (int i = 0; i < x.length; i++) {
      x[i] =
          switch (type) {
            case FLOAT32 -> b.getFloat();
            case INT8 -> b.get();
            case UINT8, BOOL -> b.get() & 255;
            case INT16 -> b.getShort();
            case INT32 -> b.getInt();
            case INT64 -> b.getLong();
          };
    }
    return x;
  }
}
