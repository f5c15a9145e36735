package io.quern.cli;

import io.quern.data.Json;
import io.quern.report.Printable;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where a command writes: results to {@code out}, talk to {@code err}.
 *
 * @param out results
 * @param err talk
 * @param terminal whether {@code err} is a terminal
 */
record Console(PrintStream out, PrintStream err, boolean terminal) {
  /** This process's. */
  static Console ofProcess() {
    return new Console(System.out, System.err, errIsTerminal());
  }

  private static boolean errIsTerminal() {
    Path fd = Path.of("/proc/self/fd/2");
    try {
      String target = Files.readSymbolicLink(fd).toString();
      return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
    } catch (IOException | UnsupportedOperationException e) {
      return System.console() != null && !Files.exists(fd);
    }
  }

  /** A line of talk. */
  void say(String line) {
    err.println("quern: " + Printable.line(line));
  }

  /** A result document. */
  void json(Object document) {
    out.println(Json.writePretty(document));
  }
}
