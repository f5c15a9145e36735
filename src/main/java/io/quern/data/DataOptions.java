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
 * @param part which samples to take
 * @param limit most samples to take, evenly spread over the part; 0 for all
 */
public record DataOptions(
    Path labels, List<String> modelLabels, DataType rawType, Part part, int limit) {
  /**
   * A division of data that has no division of its own. The two parts are disjoint and spread over
   * the data, so that sorted classes appear in both.
   */
  public enum Part {
    /** Every sample. */
    ALL,
    /** One sample in four, at most {@value #MAX_CALIBRATION}. */
    CALIBRATION,
    /** The samples that are not for calibration. */
    EVALUATION;

    static final int MAX_CALIBRATION = 512;
  }

  /** Copies the list. */
  public DataOptions {
    modelLabels = List.copyOf(modelLabels);
  }

  /** All samples, labels where they usually lie, raw tensors in the model's own type. */
  public static DataOptions defaults() {
    return new DataOptions(null, List.of(), null, Part.ALL, 0);
  }

  /** The same for another part of the data. */
  public DataOptions withPart(Part newPart) {
    return new DataOptions(labels, modelLabels, rawType, newPart, limit);
  }

  /** The same with another limit. */
  public DataOptions withLimit(int newLimit) {
    return new DataOptions(labels, modelLabels, rawType, part, newLimit);
  }
}
