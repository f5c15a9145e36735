package io.quern.data;

import io.quern.model.DataType;
import java.nio.file.Path;
import java.util.List;

/**
 * How {@link Datasets#open} reads.
 *
 * @param labels file with the labels of an IDX or raw file: IDX, or text with one label a line;
 *     null to look beside the data
 * @param modelLabels the model's classes, to which names in the data must belong; empty when
 *     unknown
 * @param rawType element type of raw tensors; null for the model's own
 * @param limit most samples to take, evenly spread over the data; 0 for all
 */
public record DataOptions(Path labels, List<String> modelLabels, DataType rawType, int limit) {
  /** Copies the list. */
  public DataOptions {
    modelLabels = List.copyOf(modelLabels);
  }

  /** All samples, labels where they usually lie, raw tensors in the model's own type. */
  public static DataOptions defaults() {
    return new DataOptions(null, List.of(), null, 0);
  }
}
