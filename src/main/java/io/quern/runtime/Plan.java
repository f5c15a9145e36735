package io.quern.runtime;

import io.quern.kernels.ScratchSize;
import io.quern.model.Graph;
import java.util.List;

/**
 * A graph made ready to run: kernels with packed weights, and a place for every tensor. Immutable;
 * any number of sessions share it.
 */
public final class Plan {
  private final Graph graph;
  private final PlanOptions options;
  private final List<PlanStep> steps;
  private final List<TensorSlot> slots;
  private final TensorSlot[] slotOfTensor;
  private final int bytes;
  private final int floats;
  private final int ints;
  private final ScratchSize scratch;

  Plan(
      Graph graph,
      PlanOptions options,
      List<PlanStep> steps,
      List<TensorSlot> slots,
      int bytes,
      int floats,
      int ints) {
    this.graph = graph;
    this.options = options;
    this.steps = List.copyOf(steps);
    this.slots = List.copyOf(slots);
    this.bytes = bytes;
    this.floats = floats;
    this.ints = ints;
    this.slotOfTensor = new TensorSlot[graph.tensors().size()];
    for (TensorSlot s : slots) {
      slotOfTensor[s.tensor()] = s;
    }
    ScratchSize max = ScratchSize.NONE;
    for (PlanStep s : steps) {
      max = max.max(s.kernel().scratch());
    }
    this.scratch = max;
  }

  /** The graph that was planned. */
  public Graph graph() {
    return graph;
  }

  /** What the planner was asked for. */
  public PlanOptions options() {
    return options;
  }

  /** The steps in execution order. */
  public List<PlanStep> steps() {
    return steps;
  }

  /**
   * The tensors that have memory, in no particular order; intermediate tensors that fusion removed
   * have none.
   */
  public List<TensorSlot> slots() {
    return slots;
  }

  /** The place of a tensor, or null when it has none (weights, tensors that fusion removed). */
  public TensorSlot slot(int tensor) {
    return slotOfTensor[tensor];
  }

  /**
   * Memory of one session's arena in bytes: the peak over the run, constants that kernels read as
   * operands included.
   */
  public long arenaBytes() {
    return bytes + 4L * floats + 4L * ints;
  }

  /** Scratch of all threads in bytes. */
  public long scratchBytes() {
    return scratch.totalBytes() * options.threads();
  }

  /** Multiply-accumulates of one run. */
  public long macs() {
    long sum = 0;
    for (PlanStep s : steps) {
      sum += s.macs();
    }
    return sum;
  }

  /** Name of the most demanding tier that any step uses. */
  public String tier() {
    for (String name : Tiers.NAMES) {
      for (PlanStep s : steps) {
        if (s.tier().equals(name)) {
          return name;
        }
      }
    }
    return "reference";
  }

  /** A session of its own memory and threads. Close it when done. */
  public Session newSession() {
    return new Session(this);
  }

  int byteLength() {
    return bytes;
  }

  int floatLength() {
    return floats;
  }

  int intLength() {
    return ints;
  }

  ScratchSize scratch() {
    return scratch;
  }
}
