package io.quern.cli;

import io.quern.calibrate.Progress;
import io.quern.data.Json;
import io.quern.format.tflite.TfliteWriter;
import io.quern.report.PathResult;
import io.quern.report.Speed;
import io.quern.report.Variant;
import io.quern.target.Board;
import io.quern.target.Bundle;
import io.quern.target.Remote;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Measures the paths of a report on a board reached over ssh. */
final class BoardSpeed {
  private static final int RUNS = 200;

  private final Remote remote;
  private final Board board;
  private final String label;

  private BoardSpeed(Remote remote, Board board, String label) {
    this.remote = remote;
    this.board = board;
    this.label = label;
  }

  /**
   * Finds the board.
   *
   * @throws IOException if it cannot be reached
   */
  static BoardSpeed of(String on, Board board) throws IOException {
    Remote remote = new Remote(on);
    remote.reach();
    return new BoardSpeed(remote, board, on.substring(on.lastIndexOf(' ') + 1));
  }

  /**
   * Deploys every path, which checks its bytes against the reference tier's, and adds its figures.
   *
   * @throws IOException if one cannot be deployed, or answers other bytes there
   */
  List<PathResult> measure(List<PathResult> paths, Progress progress) throws IOException {
    List<PathResult> results = new ArrayList<>();
    for (PathResult p : paths) {
      progress.report("measure on " + label, results.size(), paths.size());
      results.add(p.with(measure(p)));
    }
    return results;
  }

  private Variant measure(PathResult p) throws IOException {
    Path file = Files.createTempFile("quern-", ".tflite");
    try {
      TfliteWriter.write(p.graph(), file);
      return variant(remote.bench(new Bundle(file, board, bundleName(p)), RUNS), label);
    } finally {
      Files.deleteIfExists(file);
    }
  }

  private static String bundleName(PathResult p) {
    String name = p.name().toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
    return "report-" + name.substring(0, Math.min(50, name.length()));
  }

  /** The figures of a bundle's {@code run bench}. */
  private static Variant variant(String json, String label) {
    Map<?, ?> m = (Map<?, ?>) Json.parse(json);
    double median = micros(m, "medianNanos");
    return new Variant(
        (String) m.get("tier"),
        number(m, "threads").intValue(),
        new Speed(
            number(m, "runs").intValue(),
            median,
            micros(m, "p10Nanos"),
            micros(m, "p99Nanos"),
            -1,
            number(m, "macs").doubleValue() / (median / 1e6)),
        number(m, "arenaBytes").longValue(),
        Double.NaN,
        Double.NaN,
        label);
  }

  private static Number number(Map<?, ?> m, String name) {
    return (Number) m.get(name);
  }

  private static double micros(Map<?, ?> m, String name) {
    return number(m, name).doubleValue() / 1e3;
  }
}
