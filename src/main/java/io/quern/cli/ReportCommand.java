package io.quern.cli;

import io.quern.calibrate.Preset;
import io.quern.data.DataOptions;
import io.quern.data.Dataset;
import io.quern.data.Datasets;
import io.quern.data.InputFormat;
import io.quern.data.Json;
import io.quern.model.Graph;
import io.quern.report.Candidate;
import io.quern.report.CsvReport;
import io.quern.report.Evaluation;
import io.quern.report.HtmlReport;
import io.quern.report.JsonReport;
import io.quern.report.ReportDocument;
import io.quern.report.Speed;
import io.quern.report.TextReport;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code quern report}. */
@Command(
    name = "report",
    description =
        "Compares a float model with its int8 versions: accuracy, error per layer, latency, memory.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  quern report model.tflite --calibration images/ --data test-images/",
      "  quern report model.tflite --data images/ --range=-1,1 --observer percentile --json",
      "  quern report model.tflite model-int8.tflite --data test-images/",
      "  quern report model.tflite --data images/ --paths all -o report.html -o report.csv",
      "",
      "Without --calibration, a quarter of --data (at most 512 inputs) is set apart for calibration and not evaluated on. When",
      "other models are given and --calibration is not, only these are compared."
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

  @Mixin private CalibrationFlags flags;
  @Mixin private RunOptions run;
  @Mixin private DataFlags dataFlags;

  @Option(
      names = "--paths",
      split = ",",
      paramLabel = "NAME",
      description =
          "Instead of int8 per tensor and per channel, these recipes (see quern calibrate --help), or all.")
  private List<String> paths = new ArrayList<>();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "Also write the report to a .html, .json or .csv file; may be repeated.")
  private List<Path> outputs = new ArrayList<>();

  @Option(names = "--json", description = "Print one JSON document.")
  private boolean json;

  @Override
  void execute() throws Exception {
    if (layerSamples < 0) {
      throw new Usage("--layer-samples must not be negative, is " + layerSamples);
    }
    var builder = flags.builder(run.plan().threads());
    List<Preset> recipes = recipes();
    for (Path o : outputs) {
      if (!ModelFiles.name(o).matches(".*\\.(html|json|csv)")) {
        throw new Usage("-o: expected a .html, .json or .csv file, found " + o);
      }
      ModelFiles.requireWritable(o, model);
    }
    Graph g = ModelFiles.read(model);
    if (!ModelFiles.isFloat(g)) {
      throw new Failure(
          model
              + ": is quantized; the first model of a report is the float one (bench and run take int8 models)");
    }
    List<Graph> otherGraphs = new ArrayList<>();
    for (Path o : others) {
      otherGraphs.add(ModelFiles.read(o));
    }
    InputFormat format = dataFlags.format(g, console());
    boolean divide = calibration == null && others.isEmpty();
    DataOptions evaluationOptions = dataFlags.options(g, limit);
    Dataset evaluation =
        Datasets.open(
            data,
            format,
            divide ? evaluationOptions.withPart(DataOptions.Part.EVALUATION) : evaluationOptions);
    Dataset calibrationSet = openCalibration(g, format, divide);
    List<Candidate> candidates = new ArrayList<>();
    candidates.add(Paths.float32(g, Files.size(model)));
    try (ProgressLine progress = new ProgressLine(console())) {
      if (calibrationSet != null) {
        candidates.addAll(
            recipes.isEmpty()
                ? Paths.int8(g, calibrationSet, builder, progress)
                : Paths.recipes(g, calibrationSet, recipes, run.plan().threads(), progress));
      }
      for (int i = 0; i < others.size(); i++) {
        Path o = others.get(i);
        candidates.add(Paths.given(ModelFiles.stem(o), otherGraphs.get(i), Files.size(o), g));
      }
      Evaluation.Settings settings =
          new Evaluation.Settings(run.plan(), layerSamples, Speed.Effort.SHORT);
      ReportDocument document =
          new ReportDocument(
              ModelFiles.name(model),
              evaluation.description(),
              calibrationSet == null ? null : calibrationSet.description(),
              ReportDocument.thisMachine(),
              Evaluation.run(g, candidates, evaluation, settings, progress));
      progress.finish();
      for (Path o : outputs) {
        OutputFiles.write(o, rendered(document, o).getBytes(StandardCharsets.UTF_8));
      }
      if (json) {
        console().json(JsonReport.document(document));
      } else {
        console().out().print(TextReport.write(document));
      }
    }
  }

  private List<Preset> recipes() {
    List<Preset> r = new ArrayList<>();
    for (String name : paths) {
      List<Preset> named =
          Arrays.stream(Preset.values())
              .filter(p -> name.equals("all") || name.equals(p.label()))
              .toList();
      if (named.isEmpty()) {
        throw new Usage(
            "--paths: unknown recipe '"
                + name
                + "'; known are all, "
                + Arrays.stream(Preset.values())
                    .map(Preset::label)
                    .collect(Collectors.joining(", ")));
      }
      r.addAll(named);
    }
    return r.stream().distinct().toList();
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

  private Dataset openCalibration(Graph g, InputFormat format, boolean divide)
      throws java.io.IOException {
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
