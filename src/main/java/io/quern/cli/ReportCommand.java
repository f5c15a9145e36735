package io.quern.cli;

import io.quern.calibrate.CalibrationOptions;
import io.quern.data.DataOptions;
import io.quern.data.Dataset;
import io.quern.data.Datasets;
import io.quern.data.InputFormat;
import io.quern.data.Json;
import io.quern.model.Graph;
import io.quern.report.Candidate;
import io.quern.report.ColdStart;
import io.quern.report.CsvReport;
import io.quern.report.Evaluation;
import io.quern.report.HtmlReport;
import io.quern.report.JsonReport;
import io.quern.report.ModelledTarget;
import io.quern.report.PathResult;
import io.quern.report.ReportDocument;
import io.quern.report.Speed;
import io.quern.report.TextReport;
import io.quern.runtime.PlanOptions;
import io.quern.target.Board;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code quern report}. */
@Command(
    name = "report",
    description =
        "Compares a float model with its int8 versions: accuracy, error per layer, latency, memory.",
    customSynopsis = "quern report MODEL [OTHER...] --data=DATA [OPTIONS]",
    footerHeading = "%nExamples:%n",
    footer = {
      "  quern report model.tflite --calibration images/ --data test-images/",
      "  quern report model.tflite --data images/ --range=-1,1 --observer percentile --json",
      "  quern report model.tflite model-int8.tflite --data test-images/",
      "  quern report model.tflite --data images/ --paths all -o report.html -o report.csv",
      "  quern report model.tflite --data images/ --paths plain,+equalise,+correct-bias:empirical,best+observer:mse",
      "  quern report model.tflite --data images/ --tiers all --threads 1,4 --cold-start --target pi-4",
      "  quern report model.tflite --data images/ --on pi@raspberrypi.local --target pi-4 -o report.html",
      "  quern report model.tflite --data images/ --paths plain,best --sensitivity",
      "",
      "Without --calibration, a quarter of --data (at most 512 inputs) is set apart for calibration and not evaluated on. When",
      "other models are given and --calibration is not, only these are compared.",
      "",
      "Fields of the JSON document; null where a figure does not exist, xLow and xHigh are the ends of x's 95 %% interval:",
      "  schema (1), model, data, calibration, machine",
      "  paths[]: name, samples, labelled; top1, top5, agreement (shares) and divergence (KL from float, nats), each with Low and",
      "    High; sqnrDb, macs, modelBytes, outputSha256; tier ... coldStartMillis of the first variant",
      "    variants[]: tier, threads, medianMicros, p10Micros, p99Micros, macsPerSecond, allocatedBytesPerRun, arenaBytes,",
      "      board (only of figures measured over ssh, see --on), firstRunMillis (plan and first run in a warm JVM), coldStartMillis (fresh JVM until its first result)",
      "    layers[]: operator, name, tensor, scale, saturated (share)",
      "      local, accumulated, weights: sqnrDb, rmseInScales, maxInScales, meanInScales, cosine",
      "      histogram: low, high, counts[], zeros, rangeLow, rangeHigh",
      "      sensitivity: on, off: sqnrDb, agreement, divergence with Low and High",
      "  pairedTests[]: first, second, onlyFirst, onlySecond, p",
      "  modelled: board, name, rates[]: tier, gmacs, reason, paths[]: name, millis",
      "CSV has the same figures, one record a line; its first column says of what."
    })
final class ReportCommand extends BaseCommand {
  @Parameters(index = "0", paramLabel = "MODEL", description = "The float .tflite file.")
  private Path model;

  @Parameters(
      index = "1..*",
      paramLabel = "OTHER",
      description = "Other versions of it, such as int8 ones, to compare.")
  private List<Path> others = new ArrayList<>();

  @Option(
      names = "--data",
      required = true,
      paramLabel = "DATA",
      description = "Inputs to evaluate on, with labels if there are any.")
  private Path data;

  @Option(
      names = "--calibration",
      paramLabel = "DATA",
      description = "Inputs to calibrate on; never those of --data.")
  private Path calibration;

  @Option(names = "--same-inputs", description = "Allow --calibration and --data to be the same.")
  private boolean sameInputs;

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "0",
      description = "Most inputs to evaluate on, evenly spread; 0 for all.")
  private int limit;

  @Option(
      names = "--calibration-limit",
      paramLabel = "N",
      defaultValue = "512",
      description = "Most inputs to calibrate on. Default: ${DEFAULT-VALUE}.")
  private int calibrationLimit;

  @Option(
      names = "--layer-samples",
      paramLabel = "N",
      defaultValue = "16",
      description = "Inputs for errors per layer; 0 for none. Default: ${DEFAULT-VALUE}.")
  private int layerSamples;

  @Option(
      names = "--sensitivity",
      paramLabel = "N",
      arity = "0..1",
      fallbackValue = "64",
      defaultValue = "0",
      parameterConsumer = CalibrationFlags.OptionalCount.class,
      description =
          "Also measure, on N inputs (${FALLBACK-VALUE}), what each layer alone does to the outputs: it quantized and all others"
              + " float, and it float and all others as in the path. Takes half a network per layer, direction and input.")
  private int sensitivity;

  @Option(
      names = "--cold-start",
      description =
          "Also measure how long a fresh JVM takes until its first result, without the launcher's archive of classes.")
  private boolean coldStart;

  @Option(
      names = "--target",
      paramLabel = "BOARD",
      description = "Also show modelled (not measured) times on a board, see quern targets.")
  private String target;

  @Option(
      names = "--on",
      paramLabel = "USER@HOST",
      description =
          "Also measure every path there, over ssh: deploys it for --target, checks its bytes and adds its times to speed.")
  private String on;

  @ArgGroup(validate = false, heading = CalibrationFlags.HEADING)
  private CalibrationFlags flags = new CalibrationFlags();

  @Mixin private VariantFlags run;
  private final DataFlags dataFlags = new DataFlags();

  @Option(
      names = "--paths",
      split = ",",
      paramLabel = "NAME",
      description =
          "Instead of int8 per tensor and per channel, these recipes (see quern calibrate --help), or all. NAME+SWITCH[:VALUE] adds"
              + " switches of calibrate to a recipe, +SWITCH[:VALUE] to the path before; passes: the passes of best and"
              + " best-per-tensor, one more in every path. Excludes the switches of calibration.")
  private List<String> paths = new ArrayList<>();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "Also write the report to a .html, .json or .csv file; may be repeated.")
  private List<Path> outputs = new ArrayList<>();

  @Option(names = "--json", description = "Print one JSON document.")
  private boolean json;

  @Override
  void addOptions(CommandSpec spec) {
    dataFlags.addTo(spec);
  }

  @Override
  void execute() throws Exception {
    requireNoIgnoredFlags();
    List<PlanOptions> plans = run.plans();
    Map<String, CalibrationOptions> named = NamedPaths.of(paths, plans.get(0).threads());
    CalibrationOptions.Builder builder = flags.builder(plans.get(0).threads());
    ModelledTarget board = target == null ? null : modelled(TargetsCommand.board(target));
    requireOutputs();
    BoardSpeed boardSpeed = on == null ? null : BoardSpeed.of(on, TargetsCommand.board(target));
    Graph g = ModelFiles.read(model);
    if (!ModelFiles.isFloat(g)) {
      throw new Failure(
          model
              + ": is quantized; the first model of a report is the float one (bench and run take int8 models)");
    }
    List<Candidate> candidates = new ArrayList<>();
    candidates.add(Paths.float32(g, Files.size(model)));
    List<Candidate> given = given(g);
    InputFormat format = dataFlags.format(g, console());
    boolean divide = calibration == null && others.isEmpty();
    DataOptions options = dataFlags.options(g, limit);
    Dataset evaluation =
        Datasets.open(
            data, format, divide ? options.withPart(DataOptions.Part.EVALUATION) : options);
    Evaluation.requireLabels(g, evaluation);
    Dataset calibrationSet = openCalibration(g, format, divide);
    try (ProgressLine progress = new ProgressLine(console())) {
      if (calibrationSet != null) {
        candidates.addAll(
            named.isEmpty()
                ? Paths.int8(g, calibrationSet, builder, progress)
                : Paths.calibrated(g, calibrationSet, named, progress));
      }
      candidates.addAll(given);
      List<PathResult> results =
          Evaluation.run(g, candidates, evaluation, settings(plans), progress);
      if (boardSpeed != null) {
        results = boardSpeed.measure(results, progress);
      }
      ReportDocument document =
          new ReportDocument(
              ModelFiles.name(model),
              evaluation.description(),
              calibrationSet == null ? null : calibrationSet.description(),
              ReportDocument.thisMachine(),
              results,
              board);
      progress.finish();
      if (plans.stream().allMatch(p -> p.tier().equals("auto"))) {
        RunOptions.sayMissingTiers(console());
      }
      write(document);
    }
  }

  private Evaluation.Settings settings(List<PlanOptions> plans) {
    return new Evaluation.Settings(
        plans,
        layerSamples,
        sensitivity,
        Speed.Effort.SHORT,
        coldStart ? new FreshJvm() : ColdStart.NONE,
        Runtime.getRuntime().availableProcessors());
  }

  private void requireNoIgnoredFlags() {
    if (layerSamples < 0) {
      throw new Usage("--layer-samples must not be negative, is " + layerSamples);
    }
    if (on != null && target == null) {
      throw new Usage("--on needs --target BOARD: what is the machine?");
    }
    if (sensitivity > 0 && layerSamples == 0) {
      throw new Usage("--sensitivity needs --layer-samples of 1 or more");
    }
    String flag = given(CalibrationFlags.class);
    if (flag != null && !paths.isEmpty()) {
      throw new Usage("--paths excludes " + flag + ": every recipe has its own switches");
    }
    if (calibration == null && !others.isEmpty()) {
      requireUnused(flag);
      requireUnused(paths.isEmpty() ? null : "--paths");
      requireUnused(given("--calibration-limit") ? "--calibration-limit" : null);
    }
  }

  private static void requireUnused(String calibrating) {
    if (calibrating != null) {
      throw new Usage(
          calibrating + " needs --calibration: without it only the given models are compared");
    }
  }

  private void requireOutputs() throws IOException {
    for (Path o : outputs) {
      if (!ModelFiles.name(o).matches(".*\\.(html|json|csv)")) {
        throw new Usage("-o: expected a .html, .json or .csv file, found " + o);
      }
      ModelFiles.requireWritable(o, model);
    }
  }

  private List<Candidate> given(Graph floatGraph) throws IOException {
    List<Candidate> r = new ArrayList<>();
    for (Path o : others) {
      r.add(Paths.given(ModelFiles.stem(o), ModelFiles.read(o), Files.size(o), floatGraph));
    }
    return r;
  }

  private static ModelledTarget modelled(Board b) {
    List<ModelledTarget.Rate> rates = new ArrayList<>();
    b.throughput()
        .forEach((tier, t) -> rates.add(new ModelledTarget.Rate(tier, t.gmacs(), t.reason())));
    return new ModelledTarget(b.id(), b.name(), rates);
  }

  private void write(ReportDocument document) throws IOException {
    for (Path o : outputs) {
      OutputFiles.write(o, rendered(document, o).getBytes(StandardCharsets.UTF_8));
    }
    if (json) {
      console().json(JsonReport.document(document));
    } else {
      console().out().print(TextReport.write(document));
    }
  }

  private static String rendered(ReportDocument d, Path file) {
    String name = ModelFiles.name(file);
    if (name.endsWith(".html")) {
      return HtmlReport.write(d);
    }
    return name.endsWith(".csv")
        ? CsvReport.write(d)
        : Json.writePretty(JsonReport.document(d)) + "\n";
  }

  private Dataset openCalibration(Graph g, InputFormat format, boolean divide) throws IOException {
    DataOptions o = dataFlags.options(g, calibrationLimit);
    if (divide) {
      console().say("no --calibration given: a quarter of " + data + " is set apart for it");
      return Datasets.open(data, format, o.withPart(DataOptions.Part.CALIBRATION));
    }
    if (calibration == null) {
      return null;
    }
    if (!sameInputs
        && Files.exists(calibration)
        && Files.exists(data)
        && Files.isSameFile(calibration, data)) {
      throw new Usage(
          "--calibration and --data are the same: the result would flatter (leave --calibration out to divide the data, or"
              + " --same-inputs to insist)");
    }
    return Datasets.open(
        calibration,
        format,
        new DataOptions(null, o.modelLabels(), o.rawType(), o.part(), o.limit()));
  }
}
