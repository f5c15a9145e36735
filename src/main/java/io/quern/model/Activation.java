package io.quern.model;

/** Activation function fused into an operator: a clamp of its result. */
public enum Activation {
  /** No clamp. */
  NONE(Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY),
  /** Clamp to [0, inf). */
  RELU(0, Float.POSITIVE_INFINITY),
  /** Clamp to [-1, 1]. */
  RELU_N1_TO_1(-1, 1),
  /** Clamp to [0, 6]. */
  RELU6(0, 6);

  private final float min;
  private final float max;

  Activation(float min, float max) {
    this.min = min;
    this.max = max;
  }

  /** Lower bound, in real numbers. */
  public float min() {
    return min;
  }

  /** Upper bound, in real numbers. */
  public float max() {
    return max;
  }
}
