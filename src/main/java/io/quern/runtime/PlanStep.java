package io.quern.runtime;

import io.quern.kernels.Kernel;
import java.util.List;

/**
 * One step of a {@link Plan}: a kernel and what it stands for.
 *
 * @param operators the operators of the graph that it computes, more than one when fused
 * @param name operator names as in messages and reports, joined by + when fused
 * @param tier the tier that made the kernel
 * @param kernel what runs
 * @param macs multiply-accumulates
 * @param parallel whether the work is divided among threads; small steps are not
 */
public record PlanStep(
    List<Integer> operators, String name, String tier, Kernel kernel, long macs, boolean parallel) {
  /** Copies the list. */
  public PlanStep {
    operators = List.copyOf(operators);
  }

  /** Name of the routine with its tile. */
  public String microKernel() {
    return kernel.microKernel();
  }

  /** Independent units of work. */
  public int units() {
    return kernel.units();
  }
}
