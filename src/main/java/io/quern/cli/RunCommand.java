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
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** {@code quern run}. */
final class RunCommand extends BaseCommand {
  private final PositionalParamSpec model =
      PositionalParamSpec.builder()
          .index("0")
          .required(true)
          .paramLabel("MODEL")
          .type(Path.class)
          .description("A .tflite file, float or int8.")
          .build();

  private final PositionalParamSpec images =
      PositionalParamSpec.builder()
          .index("1..*")
          .arity("0..1")
          .paramLabel("IMAGE")
          .type(List.class)
          .auxiliaryTypes(Path.class)
          .description("PNG, JPEG or BMP files.")
          .build();

  private final OptionSpec rawInput =
      OptionSpec.builder("--raw-input")
          .paramLabel("FILE")
          .type(Path.class)
          .description("Raw tensors instead of images.")
          .build();

  private final OptionSpec rawOutput =
      OptionSpec.builder("--raw-output")
          .paramLabel("FILE")
          .type(Path.class)
          .description("Write the outputs as raw tensors.")
          .build();

  private final OptionSpec top =
      OptionSpec.builder("--top")
          .paramLabel("K")
          .type(int.class)
          .defaultValue("5")
          .description("Classes to show. Default: ${DEFAULT-VALUE}.")
          .build();

  private final OptionSpec json =
      OptionSpec.builder("--json")
          .type(boolean.class)
          .initialValue(false)
          .description("Print one JSON document.")
          .build();

  private final RunOptions run = new RunOptions();
  private final DataFlags data = new DataFlags();

  @Override
  CommandSpec describe() {
    CommandSpec spec = CommandSpec.wrapWithoutInspection(this).name("run");
    spec.usageMessage()
        .description("Runs a model on images or on raw tensors.")
        .footerHeading("%nExamples:%n")
        .footer(
            "  quern run model-int8.tflite cat.png dog.jpg",
            "  quern run model.tflite cat.png --range=0,1 --resize=crop --top 3 --json",
            "  quern run model-int8.tflite --raw-input in.bin --raw-output out.bin",
            "",
            "Raw files hold the elements of all inputs (outputs), one after the other, in the tensors' own types, little endian. A",
            "file of several such records is run record by record.");
    return spec;
  }

  @Override
  void addOptions(CommandSpec spec) {
    spec.addPositional(model).addPositional(images);
    spec.addOption(rawInput).addOption(rawOutput).addOption(top).addOption(json);
    run.addTo(spec);
    data.addTo(spec);
  }

  @Override
  void execute() throws Exception {
    List<Path> pictures = images.getValue() == null ? List.of() : images.getValue();
    Path from = rawInput.getValue();
    Path to = rawOutput.getValue();
    if (pictures.isEmpty() == (from == null)) {
      throw new Usage(
          from == null ? "give images, or --raw-input FILE" : "--raw-input excludes images");
    }
    int shown = top.getValue();
    if (shown < 1) {
      throw new Usage("--top must be at least 1, is " + shown);
    }
    Path file = model.getValue();
    Graph g = ModelFiles.read(file);
    if (to != null && !Files.exists(to)) {
      ModelFiles.requireWritable(to, from);
    }
    InputFormat format = data.format(g, console());
    List<String> labels = ModelMetadata.of(g).labels();
    List<Object> results = json.<Boolean>getValue() ? new ArrayList<>() : null;
    ByteArrayOutputStream raw = to == null ? null : new ByteArrayOutputStream();
    long record = format.recordBytes(null);
    byte[] bytes = from == null ? null : readRaw(from, record, format);
    long runs = bytes == null ? pictures.size() : bytes.length / record;
    try (NetworkRunner runner = new NetworkRunner(Planner.plan(g, run.plan(g, runs)))) {
      Results into = new Results(runner, labels, shown, results, raw);
      if (bytes != null) {
        for (int at = 0; at < bytes.length; at += (int) record) {
          String name = from + (bytes.length > record ? " [" + at / record + "]" : "");
          byte[] one = Arrays.copyOfRange(bytes, at, (int) (at + record));
          one(into, name, format.fromRaw(null, one));
        }
      } else {
        for (Path image : pictures) {
          one(into, image.toString(), format.fromImage(image));
        }
      }
    }
    if (to != null) {
      OutputFiles.write(to, raw.toByteArray());
    }
    if (results != null) {
      console().json(Json.object("schema", 1, "model", ModelFiles.name(file), "results", results));
    }
  }

  /**
   * Where results come from and go to.
   *
   * @param shown most classes shown
   * @param json gets one object for each input, unless null
   * @param raw gets the outputs as they are, unless null
   */
  private record Results(
      NetworkRunner runner,
      List<String> labels,
      int shown,
      List<Object> json,
      ByteArrayOutputStream raw) {
    String label(int index) {
      return index < labels.size() ? labels.get(index) : null;
    }
  }

  private static byte[] readRaw(Path file, long record, InputFormat format) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new Failure(file + (Files.exists(file) ? ": not a file" : ": no such file"));
    }
    long size = Files.size(file);
    if (size == 0 || size % record != 0 || size > 1 << 30) {
      StringBuilder s = new StringBuilder();
      for (Tensor t : format.inputs()) {
        s.append(s.isEmpty() ? "" : ", ").append(t.type()).append(' ').append(t.shape());
      }
      throw new Failure(
          file
              + ": "
              + size
              + " bytes, the model takes "
              + record
              + " ("
              + s
              + ") or a multiple, at most 1 GiB");
    }
    return Files.readAllBytes(file);
  }

  private void one(Results r, String name, float[][] inputs) {
    r.runner.set(inputs);
    r.runner.invoke();
    r.runner.fetch();
    if (r.raw != null) {
      r.raw.writeBytes(r.runner.rawOutputs());
      if (r.json == null) {
        return;
      }
    }
    float[] out = r.runner.outputs()[0];
    int[] best = best(out, r.shown);
    if (r.json != null) {
      List<Object> classes = new ArrayList<>();
      for (int i : best) {
        classes.add(Json.object("index", i, "label", r.label(i), "score", out[i]));
      }
      r.json.add(Json.object("input", name, "top", classes));
      return;
    }
    TextTable t = new TextTable(0, "score", "class", "label");
    for (int i : best) {
      t.row(Decimals.fixed(out[i], 4), Integer.toString(i), r.label(i) == null ? "-" : r.label(i));
    }
    console().out().print(name + "\n" + t);
  }

  /** Indices of the greatest scores, the greatest first; of equal ones the first comes first. */
  static int[] best(float[] scores, int most) {
    int[] best = new int[Math.min(most, scores.length)];
    int n = 0;
    for (int i = 0; i < scores.length; i++) {
      int at = n;
      while (at > 0 && Double.compare(-(double) scores[best[at - 1]], -(double) scores[i]) > 0) {
        at--;
      }
      if (at < best.length) {
        n = Math.min(n + 1, best.length);
        System.arraycopy(best, at, best, at + 1, n - 1 - at);
        best[at] = i;
      }
    }
    return best;
  }
}
