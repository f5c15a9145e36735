package io.quern.bench.runner;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;

/**
 * Serves rounds of a {@link Contestant} to a parent process, one line of text per request and
 * answer, so that runtimes take turns without sharing a JVM:
 *
 * <ul>
 *   <li>{@code input BASE64}: sets the input, runs, answers {@code output BASE64};
 *   <li>{@code round MILLIS}: runs for that long and at least {@value #MIN_RUNS} times, each time
 *       setting the last input before, answers {@code median NANOS}, of the times of the runs
 *       alone.
 * </ul>
 *
 * <p>The end of stdin ends the process. Between requests it waits without using the processor.
 */
public final class RoundServer {
  private static final int MIN_RUNS = 3;
  private static final int MAX_RUNS = 200_000;

  private final Contestant contestant;
  private final long[] nanos = new long[MAX_RUNS];
  private byte[] input;

  private RoundServer(Contestant contestant) {
    this.contestant = contestant;
  }

  /** Serves until the end of stdin. */
  public static void serve(Contestant contestant) throws IOException {
    RoundServer server = new RoundServer(contestant);
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.US_ASCII);
    out.println("ready");
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String[] words = line.split(" ");
      out.println(
          words[0].equals("input")
              ? server.input(Base64.getDecoder().decode(words[1]))
              : server.round(Integer.parseInt(words[1]) * 1_000_000L));
    }
  }

  private String input(byte[] values) {
    input = values;
    contestant.setInput(input);
    contestant.invoke();
    return "output " + Base64.getEncoder().encodeToString(contestant.output());
  }

  private String round(long atLeast) {
    int runs = 0;
    long start = System.nanoTime();
    long now = start;
    while (runs < MIN_RUNS || runs < MAX_RUNS && now - start < atLeast) {
      contestant.setInput(input);
      long begin = System.nanoTime();
      contestant.invoke();
      now = System.nanoTime();
      nanos[runs++] = now - begin;
    }
    Arrays.sort(nanos, 0, runs);
    return "median " + nanos[runs / 2];
  }
}
