package io.quern.calibrate;

import io.quern.model.Graph;
import java.util.List;

/**
 * What a calibration made.
 *
 * @param graph int8
 * @param floatGraph the float graph after all passes and before quantization: what the int8 graph
 *     approximates tensor by tensor. It computes the same function as the original up to float
 *     rounding, unless a pass that changes the function was asked for (bias correction, low rank,
 *     binary weights); its intermediate tensors may be scaled differently (equalisation)
 * @param reports one per pass that ran, in order
 * @param tensorOf for each tensor of {@code floatGraph} the one in {@code graph} that stands for
 *     it, or -1 for constants
 */
public record CalibrationResult(
    Graph graph, Graph floatGraph, List<PassReport> reports, List<Integer> tensorOf) {
  /** Copies the lists. */
  public CalibrationResult {
    reports = List.copyOf(reports);
    tensorOf = List.copyOf(tensorOf);
  }
}
