package io.quern.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quern.calibrate.BiasCorrectionMethod;
import io.quern.calibrate.CalibrationOptions;
import io.quern.calibrate.Equalisation;
import io.quern.calibrate.ObserverKind;
import io.quern.data.Json;
import io.quern.data.ModelMetadata;
import io.quern.data.Preprocessing;
import io.quern.format.tflite.TfliteReader;
import io.quern.format.tflite.TfliteWriter;
import io.quern.model.Activation;
import io.quern.model.DataType;
import io.quern.model.Graph;
import io.quern.model.Operator;
import io.quern.model.Padding;
import io.quern.model.Shape;
import io.quern.model.Tensor;
import io.quern.runtime.Tiers;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands as a user types them. */
class MainTest {
  private static final List<String> PATH_FIELDS =
      List.of(
          "name",
          "tier",
          "top1",
          "agreement",
          "sqnrDb",
          "medianMicros",
          "p99Micros",
          "allocatedBytesPerRun",
          "modelBytes",
          "arenaBytes",
          "outputSha256");

  @TempDir Path dir;
  private Path model;
  private Path images;
  private Path testImages;

  /** What a command printed. */
  private record Printed(int code, String out, String err) {
    Map<?, ?> json() {
      return (Map<?, ?>) Json.parse(out);
    }
  }

  private Printed quern(Object... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    String[] a = Stream.of(args).map(Object::toString).toArray(String[]::new);
    int code =
        Main.run(
            new Console(
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                false),
            a);
    return new Printed(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  /** A failure is one line on stderr, and nothing on stdout. */
  private String failure(int code, Object... args) {
    Printed p = quern(args);
    assertEquals(code, p.code(), p.err());
    assertEquals("", p.out());
    assertEquals(1, p.err().lines().count(), p.err());
    assertTrue(p.err().startsWith("quern: "), p.err());
    assertFalse(p.err().contains("internal error"), p.err());
    return p.err().strip().substring(7).replace(dir.toString(), "DIR");
  }

  @BeforeEach
  void makeModelAndImages() throws IOException {
    model = dir.resolve("net.tflite");
    TfliteWriter.write(network(), model);
    images = imageFolder("calibration", 1, 12);
    testImages = imageFolder("test", 2, 20);
  }

  /** 6x6x1 image, 3x3 convolution with 4 filters, mean, fully connected with 3 classes, softmax. */
  private static Graph network() {
    SplittableRandom random = new SplittableRandom(7);
    float[] w = new float[4 * 9];
    float[] f = new float[12];
    for (int i = 0; i < w.length; i++) {
      w[i] = (float) random.nextDouble(-0.5, 0.5);
    }
    for (int i = 0; i < f.length; i++) {
      f[i] = (float) random.nextDouble(-3, 3);
    }
    List<Tensor> t =
        List.of(
            Tensor.activation("image", DataType.FLOAT32, Shape.of(1, 6, 6, 1), null),
            Tensor.constant("w", Shape.of(4, 3, 3, 1), w),
            Tensor.constant("b", Shape.of(4), new float[] {0.1f, 0, -0.1f, 0.2f}),
            Tensor.activation("conv", DataType.FLOAT32, Shape.of(1, 6, 6, 4), null),
            Tensor.activation("mean", DataType.FLOAT32, Shape.of(1, 4), null),
            Tensor.constant("f", Shape.of(3, 4), f),
            Tensor.constant("fb", Shape.of(3), new float[3]),
            Tensor.activation("logits", DataType.FLOAT32, Shape.of(1, 3), null),
            Tensor.activation("scores", DataType.FLOAT32, Shape.of(1, 3), null));
    Graph g =
        new Graph(
            "net",
            t,
            List.of(
                new Operator.Conv2d(0, 1, 2, 3, Padding.SAME, 1, 1, 1, 1, Activation.RELU),
                new Operator.Mean(3, 4, List.of(1, 2), false),
                new Operator.FullyConnected(4, 5, 6, 7, false, Activation.NONE),
                new Operator.Softmax(7, 8, 1)),
            List.of(0),
            List.of(8),
            Map.of());
    return new ModelMetadata(Preprocessing.range(0, 1), List.of("ant", "bee", "cat")).storeIn(g);
  }

  private Path imageFolder(String name, int seed, int count) throws IOException {
    SplittableRandom random = new SplittableRandom(seed);
    Path folder = dir.resolve(name);
    for (int i = 0; i < count; i++) {
      BufferedImage b = new BufferedImage(6, 6, BufferedImage.TYPE_BYTE_GRAY);
      for (int p = 0; p < 36; p++) {
        b.getRaster().setSample(p % 6, p / 6, 0, random.nextInt(256));
      }
      Path file = folder.resolve(List.of("ant", "bee", "cat").get(i % 3)).resolve(i + ".png");
      Files.createDirectories(file.getParent());
      ImageIO.write(b, "png", file.toFile());
    }
    return folder;
  }

  private Path calibrated() {
    Path int8 = dir.resolve("int8.tflite");
    Printed p = quern("calibrate", model, "--data", images, "-o", int8);
    assertEquals(0, p.code(), p.err());
    assertEquals("", p.out());
    return int8;
  }

  @Test
  void calibrateKeepsMetadataAndWritesInt8() throws IOException {
    Graph g = TfliteReader.read(calibrated());
    assertEquals(DataType.INT8, g.tensor(g.inputs().get(0)).type());
    assertEquals(List.of("ant", "bee", "cat"), ModelMetadata.of(g).labels());
    assertEquals(Preprocessing.range(0, 1), ModelMetadata.of(g).preprocessing());
    try (Stream<Path> left = Files.list(dir)) {
      assertEquals(
          List.of("calibration", "int8.tflite", "net.tflite", "test"),
          left.map(p -> p.getFileName().toString()).sorted().toList());
    }
  }

  @Test
  void runShowsLabels() {
    Printed p = quern("run", calibrated(), testImages.resolve("ant/0.png"), "--top", 2);
    assertEquals(0, p.code(), p.err());
    assertEquals(4, p.out().lines().count(), p.out());
    Map<?, ?> json = quern("run", model, testImages.resolve("ant/0.png"), "--json").json();
    List<?> top = (List<?>) ((Map<?, ?>) ((List<?>) json.get("results")).get(0)).get("top");
    assertEquals(3, top.size());
    assertTrue(List.of("ant", "bee", "cat").contains(((Map<?, ?>) top.get(0)).get("label")));
  }

  @Test
  void rawTensorsAreTheModelsOwnType() throws IOException {
    Path int8 = calibrated();
    byte[] in = new byte[72];
    new java.util.Random(3).nextBytes(in);
    Path input = Files.write(dir.resolve("in.bin"), in);
    Path output = dir.resolve("out.bin");
    byte[] first = null;
    for (String tier : List.of("reference", "portable")) {
      assertEquals(
          0,
          quern("run", int8, "--raw-input", input, "--raw-output", output, "--tier", tier).code());
      byte[] out = Files.readAllBytes(output);
      assertEquals(6, out.length);
      if (first != null) {
        assertArrayEquals(first, out);
      }
      first = out;
    }
    Files.write(input, new byte[35]);
    assertEquals(
        "DIR/in.bin: 35 bytes, the model takes 36 (INT8 1x6x6x1) or a multiple, at most 1 GiB",
        failure(1, "run", int8, "--raw-input", input));
  }

  @Test
  void reportDocumentHasTheSchema() {
    // The vector tier allocates until it is compiled, whenever that is.
    Printed p =
        quern(
            "report",
            model,
            "--calibration",
            images,
            "--data",
            testImages,
            "--tiers",
            "portable",
            "--json");
    assertEquals(0, p.code(), p.err());
    Map<?, ?> doc = p.json();
    assertEquals(1L, doc.get("schema"));
    assertEquals("net.tflite", doc.get("model"));
    List<?> paths = (List<?>) doc.get("paths");
    List<Object> names = new ArrayList<>();
    for (Object o : paths) {
      Map<?, ?> path = (Map<?, ?>) o;
      assertTrue(
          new ArrayList<Object>(path.keySet()).subList(0, PATH_FIELDS.size()).equals(PATH_FIELDS),
          path.keySet().toString());
      names.add(path.get("name"));
      assertEquals(0L, path.get("allocatedBytesPerRun"));
      assertEquals(64, ((String) path.get("outputSha256")).length());
      double top1 = ((Number) path.get("top1")).doubleValue();
      assertTrue(top1 >= 0 && top1 <= 1);
      assertEquals(20L, path.get("samples"));
    }
    assertEquals(List.of("float32", "int8-per-tensor", "int8-per-channel"), names);
    Map<?, ?> perChannel = (Map<?, ?>) paths.get(2);
    assertTrue(
        ((Number) perChannel.get("sqnrDb")).doubleValue() > 25,
        perChannel.get("sqnrDb").toString());
    assertEquals(4, ((List<?>) perChannel.get("layers")).size());
  }

  @Test
  void reportFilesAreByExtension() throws IOException {
    Graph g = network();
    List<Tensor> t = new ArrayList<>(g.tensors());
    String name = "=1+1,<script>alert('x')</script>\"";
    t.set(3, Tensor.activation(name, DataType.FLOAT32, Shape.of(1, 6, 6, 4), null));
    TfliteWriter.write(
        new Graph("", t, g.operators(), g.inputs(), g.outputs(), g.metadata()), model);
    Path html = dir.resolve("r.html");
    Path csv = dir.resolve("r.csv");
    Path document = dir.resolve("r.json");
    Printed p =
        quern(
            "report",
            model,
            "--calibration",
            images,
            "--data",
            testImages,
            "--paths",
            "plain,binary-2",
            "-o",
            html,
            "-o",
            csv,
            "-o",
            document);
    assertEquals(0, p.code(), p.err());
    String page = Files.readString(html);
    assertFalse(page.contains("<script"), page);
    assertTrue(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;"), page);
    assertFalse(page.matches("(?s).*(https?:|src=|href=|url\\().*"), page);
    List<String> lines = Files.readAllLines(csv);
    assertTrue(lines.stream().anyMatch(l -> l.startsWith("path,binary-2,")), lines.toString());
    assertTrue(
        lines.stream().anyMatch(l -> l.contains("\"'=1+1,<script>alert('x')</script>\"\"\"")),
        lines.toString());
    for (String line : lines) {
      String plain = line.replaceAll("\"([^\"]|\"\")*\"", "");
      assertEquals(lines.get(0).split(",").length, plain.split(",", -1).length, line);
    }
    for (String kind : List.of("variant,float32,", "pair,plain,", "layer,plain,")) {
      assertTrue(lines.stream().anyMatch(l -> l.startsWith(kind)), kind + " in " + lines);
    }
    assertTrue(p.out().contains("(3) binary-2"), p.out());
    Map<?, ?> json = (Map<?, ?>) Json.parse(Files.readString(document));
    assertEquals(3, ((List<?>) json.get("pairedTests")).size());
    assertEquals(
        "-o: expected a .html, .json or .csv file, found r.txt (see quern report --help)",
        failure(2, "report", model, "--data", testImages, "-o", "r.txt"));
    assertTrue(
        failure(2, "report", model, "--data", testImages, "--paths", "none")
            .startsWith("--paths: unknown recipe 'none'; known are all, passes, plain,"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "plain,+equalise,+correct-bias:empirical|plain +equalise +correct-bias:empirical",
        "best+observer:mse,plain+low-rank:parameters:0.9,binary+binary-layers:all|best+observer:mse plain+low-rank:parameters:0.9"
            + " binary+binary-layers:all",
        "passes|plain +silence-idle +fill-depthwise +split-channels +learn-rounding +fit-logits per-tensor +equalise"
            + " +absorb-bias +correct-bias:empirical",
        "plain,+equalise,per-tensor,+equalise,plain|plain +equalise per-tensor per-tensor+equalise",
      })
  void namedPathsAddSwitchesToRecipes(String paths, String names) {
    Map<String, CalibrationOptions> named = NamedPaths.of(List.of(paths.split(",")), 3);
    assertEquals(List.of(names.split(" ")), List.copyOf(named.keySet()));
    named.values().forEach(o -> assertEquals(3, o.threads()));
  }

  @Test
  void namedPathsHaveTheSwitchesOfThoseBefore() {
    List<CalibrationOptions> o = List.copyOf(NamedPaths.of(List.of("passes"), 1).values());
    assertEquals(Equalisation.NONE, o.get(1).equalisation());
    assertTrue(o.get(1).silenceIdle() && !o.get(1).splitChannels());
    assertEquals(Equalisation.DEPTHWISE, o.get(2).equalisation());
    assertTrue(o.get(5).silenceIdle() && o.get(5).splitChannels() && o.get(5).learnedRounding());
    assertTrue(o.get(5).fitLogits() && !o.get(4).fitLogits());
    assertTrue(o.get(9).perTensorWeights() && o.get(9).absorbHighBias());
    assertEquals(BiasCorrectionMethod.EMPIRICAL, o.get(9).biasCorrection());
    assertEquals(Equalisation.KEEP_RELU6, o.get(9).equalisation());
    CalibrationOptions mse =
        NamedPaths.of(List.of("best+observer:mse"), 1).get("best+observer:mse");
    assertEquals(ObserverKind.MSE, mse.observer());
    assertTrue(mse.learnedRounding());
  }

  @Test
  void reportOfBinaryWeightsHasNoPathPerTensor() {
    Printed p = quern(arguments("report MODEL --data IMAGES --layer-samples 0 --binary=2 --json"));
    assertEquals(0, p.code(), p.err());
    List<Object> names = new ArrayList<>();
    ((List<?>) p.json().get("paths")).forEach(o -> names.add(((Map<?, ?>) o).get("name")));
    assertEquals(List.of("float32", "int8-per-channel"), names);
  }

  @Test
  void reportDividesDataOrComparesGivenModels() {
    Printed p = quern("report", model, "--data", testImages);
    assertEquals(0, p.code(), p.err());
    assertTrue(p.out().contains("int8-per-channel"), p.out());
    assertTrue(p.out().contains("(15 images, 3 classes)"), p.out());
    assertTrue(p.out().contains("(5 images, 3 classes)"), p.out());
    Printed given = quern("report", model, calibrated(), "--data", testImages);
    assertEquals(0, given.code(), given.err());
    assertTrue(given.out().contains("int8: error per layer"), given.out());
    assertEquals(
        "--calibration and --data are the same: the result would flatter (leave --calibration out to divide the data, or"
            + " --same-inputs to insist) (see quern report --help)",
        failure(2, "report", model, "--calibration", images, "--data", images));
  }

  @Test
  void reportOfTiersThreadsColdStartTargetAndSensitivity() {
    String command =
        "report MODEL --calibration IMAGES --data TEST --paths plain,per-tensor --tiers=portable,reference --threads=1,2"
            + " --cold-start --target pi-4 --sensitivity=4 --json";
    Printed p = quern(arguments(command.replace("TEST", testImages.toString())));
    assertEquals(0, p.code(), p.err());
    List<?> paths = (List<?>) p.json().get("paths");
    Map<?, ?> plain = (Map<?, ?>) paths.get(1);
    List<String> variants = new ArrayList<>();
    for (Object o : (List<?>) plain.get("variants")) {
      Map<?, ?> v = (Map<?, ?>) o;
      variants.add(v.get("tier") + " " + v.get("threads"));
      assertTrue(((Number) v.get("coldStartMillis")).doubleValue() > 10, v.toString());
      assertTrue(((Number) v.get("firstRunMillis")).doubleValue() > 0, v.toString());
    }
    assertEquals(List.of("portable 1", "portable 2", "reference 1", "reference 2"), variants);
    Map<?, ?> layer = (Map<?, ?>) ((List<?>) plain.get("layers")).get(0);
    Map<?, ?> weights = (Map<?, ?>) layer.get("weights");
    double rmse = ((Number) weights.get("rmseInScales")).doubleValue();
    assertEquals(0.289, rmse, 0.08);
    Map<?, ?> sensitivity = (Map<?, ?>) layer.get("sensitivity");
    for (String direction : List.of("on", "off")) {
      Map<?, ?> effect = (Map<?, ?>) sensitivity.get(direction);
      assertTrue(((Number) effect.get("sqnrDb")).doubleValue() > 15, effect.toString());
    }
    List<?> counts = (List<?>) ((Map<?, ?>) layer.get("histogram")).get("counts");
    long total = counts.stream().mapToLong(n -> ((Number) n).longValue()).sum();
    assertEquals(16 * 6 * 6 * 4, total);
    Map<?, ?> modelled = (Map<?, ?>) p.json().get("modelled");
    assertEquals("pi-4b", modelled.get("board"));
    Map<?, ?> rate = (Map<?, ?>) ((List<?>) modelled.get("rates")).get(0);
    List<?> times = (List<?>) rate.get("paths");
    assertNull(((Map<?, ?>) times.get(0)).get("millis"));
    double gmacs = ((Number) rate.get("gmacs")).doubleValue();
    double millis = ((Number) ((Map<?, ?>) times.get(1)).get("millis")).doubleValue();
    assertEquals(1308 / gmacs / 1e6, millis, 1e-4);
    List<String> words = List.of(quern("report", "--help").out().split("[^A-Za-z0-9]+"));
    List<String> undocumented = new ArrayList<>(names(p.json()));
    undocumented.removeIf(n -> words.contains(n.replaceFirst("(Low|High)$", "")));
    undocumented.removeAll(List.of("rangeLow", "rangeHigh"));
    assertEquals(List.of(), undocumented);
  }

  /** Names of all fields of a JSON document. */
  private static Set<String> names(Object json) {
    Set<String> r = new TreeSet<>();
    if (json instanceof Map<?, ?> m) {
      m.keySet().forEach(k -> r.add((String) k));
    }
    Collection<?> inside =
        json instanceof Map<?, ?> m ? m.values() : json instanceof List<?> l ? l : List.of();
    inside.forEach(v -> r.addAll(names(v)));
    return r;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "report MODEL --data IMAGES --paths plain --equalise|--paths excludes --equalise: every recipe has its own switches",
        "report MODEL --data IMAGES --paths plain --recipe best|--paths excludes --recipe: every recipe has its own switches",
        "report MODEL --data IMAGES --paths +equalise|--paths: +equalise adds to the path before it, and there is none",
        "report MODEL --data IMAGES --paths plain+fast|--paths: plain+fast: Unknown option: '--fast'",
        "report MODEL --data IMAGES --paths plain+observer|--paths: plain+observer: Missing required parameter for option '--observer'"
            + " (KIND)",
        "report MODEL --data IMAGES --paths plain,+observer:fast|--paths: plain+observer:fast: --observer: unknown kind 'fast'; known are"
            + " min-max, moving-average, percentile, entropy, mse, auto",
        "report MODEL --data IMAGES --sensitivity --layer-samples 0|--sensitivity needs --layer-samples of 1 or more",
        "report MODEL MODEL --data IMAGES --calibration-limit 64|--calibration-limit needs --calibration: without it only the given models are compared",
        "report MODEL MODEL --data IMAGES --paths plain|--paths needs --calibration: without it only the given models are compared",
        "report MODEL MODEL --data IMAGES --observer mse|--observer needs --calibration: without it only the given models are"
            + " compared",
        "report MODEL --data IMAGES --target zx81|no board zx81; there are pi-zero-2w, pi-3bplus, pi-4b, pi-5, pi-2, pi-3-armhf,"
            + " pi-4-armhf, aarch64-server, x86-64-desk",
      })
  void reportFlagsThatWouldBeIgnoredAreWrongUsage(String command, String message) {
    assertEquals(message + " (see quern report --help)", failure(2, arguments(command)));
  }

  /** The last of many labels is wrong: nothing is calibrated, nothing is read. */
  @Test
  void reportChecksAllLabelsBeforeAnyWork() throws IOException {
    Graph g = network();
    TfliteWriter.write(
        new Graph("net", g.tensors(), g.operators(), g.inputs(), g.outputs(), Map.of()), model);
    Path list = testImages.resolve("list.csv");
    Files.writeString(list, "ant/0.png,0\nbee/1.png,1\nno image.png,2\ncat/2.png,3\n");
    Files.writeString(testImages.resolve("no image.png"), "text");
    assertEquals(
        "DIR/test/list.csv:4: label 3, but the model has 3 outputs",
        failure(1, "report", model, "--range=0,1", "--calibration", images, "--data", list));
  }

  @Test
  void benchDocumentHasTheSchema() {
    Printed p =
        quern("bench", model, "--seconds", "0.1", "--tier", "reference", "--threads", 2, "--json");
    assertEquals(0, p.code(), p.err());
    assertEquals(
        List.of(
            "schema",
            "model",
            "tier",
            "threads",
            "medianMicros",
            "p10Micros",
            "p99Micros",
            "macsPerSecond",
            "allocatedBytesPerRun"),
        new ArrayList<Object>(p.json().keySet()));
    assertEquals("reference", p.json().get("tier"));
    assertEquals(2L, p.json().get("threads"));
  }

  @Test
  void benchSaysWhyFasterTiersAreMissing() {
    Printed p = quern("bench", model, "--seconds", "0.1");
    assertEquals(0, p.code(), p.err());
    for (String tier : List.of("asm", "vector")) {
      String why = Tiers.whyMissing(tier);
      assertEquals(why != null, p.err().contains(tier + ": " + why), p.err());
    }
    assertTrue(p.err().lines().count() <= 1, p.err());
    assertEquals("", quern("bench", model, "--seconds", "0.1", "--tier", "portable").err());
  }

  @Test
  void inspectShowsPlan() {
    Printed p = quern("inspect", model, "--tier", "reference");
    assertEquals(0, p.code(), p.err());
    for (String s :
        List.of(
            "conv_2d_0",
            "parameters  55",
            "MACs        1,308",
            "arena",
            "in..0",
            "net.tflite",
            "FLOAT32 1x6x6x1")) {
      assertTrue(p.out().contains(s), s + " in " + p.out());
    }
    Map<?, ?> json = quern("inspect", model, "--json").json();
    assertEquals(1308L, json.get("macs"));
    assertEquals(4, ((List<?>) json.get("operators")).size());
  }

  @Test
  void namesAndMetadataOfAFileDoNotDriveTheTerminal() throws IOException {
    Graph g = network();
    List<Tensor> t = new ArrayList<>(g.tensors());
    t.set(
        0,
        Tensor.activation("im\u001b[31mage\u202e", DataType.FLOAT32, Shape.of(1, 6, 6, 1), null));
    Map<String, String> metadata = new java.util.HashMap<>(g.metadata());
    metadata.put("min_runtime_version", "1.5.0" + "\0".repeat(11));
    metadata.put("key\u009b2J", "a\u0007b");
    Path hostile = dir.resolve("hostile.tflite");
    TfliteWriter.write(new Graph("", t, g.operators(), g.inputs(), g.outputs(), metadata), hostile);
    Printed p = quern("inspect", hostile);
    assertEquals(0, p.code(), p.err());
    assertTrue(p.out().contains("min_runtime_version = 1.5.0\n"), p.out());
    assertTrue(p.out().contains("2J = a\\u0007b"), p.out());
    assertTrue(p.out().contains("[31mage\\u202e"), p.out());
    assertTrue(p.out().chars().noneMatch(c -> Character.isISOControl(c) && c != '\n'), p.out());
    assertTrue(quern("inspect", hostile, "--json").out().contains("\"1.5.0\""));
  }

  @Test
  void costOfLayerAndModel() {
    Printed p = quern("cost", "--input", "416x416x50", "--filters", 10, "--kernel", "3x3");
    assertTrue(p.out().contains("1/N + 1/k^2 = 0.211"), p.out());
    assertTrue(p.out().contains("778,752,000"), p.out());
    assertEquals(
        p.out(), quern("cost", "--input", "416x416x50", "--filters", 10, "--kernel", "3").out());
    assertEquals(1308L, quern("cost", model, "--json").json().get("macs"));
    assertEquals(
        "give a model, or --input and --filters (see quern cost --help)", failure(2, "cost"));
    assertEquals(
        "--input: expected 3 numbers joined by x, found 4x4 (see quern cost --help)",
        failure(2, "cost", "--input", "4x4", "--filters", 1));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--recipe plain|fold-batch-norm",
        "--recipe best|fold-batch-norm silence-idle equalise split-channels learn-rounding fit-logits",
        "--recipe finest|fold-batch-norm silence-idle equalise split-channels learn-rounding fit-logits",
        "--recipe best-per-tensor|fold-batch-norm silence-idle equalise split-channels learn-rounding fit-logits",
        "--recipe best --no-fit-logits --no-learn-rounding --no-silence-idle --no-fill-depthwise --no-split-channels --correct-bias"
            + " analytic|fold-batch-norm correct-bias",
        "--fill-depthwise --split-channels --split-budget 0.2|fold-batch-norm equalise split-channels",
        "--silence-idle|fold-batch-norm silence-idle",
        "--equalise --replace-relu6 --absorb-bias|fold-batch-norm equalise absorb-high-bias",
        "--correct-bias analytic --no-fold-batch-norm|correct-bias",
        "--float-layers 1 --sensitivity-inputs 4|fold-batch-norm mixed-precision",
        "--observer auto|fold-batch-norm choose-ranges",
        "--binary --binary-layers all|fold-batch-norm binarise",
        "--binary=2 --binary-layers greedy --binary-budget 1|fold-batch-norm binarise",
        "--recipe binary-3|fold-batch-norm binarise correct-bias",
        "--low-rank parameters:0.9|fold-batch-norm low-rank",
      })
  void calibrateRunsThePassesThatItsFlagsName(String flags, String passes) throws IOException {
    Path out = dir.resolve("q.tflite");
    Printed p =
        quern(arguments("calibrate " + flags + " MODEL --data IMAGES --json -o " + out.toString()));
    assertEquals(0, p.code(), p.err());
    List<String> ran = new ArrayList<>();
    for (Object o : (List<?>) p.json().get("passes")) {
      ran.add((String) ((Map<?, ?>) o).get("pass"));
    }
    assertEquals(List.of(passes.split(" ")), ran);
    assertEquals(1, TfliteReader.read(out).outputs().size());
  }

  @ParameterizedTest
  @ValueSource(strings = {"demo", "inspect", "calibrate", "run", "bench", "report", "cost"})
  void everyCommandHasHelpWithExamples(String command) {
    Printed p = quern(command, "--help");
    assertEquals(0, p.code());
    assertEquals("", p.err());
    int calibration = p.out().indexOf("How the network is calibrated:");
    boolean calibrates = List.of("calibrate", "report").contains(command);
    assertEquals(calibrates, calibration > p.out().indexOf("--data"), p.out());
    assertEquals(calibrates, calibration > 0 && p.out().indexOf("--observer") > calibration);
    assertTrue(p.out().contains("Examples:") && p.out().contains("quern " + command), p.out());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''|no command given (see quern --help)",
        "nonsense|Unmatched argument at index 0: 'nonsense' (see quern --help)",
        "bench|Missing required parameter: 'MODEL' (see quern bench --help)",
        "bench MODEL --threads x|Invalid value for option '--threads': 'x' is not an int (see quern bench --help)",
        "bench MODEL --threads 0|--threads must be in 1..256, is 0 (see quern bench --help)",
        "bench MODEL --tier fast|--tier: unknown tier 'fast'; known are auto, asm, vector, portable, reference (see quern bench --help)",
        "report MODEL --data IMAGES --threads 1,0|--threads must be in 1..256, is 0 (see quern report --help)",
        "report MODEL --data IMAGES --tiers portable,x|--tiers: unknown tier 'x'; known are auto, asm, vector, portable, reference (see"
            + " quern report --help)",
        "bench MODEL --seconds 0|--seconds must be more than 0 and at most 3600, is 0.0 (see quern bench --help)",
        "run MODEL|give images, or --raw-input FILE (see quern run --help)",
        "run MODEL a.png --range 1|--range takes two numbers, such as --range=-1,1 (see quern run --help)",
        "run MODEL a.png --range=1,0|--range: range must go from a smaller to a larger number, is 1.0,0.0 (see quern run --help)",
        "run MODEL a.png --std=0|--mean, --std: standard deviation must be positive and finite, is 0.0 (see quern run --help)",
        "run MODEL a.png --range=0,1 --mean=3|--range excludes --mean and --std (see quern run --help)",
        "calibrate MODEL|Missing required option: '--data=DATA' (see quern calibrate --help)",
        "calibrate MODEL --data IMAGES --observer best|--observer: unknown kind 'best'; known are min-max, moving-average, percentile,"
            + " entropy, mse, auto (see quern calibrate --help)",
        "calibrate MODEL --data IMAGES --recipe nicest|--recipe: unknown kind 'nicest'; known are plain, per-tensor, best,"
            + " finest, best-per-tensor, mixed, binary, binary-2, binary-3, low-rank (see quern calibrate --help)",
        "calibrate MODEL --data IMAGES --percentile 99|--percentile: neither the observer nor the weight scale is percentile (see quern"
            + " calibrate --help)",
        "calibrate MODEL --data IMAGES --replace-relu6|--replace-relu6: needs --equalise or a recipe with it (see quern calibrate --help)",
        "calibrate MODEL --data IMAGES --split-budget 0.1|--split-budget: needs --split-channels or a recipe with it (see quern calibrate"
            + " --help)",
        "calibrate MODEL --data IMAGES --split-channels --split-budget 3|--split-budget must be in [0, 2], is 3.0 (see quern calibrate --help)",
        "calibrate MODEL --data IMAGES --equalise --fill-depthwise|--fill-depthwise: --equalise does that and more (see quern calibrate"
            + " --help)",
        "calibrate MODEL --data IMAGES --refinement-inputs 0|--refinement-inputs must be at least 1, is 0 (see quern calibrate --help)",
        "calibrate MODEL --data IMAGES --sensitivity-inputs 0|--sensitivity-inputs must be at least 1, is 0 (see quern calibrate --help)",
        "calibrate MODEL --data IMAGES --binary=4|--binary must be 1 to 3, is 4 (see quern calibrate --help)",
        "calibrate MODEL --data IMAGES --binary-layers all|--binary-layers: needs --binary or a recipe with it (see quern calibrate --help)",
        "calibrate MODEL --data IMAGES --binary --binary-budget 0.1|--binary-budget: needs --binary-layers greedy (see quern calibrate --help)",
        "calibrate MODEL --data IMAGES --binary --per-tensor|--per-tensor: binary weights have one scale per channel (see quern calibrate --help)",
        "calibrate MODEL --data IMAGES --low-rank half|--low-rank: unknown kind 'half'; known are none, energy, error, parameters (see"
            + " quern calibrate --help)",
        "calibrate MODEL --data IMAGES --low-rank energy:x|--low-rank: 'x' is not a number (see quern calibrate --help)",
        "calibrate MODEL --data IMAGES --float-layers=-1|--float-layers must not be negative, is -1 (see quern calibrate --help)",
        "calibrate MODEL --data IMAGES --limit=-1|--limit must not be negative, is -1 (see quern calibrate --help)",
      })
  void wrongUsage(String command, String message) {
    assertEquals(message, failure(2, arguments(command)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "inspect DIR/none.tflite|DIR/none.tflite: no such file",
        "inspect DIR|DIR: a folder, not a model",
        "run MODEL DIR/none.png|DIR/none.png: no such file",
        "calibrate MODEL --data DIR/none|DIR/none: no such file or folder",
        "calibrate MODEL --data IMAGES -o DIR/no/x.tflite|DIR/no/x.tflite: the folder DIR/no does not exist",
        "calibrate MODEL --data IMAGES -o MODEL|DIR/net.tflite: is the input; choose another name",
        "calibrate MODEL --data IMAGES -o DIR|DIR: a folder; give the name of a file",
        "calibrate MODEL --data IMAGES --mean=1,2|IMAGES/ant/0.png: 2 means or standard deviations for 1 channels",
      })
  void failures(String command, String message) {
    assertEquals(message.replace("IMAGES", "DIR/calibration"), failure(1, arguments(command)));
  }

  private Object[] arguments(String command) {
    return Stream.of(command.split(" "))
        .filter(s -> !s.isEmpty())
        .map(
            s ->
                s.equals("MODEL")
                    ? model.toString()
                    : s.replace("IMAGES", images.toString()).replaceAll("^DIR", dir.toString()))
        .toArray();
  }

  @Test
  void damagedModelsAreOneLine() throws IOException {
    byte[] bytes = Files.readAllBytes(model);
    Path bad = dir.resolve("bad.tflite");
    for (int n = 0; n < bytes.length; n += 37) {
      Files.write(bad, java.util.Arrays.copyOf(bytes, n));
      assertTrue(failure(1, "inspect", bad).contains("bad.tflite"));
    }
    Files.writeString(bad, "<html>not a model</html>");
    assertTrue(failure(1, "inspect", bad).contains("bad.tflite"));
  }

  @Test
  void emptyCalibrationSetAndNanWeights() throws IOException {
    Path empty = Files.createDirectory(dir.resolve("empty"));
    assertEquals(
        "DIR/empty: no images (png, jpg, bmp), .bin tensors or IDX files in this folder",
        failure(1, "calibrate", model, "--data", empty));
    Graph g = network();
    List<Tensor> t = new ArrayList<>(g.tensors());
    t.set(2, Tensor.constant("b", Shape.of(4), new float[] {0, Float.NaN, 0, 0}));
    Path nan = dir.resolve("nan.tflite");
    TfliteWriter.write(new Graph("", t, g.operators(), g.inputs(), g.outputs(), g.metadata()), nan);
    String message = failure(1, "calibrate", nan, "--data", images);
    assertTrue(message.startsWith("DIR/nan.tflite: ") && message.contains("NaN"), message);
    assertFalse(Files.exists(dir.resolve("nan-int8.tflite")));
  }

  @Test
  void calibratedModelsAreNotCalibratedAgain() {
    assertEquals(
        "DIR/int8.tflite: is quantized already; calibration starts from the float model",
        failure(1, "calibrate", calibrated(), "--data", images));
    assertEquals(
        "DIR/int8.tflite: is quantized; the first model of a report is the float one (bench and run take int8 models)",
        failure(1, "report", calibrated(), "--data", images));
  }

  @Test
  void stackTraceOnlyWhenAsked() {
    Printed p = quern("--debug", "inspect", dir.resolve("none"));
    assertEquals(1, p.code());
    assertTrue(p.err().contains("\tat io.quern.cli."), p.err());
    Printed after = quern("inspect", dir.resolve("none"), "--debug");
    assertTrue(after.err().contains("\tat io.quern.cli."), after.err());
    assertEquals("DIR/none: no such file", failure(1, "inspect", dir.resolve("none")));
  }
}
