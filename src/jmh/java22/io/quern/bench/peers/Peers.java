package io.quern.bench.peers;

import io.quern.data.Json;
import io.quern.format.tflite.TfliteWriter;
import io.quern.model.Graph;
import io.quern.report.ReportDocument;
import io.quern.testing.MobileNets;
import io.quern.testing.SharedData;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code src/jmh/peers}: Quern beside TensorFlow Lite and ONNX Runtime on the same files. */
@Command(
    name = "src/jmh/peers",
    mixinStandardHelpOptions = true,
    description = {
      "Measures Quern beside TensorFlow Lite 2.21.0 and ONNX Runtime 1.29.0 on the same files, batch"
          + " 1, in rounds in which all take turns; prints a table.",
      "Every output is compared with TensorFlow Lite's reference kernels first."
    },
    footer = {
      "",
      "Examples:",
      "  taskset -c 1 src/jmh/peers --threads 1",
      "  src/jmh/peers --tiers asm --peers xnnpack,ort-precise --json model-int8.tflite",
      "  src/jmh/peers --tiers portable,vector --java /usr/lib/jvm/java-17-openjdk-amd64"
    })
final class Peers implements Callable<Integer> {
  @Parameters(
      paramLabel = "FILE",
      description =
          "Networks. Default: MobileNet V1 1.0 and 0.25 and V2 1.0 at 224 with seeded weights, and"
              + " the MLPerf Tiny networks where they are at hand (QUERN_SHARED names their folder).")
  private List<Path> files = new ArrayList<>();

  @Option(
      names = "--tiers",
      split = ",",
      defaultValue = "portable,vector,asm",
      description = "Our tiers. Default: ${DEFAULT-VALUE}.")
  private List<String> tiers;

  @Option(
      names = "--threads",
      split = ",",
      description = "Numbers of threads. Default: 1, and 2 where there are two processors.")
  private List<Integer> threads;

  @Option(
      names = "--peers",
      split = ",",
      description =
          "Peers, among tflite-ref, tflite-opt, xnnpack, ort and ort-precise (without the"
              + " saturation of its default on x86-64). Default: all.")
  private List<String> peers = Field.PEERS;

  @Option(names = "--rounds", defaultValue = "5", description = "Default: ${DEFAULT-VALUE}.")
  private int rounds;

  @Option(
      names = "--millis",
      defaultValue = "300",
      description = "Length of one round of one runtime. Default: ${DEFAULT-VALUE}.")
  private int millis;

  @Option(
      names = "--warm-up",
      defaultValue = "2000",
      description = "Milliseconds before the first round. Default: ${DEFAULT-VALUE}.")
  private int warmUp;

  @Option(
      names = "--java",
      paramLabel = "HOME",
      description = "The Java, 17 or newer, that runs Quern. Default: the one that runs the peers.")
  private Path java = Path.of(System.getProperty("java.home"));

  @Option(
      names = "--java-option",
      paramLabel = "OPTION",
      description = "An option of the Java that runs Quern; may be repeated.")
  private List<String> javaOptions = new ArrayList<>();

  @Option(names = "--json", description = "Print one JSON document.")
  private boolean json;

  private final PrintStream progress = System.err;
  private final Path basedir = Path.of(System.getProperty("quern.basedir")).toAbsolutePath();

  public static void main(String[] args) {
    CommandLine line = new CommandLine(new Peers());
    line.setExecutionExceptionHandler(
        (e, c, r) -> {
          c.getErr().println("peers: " + e.getMessage());
          return CommandLine.ExitCode.SOFTWARE;
        });
    System.exit(line.execute(args));
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Path folder = Files.createDirectories(basedir.resolve("target").resolve("peers"));
    if (files.isEmpty()) {
      files = defaults(folder);
    }
    Path log = folder.resolve("runners.log");
    Files.deleteIfExists(log);
    Results results = new Results(peers);
    for (Path file : files) {
      Match.Effort effort = new Match.Effort(rounds, warmUp, millis);
      results.add(new Match(file, log, effort, progress).play(entrants()));
    }
    if (json) {
      System.out.println(
          results.json(
              Json.object(
                  "peers", ReportDocument.thisMachine(),
                  "quernJava", Field.feature(java),
                  "javaOptions", javaOptions)));
    } else {
      System.out.printf(
          "%s; Quern on Java %d%s%n%n",
          ReportDocument.thisMachine(),
          Field.feature(java),
          javaOptions.isEmpty() ? "" : " " + String.join(" ", javaOptions));
      System.out.println(results.text());
      System.out.println(
          "us: median; (x): the peer's time / ours on as many threads, as all ratios the median of"
              + " those of each round; at once: as many processes of one thread, x 1 thread");
      System.out.println(
          "largest difference from TensorFlow Lite's reference kernels: " + results.differences());
    }
    return CommandLine.ExitCode.OK;
  }

  private List<Entrant> entrants() throws IOException {
    if (threads == null) {
      threads = Runtime.getRuntime().availableProcessors() > 1 ? List.of(1, 2) : List.of(1);
    }
    Field field = new Field(java, javaOptions);
    List<Entrant> entrants = new ArrayList<>();
    for (String tier : tiers) {
      for (int t : threads) {
        entrants.add(field.quern(tier, t));
      }
    }
    for (String p : peers) {
      for (int t : threads) {
        entrants.add(field.peer(p, t));
      }
    }
    return entrants;
  }

  private List<Path> defaults(Path folder) throws IOException {
    List<Path> networks = new ArrayList<>();
    for (String name :
        List.of("vww_96_int8.tflite", "kws_ref_model.tflite", "pretrainedResnet_quant.tflite")) {
      SharedData.file(name).ifPresent(networks::add);
    }
    progress.println("building MobileNets with seeded weights in " + folder);
    networks.add(written(MobileNets.v1(0.25, 224), folder.resolve("mobilenet_v1_0.25_224.tflite")));
    networks.add(written(MobileNets.v1(1, 224), folder.resolve("mobilenet_v1_1.0_224.tflite")));
    networks.add(written(MobileNets.v2(1, 224), folder.resolve("mobilenet_v2_1.0_224.tflite")));
    return networks;
  }

  private static Path written(Graph graph, Path file) throws IOException {
    TfliteWriter.write(graph, file);
    return file;
  }
}
