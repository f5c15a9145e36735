package io.quern.kernels;

/**
 * Element-wise function of one float tensor.
 *
 * @param in offset of the input
 * @param out offset of the output; may be {@code in}
 * @param alpha slope of {@link Function#LEAKY_RELU} below 0
 */
public record UnaryFloat(Function function, int in, int out, int elements, float alpha)
    implements KernelParams {
  /** What is computed. */
  public enum Function {
    /** max(x, 0). */
    RELU,
    /** min(max(x, 0), 6). */
    RELU6,
    /** min(max(x, -1), 1). */
    RELU_N1_TO_1,
    /** x above 0, else alpha * x. */
    LEAKY_RELU,
    /** 1 / (1 + exp(-x)). */
    LOGISTIC,
    /** tanh(x). */
    TANH,
    /** x * min(max(x + 3, 0), 6) / 6. */
    HARD_SWISH
  }
}
