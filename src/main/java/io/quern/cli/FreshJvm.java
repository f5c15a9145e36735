package io.quern.cli;

import io.quern.format.tflite.TfliteWriter;
import io.quern.model.Graph;
import io.quern.report.ColdStart;
import io.quern.runtime.PlanOptions;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Measures cold starts: this JVM's class path and module flags in a new process that loads a model
 * file and runs it once. An archive of loaded classes that this JVM may use is not passed on.
 */
final class FreshJvm implements ColdStart {
  private static final int STARTS = 3;

  @Override
  public double millis(Graph graph, PlanOptions options) {
    try {
      Path model = Files.createTempFile("quern-cold-start", ".tflite");
      try {
        TfliteWriter.write(graph, model);
        double[] millis = new double[STARTS];
        for (int i = 0; i < STARTS; i++) {
          millis[i] = start(model, options);
        }
        Arrays.sort(millis);
        return millis[STARTS / 2];
      } finally {
        Files.deleteIfExists(model);
      }
    } catch (IOException e) {
      throw new Failure("cold start: " + e.getMessage(), e);
    }
  }

  private static double start(Path model, PlanOptions o) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    for (String flag : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
      if (flag.startsWith("--add-modules") || flag.startsWith("--enable-native-access")) {
        command.add(flag);
      }
    }
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), FirstRun.class.getName()));
    command.addAll(List.of(model.toString(), o.tier(), Integer.toString(o.threads())));
    long begin = System.nanoTime();
    Process p = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    try {
      int first = p.getInputStream().read();
      double millis = (System.nanoTime() - begin) / 1e6;
      if (first != '.') {
        throw new IOException("the fresh JVM ended without a result");
      }
      return millis;
    } finally {
      p.destroy();
    }
  }
}
