package io.quern.kernels;

/**
 * One operator bound to its parameters, packed weights and arena offsets.
 *
 * <p>Work is divided into {@link #units} independent units (output rows, tiles or channels, as the
 * kernel likes); any partition of [0, units) over any number of threads gives the same bytes.
 * Kernels are immutable and may be shared by sessions; all that changes is in {@link Memory} and
 * {@link Scratch}.
 */
public interface Kernel {
  /** Number of independent units of work, at least 1. */
  int units();

  /** Units that a call should have at least, because they share what it prepares. */
  default int grain() {
    return 1;
  }

  /** Scratch that each thread needs. */
  default ScratchSize scratch() {
    return ScratchSize.NONE;
  }

  /**
   * Computes units {@code from} (inclusive) to {@code to} (exclusive). Allocates nothing.
   *
   * @param memory the arena; inputs and outputs lie at the offsets given by the kernel's parameters
   * @param scratch this thread's, at least as large as {@link #scratch}; content undefined before
   *     and after
   */
  void run(Memory memory, Scratch scratch, int from, int to);

  /** Short name of the routine with its tile, such as {@code gemm2x16}, for plans and reports. */
  default String microKernel() {
    return "loops";
  }
}
