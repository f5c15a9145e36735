package io.quern.bench.peers;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** A child process with a {@link io.quern.bench.runner.RoundServer}. */
final class RunnerProcess implements AutoCloseable {
  private final Process process;
  private final BufferedReader answers;
  private final PrintStream requests;
  private final Path log;

  /**
   * Starts it and waits until it is ready.
   *
   * @param log receives its stderr
   * @throws IOException if it does not become ready
   */
  RunnerProcess(List<String> command, Path model, Path log) throws IOException {
    List<String> words = new ArrayList<>(command);
    words.add(model.toString());
    this.log = log;
    this.process =
        new ProcessBuilder(words)
            .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .start();
    this.answers = process.inputReader(StandardCharsets.US_ASCII);
    this.requests = new PrintStream(process.getOutputStream(), true, StandardCharsets.US_ASCII);
    answer("ready");
  }

  /** Sets the input, runs once, gives the output. */
  byte[] output(byte[] input) throws IOException {
    return Base64.getDecoder()
        .decode(ask("input " + Base64.getEncoder().encodeToString(input), "output"));
  }

  /** Runs for that long; the median run in nanoseconds. */
  long round(int millis) throws IOException {
    begin(millis);
    return end();
  }

  /** Begins to run for that long. */
  void begin(int millis) {
    requests.println("round " + millis);
  }

  /** Waits for the end of what was begun; the median run in nanoseconds. */
  long end() throws IOException {
    return Long.parseLong(answer("median"));
  }

  private String ask(String request, String answer) throws IOException {
    requests.println(request);
    return answer(answer);
  }

  private String answer(String word) throws IOException {
    for (String line = answers.readLine(); line != null; line = answers.readLine()) {
      if (line.startsWith(word)) {
        return line.substring(word.length()).trim();
      }
    }
    throw new IOException("its process ended; what it said is in " + log);
  }

  @Override
  public void close() {
    requests.close();
    process.destroy();
  }
}
