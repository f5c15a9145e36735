package io.quern.calibrate;

import java.util.List;
import java.util.Objects;

/**
 * What one pass of the calibrator did.
 *
 * @param pass short name, such as {@code fold-batch-norm}
 * @param changes how many layers (or tensors, as the summary says) it changed; 0 when it found
 *     nothing to do
 * @param summary one line
 * @param details one line per layer that was changed
 */
public record PassReport(String pass, int changes, String summary, List<String> details) {
  /** Copies the list. */
  public PassReport {
    Objects.requireNonNull(pass, "pass");
    Objects.requireNonNull(summary, "summary");
    details = List.copyOf(details);
  }
}
