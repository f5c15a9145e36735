package io.quern.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * The work that the launcher lets a JVM do while that JVM records an archive of the classes it
 * loads: calibrate, run and inspect on the embedded model. Later starts map the archive instead of
 * reading, verifying and linking the same classes again.
 */
final class StartupTraining {
  private StartupTraining() {}

  /** Does the work; the JVM's exit code is 0 when all of it went well. */
  public static void main(String[] args) throws IOException {
    System.setProperty("java.awt.headless", "true");
    PrintStream nothing = new PrintStream(OutputStream.nullOutputStream());
    System.exit(train(new Console(nothing, nothing, false)));
  }

  /** Runs the commands; returns the highest of their exit codes. */
  static int train(Console console) throws IOException {
    Path folder = Files.createTempDirectory("quern-startup");
    try (DemoFiles files = DemoFiles.open()) {
      Path model = Files.copy(files.file(DemoFiles.MODEL), folder.resolve(DemoFiles.MODEL));
      Path images = folder.resolve(DemoFiles.CALIBRATION);
      Files.copy(files.file(DemoFiles.CALIBRATION), images);
      Path int8 = folder.resolve("int8.tflite");
      Path input = Files.write(folder.resolve("input.bin"), new byte[28 * 28]);
      int worst = 0;
      for (List<String> command :
          List.of(
              List.of("calibrate", model + "", "--data", images + "", "--limit=8", "-o", int8 + ""),
              List.of("run", int8 + "", "--raw-input", input + ""),
              List.of("run", int8 + "", "--raw-input", input + "", "--json"),
              List.of("inspect", int8 + ""))) {
        worst = Math.max(worst, Main.run(console, command.toArray(String[]::new)));
      }
      return worst;
    } finally {
      try (Stream<Path> all = Files.walk(folder)) {
        for (Path p : all.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(p);
        }
      }
    }
  }
}
