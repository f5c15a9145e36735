package io.quern.model;

import java.util.Arrays;

/**
 * Affine quantization parameters: {@code real = scale * (q - zeroPoint)}, one pair for the whole
 * tensor ({@link #perTensor}) or one pair per slice along an axis ({@link #perChannel}).
 *
 * <p>Scales are finite, positive and normal. Immutable. Source: TensorFlow Lite 8-bit quantization
 * specification.
 */
public final class Quantization {
  private final float[] scales;
  private final int[] zeroPoints;
  private final int axis;

  private Quantization(float[] scales, int[] zeroPoints, int axis) {
    for (float s : scales) {
      if (!(s >= Float.MIN_NORMAL) || s == Float.POSITIVE_INFINITY) {
        throw new IllegalArgumentException("scale must be finite, positive and normal, is " + s);
      }
    }
    this.scales = scales;
    this.zeroPoints = zeroPoints;
    this.axis = axis;
  }

  /**
   * One scale and zero point for the whole tensor.
   *
   * @throws IllegalArgumentException if the scale is not finite, positive and normal
   */
  public static Quantization perTensor(float scale, int zeroPoint) {
    return new Quantization(new float[] {scale}, new int[] {zeroPoint}, 0);
  }

  /**
   * One scale and zero point per slice along {@code axis}.
   *
   * @param scales at least one; copied
   * @param zeroPoints as many as scales; copied
   * @param axis dimension of the tensor that has as many slices as there are scales
   * @throws IllegalArgumentException if lengths differ, are zero, the axis is negative, or a scale
   *     is not finite, positive and normal
   */
  public static Quantization perChannel(float[] scales, int[] zeroPoints, int axis) {
    if (scales.length == 0 || scales.length != zeroPoints.length || axis < 0) {
      throw new IllegalArgumentException(
          scales.length + " scales, " + zeroPoints.length + " zero points, axis " + axis);
    }
    return new Quantization(scales.clone(), zeroPoints.clone(), axis);
  }

  /** Number of scales: 1 means per tensor. */
  public int channels() {
    return scales.length;
  }

  /** Whether one pair serves the whole tensor. */
  public boolean isPerTensor() {
    return scales.length == 1;
  }

  /** Scale of a channel; every channel has the same one when per tensor. */
  public float scale(int channel) {
    return scales[scales.length == 1 ? 0 : channel];
  }

  /** The per-tensor scale. */
  public float scale() {
    return scales[0];
  }

  /** Zero point of a channel; every channel has the same one when per tensor. */
  public int zeroPoint(int channel) {
    return zeroPoints[zeroPoints.length == 1 ? 0 : channel];
  }

  /** Whether every zero point is in [min, max]. */
  boolean zeroPointsWithin(int min, int max) {
    for (int z : zeroPoints) {
      if (z < min || z > max) {
        return false;
      }
    }
    return true;
  }

  /** The per-tensor zero point. */
  public int zeroPoint() {
    return zeroPoints[0];
  }

  /** Axis along which channels lie; 0 when per tensor. */
  public int axis() {
    return axis;
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof Quantization q
        && Arrays.equals(scales, q.scales)
        && Arrays.equals(zeroPoints, q.zeroPoints)
        && axis == q.axis;
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(scales) + Arrays.hashCode(zeroPoints) + axis;
  }

  @Override
  public String toString() {
    return isPerTensor()
        ? "scale " + scales[0] + " zero point " + zeroPoints[0]
        : scales.length + " scales on axis " + axis;
  }
}
