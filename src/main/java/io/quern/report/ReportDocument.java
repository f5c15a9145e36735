package io.quern.report;

import java.util.List;

/**
 * A comparison of paths.
 *
 * @param model name of the model
 * @param data what was evaluated on
 * @param calibration what was calibrated on; null when nothing was
 * @param machine what it ran on: Java, operating system, processors
 * @param paths the float network first
 * @param target a board to show modelled figures of; null for none
 */
public record ReportDocument(
    String model,
    String data,
    String calibration,
    String machine,
    List<PathResult> paths,
    ModelledTarget target) {
  /** Copies the list. */
  public ReportDocument {
    paths = List.copyOf(paths);
  }

  /** One line about this JVM and machine. */
  public static String thisMachine() {
    return "Java "
        + System.getProperty("java.version")
        + ", "
        + System.getProperty("os.name")
        + " "
        + System.getProperty("os.arch")
        + ", "
        + Runtime.getRuntime().availableProcessors()
        + " processors";
  }
}
