package io.quern.calibrate;

import io.quern.model.Quantization;

/**
 * Closed interval of real numbers that a tensor takes.
 *
 * @param min smallest value, finite
 * @param max largest value, finite, at least {@code min}
 */
public record Range(float min, float max) {
  /** Narrower ranges than this are treated as if the tensor were all zero. */
  private static final float NARROWEST = 0x1p-80f;

  /**
   * Validates.
   *
   * @throws IllegalArgumentException if a bound is not finite or they are in the wrong order
   */
  public Range {
    if (!(min <= max) || Float.isInfinite(min) || Float.isInfinite(max)) {
      throw new IllegalArgumentException("not a range: [" + min + ", " + max + "]");
    }
  }

  /** The smallest range that holds both. */
  public Range union(Range other) {
    return new Range(Math.min(min, other.min), Math.max(max, other.max));
  }

  /**
   * Asymmetric int8 parameters that cover this range, widened to hold 0, with real 0 exactly
   * representable: {@code scale = (max - min) / 255}, {@code zeroPoint = round(-128 - min / scale)}
   * in [-128, 127], ties (within 2^-10) down: values half-way between levels go up, so that those
   * of a symmetric range keep 256 levels. A range of nothing but 0 gets scale 1/255.
   */
  public Quantization toInt8() {
    double lo = Math.min(min, 0);
    double hi = Math.max(max, 0);
    if (hi - lo < NARROWEST) {
      return Quantization.perTensor(1 / 255f, lo < 0 ? 127 : -128);
    }
    float scale = (float) ((hi - lo) / 255);
    double zeroPoint = Math.ceil(-128 - lo / scale - 0.5 - 0x1p-10);
    return Quantization.perTensor(scale, (int) Math.max(-128, Math.min(127, zeroPoint)));
  }
}
