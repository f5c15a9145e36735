package io.quern.data;

import java.util.Iterator;
import java.util.List;

/**
 * Samples, read one at a time each time they are iterated over. An iterator throws {@link
 * DataException} when a sample cannot be read.
 */
public interface Dataset extends Iterable<Sample> {
  /** Number of samples, known without reading them; at least 1. */
  int size();

  /** Names of the classes when the data says them (names of folders), else empty. */
  List<String> classes();

  /** What and where, for messages and reports, such as {@code images/ (512 images, 10 classes)}. */
  String description();

  /**
   * Checks all labels without reading a sample.
   *
   * @param classes how many classes there are; labels are 0 to one less
   * @throws DataException if a label is not one of them, naming the file and line where it stands
   */
  void requireLabelsBelow(int classes);

  /** The inputs alone. */
  default Iterable<float[][]> inputs() {
    return () -> {
      Iterator<Sample> samples = iterator();
      return new Iterator<>() {
        @Override
        public boolean hasNext() {
          return samples.hasNext();
        }

        @Override
        public float[][] next() {
          return samples.next().inputs();
        }
      };
    };
  }
}
