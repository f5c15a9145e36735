package io.quern.kernels.reference;

/** Clamps, with TensorFlow Lite's treatment of NaN and of the sign of zero. */
final class Clamp {
  private Clamp() {}

  /** x in [min, max]. */
  static int clamp(int x, int min, int max) {
    return Math.min(Math.max(x, min), max);
  }

  /** x in [min, max]; NaN stays NaN, and -0 is not below 0. */
  static float clamp(float x, float min, float max) {
    float atLeast = x < min ? min : x;
    return max < atLeast ? max : atLeast;
  }
}
