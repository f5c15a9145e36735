package io.quern.report;

import io.quern.model.Graph;
import io.quern.model.Operator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Where the operators of a graph stand when they are drawn one below the other in execution order:
 * a tensor that is still to be read keeps a lane, so that lines run beside the operators that they
 * pass.
 */
final class Lanes {
  /**
   * A line from one operator to another that reads its output.
   *
   * @param from row of the operator that makes the tensor; -1 for an input of the graph
   * @param fromLane its lane, which is also the one that the line runs in
   * @param to row of the operator that reads it
   * @param toLane its lane
   */
  record Edge(int from, int fromLane, int to, int toLane) {}

  private final int[] laneOf;
  private final List<Edge> edges = new ArrayList<>();
  private final List<Boolean> busy = new ArrayList<>();
  private final int[] tensorLane;
  private final int[] producer;
  private final int[] lastReader;

  Lanes(Graph g) {
    int tensors = g.tensors().size();
    this.laneOf = new int[g.operators().size()];
    this.tensorLane = new int[tensors];
    this.producer = new int[tensors];
    this.lastReader = new int[tensors];
    Arrays.fill(tensorLane, -1);
    Arrays.fill(producer, -1);
    Arrays.fill(lastReader, -1);
    for (int i = 0; i < laneOf.length; i++) {
      for (int t : g.operators().get(i).presentInputs()) {
        lastReader[t] = i;
      }
    }
    for (int t : g.inputs()) {
      tensorLane[t] = lastReader[t] < 0 ? -1 : take();
    }
    for (int i = 0; i < laneOf.length; i++) {
      add(g.operators().get(i), i);
    }
  }

  private void add(Operator op, int row) {
    List<Integer> read =
        op.presentInputs().stream().distinct().filter(t -> tensorLane[t] >= 0).toList();
    for (int t : read) {
      if (lastReader[t] == row) {
        busy.set(tensorLane[t], false);
      }
    }
    laneOf[row] = take();
    for (int t : read) {
      edges.add(new Edge(producer[t], tensorLane[t], row, laneOf[row]));
    }
    boolean kept = false;
    for (int t : op.outputs()) {
      producer[t] = row;
      tensorLane[t] = laneOf[row];
      kept |= lastReader[t] > row;
    }
    busy.set(laneOf[row], kept);
  }

  /** The first free lane. */
  private int take() {
    int lane = busy.indexOf(false);
    if (lane < 0) {
      lane = busy.size();
      busy.add(true);
    }
    busy.set(lane, true);
    return lane;
  }

  /** How many lanes there are. */
  int count() {
    return busy.size();
  }

  /** The lane of an operator. */
  int of(int operator) {
    return laneOf[operator];
  }

  List<Edge> edges() {
    return edges;
  }
}
