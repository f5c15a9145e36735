package io.quern.cli;

import io.quern.calibrate.BinaryLayers;
import io.quern.calibrate.CalibrationOptions;
import io.quern.calibrate.CalibrationResult;
import io.quern.calibrate.Calibrator;
import io.quern.calibrate.PassReport;
import io.quern.data.Dataset;
import io.quern.data.Datasets;
import io.quern.data.InputFormat;
import io.quern.data.Json;
import io.quern.data.ModelMetadata;
import io.quern.format.tflite.TfliteWriter;
import io.quern.model.Graph;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code quern calibrate}. */
@Command(
    name = "calibrate",
    description =
        "Turns a float model into an int8 model, from a few hundred inputs like those that it will see.",
    customSynopsis = "quern calibrate MODEL --data=DATA [OPTIONS]",
    footerHeading = "%nExamples:%n",
    footer = {
      "  quern calibrate model.tflite --data images/ --range=-1,1",
      "  quern calibrate model.tflite --data list.csv --mean=123.7,116.3,103.5 --std=58.4,57.1,57.4 --resize=crop -o small.tflite",
      "  quern calibrate model.tflite --data features.bin --observer percentile",
      "  quern calibrate model.tflite --data images/ --recipe best",
      "  quern calibrate model.tflite --data images/ --binary=2 --binary-layers greedy --binary-budget 0.05",
      "",
      "Data is a folder of images (png, jpg, bmp; sub-folders are classes), a CSV file of lines file,label, an IDX file (also",
      ".gz), a .bin file of many samples or a folder of one each. The pre-processing is stored in the model."
    })
final class CalibrateCommand extends BaseCommand {
  @Parameters(paramLabel = "MODEL", description = "A float .tflite file.")
  private Path model;

  @Option(
      names = "--data",
      required = true,
      paramLabel = "DATA",
      description = "Inputs to calibrate on; labels are not needed.")
  private Path data;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "The int8 model. Default: MODEL-int8.tflite beside MODEL.")
  private Path output;

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "512",
      description = "Most inputs to use, evenly spread; 0 for all. Default: ${DEFAULT-VALUE}.")
  private int limit;

  @Option(
      names = "--per-tensor",
      description = "One scale for all weights of a layer instead of one per channel.")
  private boolean perTensor;

  @Option(
      names = "--float-io",
      description = "Keep inputs and outputs float, with QUANTIZE and DEQUANTIZE in the model.")
  private boolean floatIo;

  @Option(
      names = "--classes",
      paramLabel = "FILE",
      description = "Text file with the name of one class a line, to store in the model.")
  private Path classes;

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "1",
      description = "Threads. Default: ${DEFAULT-VALUE}.")
  private int threads;

  @ArgGroup(validate = false, heading = CalibrationFlags.HEADING)
  private CalibrationFlags flags = new CalibrationFlags();

  private final DataFlags dataFlags = new DataFlags();

  @Option(names = "--json", description = "Print one JSON document.")
  private boolean json;

  @Override
  void addOptions(CommandSpec spec) {
    dataFlags.addTo(spec);
  }

  @Override
  void execute() throws Exception {
    CalibrationOptions options = options();
    Graph g = ModelFiles.read(model);
    Path target =
        output != null ? output : model.resolveSibling(ModelFiles.stem(model) + "-int8.tflite");
    ModelFiles.requireWritable(target, model);
    if (!ModelFiles.isFloat(g)) {
      throw new Failure(model + ": is quantized already; calibration starts from the float model");
    }
    InputFormat format = dataFlags.format(g, console());
    Dataset set = Datasets.open(data, format, dataFlags.options(g, limit));
    CalibrationResult result;
    try (ProgressLine progress = new ProgressLine(console())) {
      result = Calibrator.run(g, Inputs.of(set), options, progress);
    } catch (IllegalArgumentException e) {
      throw new Failure(model + ": " + e.getMessage(), e);
    }
    List<String> labels = classes != null ? readClasses(classes) : ModelMetadata.of(g).labels();
    Graph int8 =
        new ModelMetadata(format.preprocessing(), labels.isEmpty() ? set.classes() : labels)
            .storeIn(result.graph());
    byte[] bytes = TfliteWriter.write(int8);
    OutputFiles.write(target, bytes);
    report(result, set, target, bytes.length);
  }

  private CalibrationOptions options() {
    CalibrationOptions.Builder b = flags.builder(threads).floatInputOutput(floatIo);
    if (perTensor) {
      b.perTensorWeights(true);
    }
    CalibrationOptions o = b.build();
    if (o.perTensorWeights() && o.binaryLayers() != BinaryLayers.NONE) {
      throw new Usage("--per-tensor: binary weights have one scale per channel");
    }
    return o;
  }

  private void report(CalibrationResult result, Dataset set, Path target, int size)
      throws IOException {
    if (json) {
      List<Object> passes = new ArrayList<>();
      for (PassReport p : result.reports()) {
        passes.add(
            Json.object(
                "pass",
                p.pass(),
                "changes",
                p.changes(),
                "summary",
                p.summary(),
                "details",
                new ArrayList<Object>(p.details())));
      }
      console()
          .json(
              Json.object(
                  "schema",
                  1,
                  "model",
                  ModelFiles.name(model),
                  "output",
                  target.toString(),
                  "modelBytes",
                  Files.size(model),
                  "outputBytes",
                  size,
                  "samples",
                  set.size(),
                  "passes",
                  passes));
      return;
    }
    for (PassReport p : result.reports()) {
      console().say(p.pass() + ": " + p.summary());
    }
    console().say("calibrated on " + set.description());
    console()
        .say(
            String.format(
                Locale.ROOT,
                "wrote %s: %,d bytes, the float model has %,d",
                target,
                size,
                Files.size(model)));
  }

  private static List<String> readClasses(Path file) throws IOException {
    try {
      return Files.readAllLines(file, StandardCharsets.UTF_8).stream()
          .map(String::strip)
          .filter(s -> !s.isEmpty())
          .toList();
    } catch (java.nio.charset.CharacterCodingException e) {
      throw new Failure(file + ": not UTF-8 text", e);
    }
  }
}
