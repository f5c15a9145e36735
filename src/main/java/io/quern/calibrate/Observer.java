package io.quern.calibrate;

/**
 * Collects the values that one activation tensor takes over the calibration inputs and proposes the
 * range to quantize.
 *
 * <p>Not safe for use by several threads.
 */
public interface Observer {
  /**
   * Takes note of the tensor's values for one calibration input.
   *
   * @param values all elements, finite; not kept, not modified
   */
  void observe(float[] values);

  /**
   * The proposed range.
   *
   * @throws IllegalStateException if nothing was observed
   */
  Range range();
}
