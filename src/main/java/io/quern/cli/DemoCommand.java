package io.quern.cli;

import io.quern.calibrate.CalibrationOptions;
import io.quern.data.DataOptions;
import io.quern.data.Dataset;
import io.quern.data.Datasets;
import io.quern.data.Image;
import io.quern.data.InputFormat;
import io.quern.data.ModelMetadata;
import io.quern.format.tflite.TfliteReader;
import io.quern.format.tflite.TfliteWriter;
import io.quern.model.Graph;
import io.quern.report.Candidate;
import io.quern.report.Evaluation;
import io.quern.report.JsonReport;
import io.quern.report.ReportDocument;
import io.quern.report.TextReport;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** {@code quern demo}. */
@Command(
    name = "demo",
    description = {
      "The main job on the embedded model and data: calibrates a float network that sorts pictures of clothes (Fashion-MNIST) to"
          + " int8, writes it, and compares float32, int8 per tensor and int8 per channel."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  quern demo",
      "  quern demo --tier portable --threads 2 --json",
      "  quern demo --limit 100   # the digests tell whether two machines give the same bytes",
      "  quern demo --full -o clothes-int8.tflite"
    })
final class DemoCommand extends BaseCommand {
  @Option(
      names = "--full",
      description =
          "Evaluate on the official 10,000 test images (Debian package dataset-fashion-mnist).")
  private boolean full;

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "0",
      description = "Most test images to evaluate on, evenly spread; 0 for all.")
  private int limit;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description =
          "The int8 model. Default: fashion-mnist-int8.tflite in the build's target folder, else in this folder.")
  private Path output;

  private final RunOptions run = new RunOptions();

  @Option(names = "--json", description = "Print one JSON document.")
  private boolean json;

  @Override
  void addOptions(CommandSpec spec) {
    run.addTo(spec);
  }

  @Override
  void execute() throws Exception {
    if (limit < 0) {
      throw new Usage("--limit must not be negative, is " + limit);
    }
    Path target = output != null ? output : defaultOutput();
    ModelFiles.requireWritable(target, null);
    try (DemoFiles files = DemoFiles.open();
        ProgressLine progress = new ProgressLine(console())) {
      byte[] bytes = Files.readAllBytes(files.file(DemoFiles.MODEL));
      Graph g = TfliteReader.read(ByteBuffer.wrap(bytes), DemoFiles.MODEL);
      InputFormat format = InputFormat.of(g, null, Image.Resize.NONE);
      DataOptions options = DataOptions.defaults();
      Dataset calibration = Datasets.open(files.file(DemoFiles.CALIBRATION), format, options);
      Dataset test = Datasets.open(testData(files), format, options.withLimit(limit));
      List<Candidate> candidates = new ArrayList<>();
      candidates.add(Paths.float32(g, bytes.length));
      candidates.addAll(
          Paths.int8(
              g,
              calibration,
              CalibrationOptions.builder().threads(run.plan().threads()),
              progress));
      byte[] written = TfliteWriter.write(ModelMetadata.of(g).storeIn(candidates.get(2).graph()));
      OutputFiles.write(target, written);
      Evaluation.Settings settings = Evaluation.Settings.brief(run.plan(), 16);
      ReportDocument document =
          new ReportDocument(
              DemoFiles.MODEL,
              "Fashion-MNIST, " + test.size() + " test images",
              "Fashion-MNIST, " + calibration.size() + " training images",
              ReportDocument.thisMachine(),
              Evaluation.run(g, candidates, test, settings, progress),
              null);
      progress.finish();
      run.sayMissing(console());
      if (json) {
        console().json(JsonReport.document(document));
      } else {
        console().out().print(TextReport.write(document));
      }
      console().say(String.format(Locale.ROOT, "wrote %s (%,d bytes)", target, written.length));
    }
  }

  private Path testData(DemoFiles files) {
    if (!full) {
      return files.file(DemoFiles.TEST);
    }
    if (!Files.isRegularFile(DemoFiles.FULL_TEST)) {
      throw new Failure(
          DemoFiles.FULL_TEST + ": no such file; sudo apt install dataset-fashion-mnist brings it");
    }
    return DemoFiles.FULL_TEST;
  }

  private static Path defaultOutput() {
    String home = System.getProperty("quern.home");
    Path name = Path.of("fashion-mnist-int8.tflite");
    return home != null && Files.isDirectory(Path.of(home, "target"))
        ? Path.of(home, "target").resolve(name)
        : name;
  }
}
