package io.quern.cli;

import io.quern.data.Dataset;
import java.util.AbstractCollection;
import java.util.Collection;
import java.util.Iterator;

/**
 * The inputs of a data set as a collection that knows its size, so that progress can say how much
 * is left.
 */
final class Inputs extends AbstractCollection<float[][]> {
  private final Dataset set;

  private Inputs(Dataset set) {
    this.set = set;
  }

  static Collection<float[][]> of(Dataset set) {
    return new Inputs(set);
  }

  @Override
  public Iterator<float[][]> iterator() {
    return set.inputs().iterator();
  }

  @Override
  public int size() {
    return set.size();
  }
}
