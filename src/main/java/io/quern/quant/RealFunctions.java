package io.quern.quant;

/**
 * Functions of float tensors, the same on every machine: transcendental ones are computed in double
 * by {@link StrictMath} and rounded once, which is within one unit in the last place of the C
 * library's float functions.
 */
public final class RealFunctions {
  private RealFunctions() {}

  /** exp(x). */
  public static float exp(float x) {
    return (float) StrictMath.exp(x);
  }

  /** max(x, 0). */
  public static float relu(float x) {
    return x > 0 ? x : 0;
  }

  /** min(max(x, 0), 6). */
  public static float relu6(float x) {
    return x > 0 ? Math.min(x, 6) : 0;
  }

  /** min(max(x, -1), 1). */
  public static float reluN1To1(float x) {
    return Math.min(Math.max(x, -1), 1);
  }

  /** x above 0, else alpha * x. */
  public static float leakyRelu(float x, float alpha) {
    return x > 0 ? x : x * alpha;
  }

  /** 1 / (1 + exp(-x)). */
  public static float logistic(float x) {
    return 1 / (1 + exp(-x));
  }

  /** tanh(x). */
  public static float tanh(float x) {
    return (float) StrictMath.tanh(x);
  }

  /** x * min(max(x + 3, 0), 6) / 6. */
  public static float hardSwish(float x) {
    return x * Math.min(Math.max(x + 3, 0), 6) / 6;
  }
}
