package io.quern.cli;

import io.quern.Model;
import io.quern.runtime.PlanOptions;
import io.quern.runtime.Session;
import java.io.IOException;
import java.nio.file.Path;

/** What a fresh JVM does while its cold start is measured. */
final class FirstRun {
  private FirstRun() {}

  /** Loads a model, runs it once on zeros and says so. Arguments: file, tier, threads. */
  public static void main(String[] args) throws IOException {
    PlanOptions o = PlanOptions.defaults().withTier(args[1]).withThreads(Integer.parseInt(args[2]));
    try (Session s = Model.load(Path.of(args[0])).session(o)) {
      s.invoke();
    }
    System.out.write('.');
    System.out.flush();
  }
}
