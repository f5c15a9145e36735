package io.quern.cli;

import io.quern.data.InputFormat;
import io.quern.data.Json;
import io.quern.data.ModelMetadata;
import io.quern.model.Graph;
import io.quern.model.Tensor;
import io.quern.report.NetworkRunner;
import io.quern.report.TextTable;
import io.quern.runtime.Planner;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code quern run}. */
@Command(
    name = "run",
    description = "Runs a model on images or on raw tensors.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  quern run model-int8.tflite cat.png dog.jpg",
      "  quern run model.tflite cat.png --range=0,1 --resize=crop --top 3 --json",
      "  quern run model-int8.tflite --raw-input in.bin --raw-output out.bin",
      "",
      "Raw files hold the elements of all inputs (outputs), one after the other, in the tensors' own types, little endian. A",
      "file of several such records is run record by record."
    })
final class RunCommand extends BaseCommand {
  @Parameters(index = "0", paramLabel = "MODEL", description = "A .tflite file, float or int8.")
  private Path model;

  @Parameters(index = "1..*", paramLabel = "IMAGE", description = "PNG, JPEG or BMP files.")
  private List<Path> images = new ArrayList<>();

  @Option(
      names = "--raw-input",
      paramLabel = "FILE",
      description = "Raw tensors instead of images.")
  private Path rawInput;

  @Option(
      names = "--raw-output",
      paramLabel = "FILE",
      description = "Write the outputs as raw tensors.")
  private Path rawOutput;

  @Option(
      names = "--top",
      paramLabel = "K",
      defaultValue = "5",
      description = "Classes to show. Default: ${DEFAULT-VALUE}.")
  private int top;

  @Mixin private RunOptions run;
  @Mixin private DataFlags data;

  @Option(names = "--json", description = "Print one JSON document.")
  private boolean json;

  @Override
  void execute() throws Exception {
    if (images.isEmpty() == (rawInput == null)) {
      throw new Usage(
          rawInput == null ? "give images, or --raw-input FILE" : "--raw-input excludes images");
    }
    if (top < 1) {
      throw new Usage("--top must be at least 1, is " + top);
    }
    Graph g = ModelFiles.read(model);
    if (rawOutput != null && !Files.exists(rawOutput)) {
      ModelFiles.requireWritable(rawOutput, rawInput);
    }
    InputFormat format = data.format(g, console());
    List<String> labels = ModelMetadata.of(g).labels();
    List<Object> results = new ArrayList<>();
    ByteArrayOutputStream raw = new ByteArrayOutputStream();
    try (NetworkRunner runner = new NetworkRunner(Planner.plan(g, run.plan()))) {
      if (rawInput != null) {
        long record = format.recordBytes(null);
        byte[] bytes = readRaw(record, format);
        for (int at = 0; at < bytes.length; at += (int) record) {
          String name = rawInput + (bytes.length > record ? " [" + at / record + "]" : "");
          one(
              runner,
              name,
              format.fromRaw(null, Arrays.copyOfRange(bytes, at, (int) (at + record))),
              labels,
              results,
              raw);
        }
      } else {
        for (Path image : images) {
          one(runner, image.toString(), format.fromImage(image), labels, results, raw);
        }
      }
    }
    if (rawOutput != null) {
      OutputFiles.write(rawOutput, raw.toByteArray());
    }
    if (json) {
      console().json(Json.object("schema", 1, "model", ModelFiles.name(model), "results", results));
    }
  }

  private byte[] readRaw(long record, InputFormat format) throws IOException {
    if (!Files.isRegularFile(rawInput)) {
      throw new Failure(rawInput + (Files.exists(rawInput) ? ": not a file" : ": no such file"));
    }
    long size = Files.size(rawInput);
    if (size == 0 || size % record != 0 || size > 1 << 30) {
      StringBuilder s = new StringBuilder();
      for (Tensor t : format.inputs()) {
        s.append(s.isEmpty() ? "" : ", ").append(t.type()).append(' ').append(t.shape());
      }
      throw new Failure(
          rawInput
              + ": "
              + size
              + " bytes, the model takes "
              + record
              + " ("
              + s
              + ") or a multiple, at most 1 GiB");
    }
    return Files.readAllBytes(rawInput);
  }

  private void one(
      NetworkRunner runner,
      String name,
      float[][] inputs,
      List<String> labels,
      List<Object> results,
      ByteArrayOutputStream raw) {
    runner.set(inputs);
    runner.invoke();
    runner.fetch();
    if (rawOutput != null) {
      raw.writeBytes(runner.rawOutputs());
      if (!json) {
        return;
      }
    }
    float[] out = runner.outputs()[0];
    List<Integer> best =
        IntStream.range(0, out.length)
            .boxed()
            .sorted(
                Comparator.comparingDouble((Integer i) -> -(double) out[i]).thenComparing(i -> i))
            .limit(top)
            .toList();
    if (json) {
      List<Object> classes = new ArrayList<>();
      for (int i : best) {
        classes.add(
            Json.object(
                "index", i, "label", i < labels.size() ? labels.get(i) : null, "score", out[i]));
      }
      results.add(Json.object("input", name, "top", classes));
      return;
    }
    TextTable t = new TextTable(0, "score", "class", "label");
    for (int i : best) {
      t.row(
          String.format(Locale.ROOT, "%.4f", out[i]),
          Integer.toString(i),
          i < labels.size() ? labels.get(i) : "-");
    }
    console().out().print(name + "\n" + t);
  }
}
