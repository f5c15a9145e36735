package io.quern.kernels;

/**
 * Element-wise operator of two float tensors with broadcasting: {@code out = clamp(left op right,
 * min, max)}.
 *
 * @param left dims are the output's
 * @param right dims are the output's
 * @param out offset of the dense output; may be the offset of an operand that is dense
 */
public record BinaryFloat(
    Function function, StridedView left, StridedView right, int out, float min, float max)
    implements KernelParams {
  /** What is computed. */
  public enum Function {
    /** left + right. */
    ADD,
    /** left - right. */
    SUB,
    /** left * right. */
    MUL
  }
}
