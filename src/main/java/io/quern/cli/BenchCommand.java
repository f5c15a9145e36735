package io.quern.cli;

import io.quern.data.Json;
import io.quern.model.Graph;
import io.quern.model.Tensor;
import io.quern.report.NetworkRunner;
import io.quern.report.ReportDocument;
import io.quern.report.Speed;
import io.quern.runtime.Plan;
import io.quern.runtime.Planner;
import io.quern.target.Bundle;
import io.quern.target.Remote;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Locale;
import java.util.SplittableRandom;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code quern bench}. */
@Command(
    name = "bench",
    description = "Measures how long a run takes and what it allocates, on random inputs.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  quern bench model-int8.tflite",
      "  quern bench model-int8.tflite --tier portable --threads 4 --json",
      "  quern bench model-int8.tflite --on pi@raspberrypi.local --target pi-5",
      "",
      "Timed is the network alone, its inputs in place. Compare figures of one machine at one"
          + " time only."
    })
final class BenchCommand extends BaseCommand {
  @Parameters(paramLabel = "MODEL", description = "A .tflite file, float or int8.")
  private Path model;

  private final RunOptions run = new RunOptions();

  @Option(
      names = "--seconds",
      paramLabel = "S",
      defaultValue = "5",
      description =
          "Time to measure for, after a warm-up of half as long. Default: ${DEFAULT-VALUE}.")
  private double seconds;

  @Option(
      names = "--on",
      paramLabel = "USER@HOST",
      description =
          "Measure there, over ssh: deploys the model for --target and prints the board's figures"
              + " as JSON.")
  private String on;

  @Option(
      names = "--target",
      paramLabel = "BOARD",
      defaultValue = "pi-4",
      description = "The board that --on is. Default: ${DEFAULT-VALUE}.")
  private String target;

  @Option(names = "--json", description = "Print one JSON document.")
  private boolean json;

  @Override
  void addOptions(CommandSpec spec) {
    run.addTo(spec);
  }

  @Override
  void execute() throws Exception {
    if (!(seconds > 0 && seconds <= 3600)) {
      throw new Usage("--seconds must be more than 0 and at most 3600, is " + seconds);
    }
    Graph g = ModelFiles.read(model);
    if (on != null) {
      Bundle bundle = new Bundle(model, TargetsCommand.board(target), null);
      console().out().print(new Remote(on).bench(bundle, (int) Math.max(10, seconds * 20)));
      return;
    }
    Plan plan = Planner.plan(g, run.plan());
    run.sayMissing(console());
    Speed s;
    try (NetworkRunner runner = new NetworkRunner(plan)) {
      Speed.Effort effort =
          new Speed.Effort((int) (seconds * 500), (int) (seconds * 1000), 10, 1_000_000);
      s = Speed.measure(runner, Collections.singletonList(randomInputs(g)), effort);
    }
    if (json) {
      console()
          .json(
              Json.object(
                  "schema", 1,
                  "model", ModelFiles.name(model),
                  "tier", plan.tier(),
                  "threads", plan.options().threads(),
                  "medianMicros", s.medianMicros(),
                  "p10Micros", s.p10Micros(),
                  "p99Micros", s.p99Micros(),
                  "macsPerSecond", Math.rint(s.macsPerSecond()),
                  "allocatedBytesPerRun", s.allocatedBytesPerRun()));
      return;
    }
    console()
        .out()
        .printf(
            Locale.ROOT,
            "model      %s%nmachine    %s%ntier       %s%nthreads    %d%nruns       %,d%nmedian    "
                + " %,.1f us%np10        %,.1f us%np99        %,.1f us%nspeed      %.3f GMAC/s (%,d"
                + " MACs)%nallocated  %,d bytes/run%n",
            ModelFiles.name(model),
            ReportDocument.thisMachine(),
            plan.tier(),
            plan.options().threads(),
            s.runs(),
            s.medianMicros(),
            s.p10Micros(),
            s.p99Micros(),
            s.macsPerSecond() / 1e9,
            plan.macs(),
            s.allocatedBytesPerRun());
  }

  /** The same on every machine; spread over what the input can hold. */
  static float[][] randomInputs(Graph g) {
    SplittableRandom random = new SplittableRandom(20261123);
    float[][] r = new float[g.inputs().size()][];
    for (int i = 0; i < r.length; i++) {
      Tensor t = g.tensor(g.inputs().get(i));
      double low = -1;
      double high = 1;
      if (t.type().isQuantized8() && t.quantization() != null) {
        low = (double) t.quantization().scale() * (t.type().min() - t.quantization().zeroPoint());
        high = (double) t.quantization().scale() * (t.type().max() - t.quantization().zeroPoint());
      }
      r[i] = new float[t.shape().elements()];
      for (int j = 0; j < r[i].length; j++) {
        r[i][j] = (float) (low + (high - low) * random.nextDouble());
      }
    }
    return r;
  }
}
