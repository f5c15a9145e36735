package io.quern.bench.peers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** All runtimes that can take part, and how they are started. */
final class Field {
  /** Names of the peers, in the order of the table. */
  static final List<String> PEERS =
      List.of("tflite-ref", "tflite-opt", "xnnpack", "ort", "ort-precise");

  private final Path quernJava;
  private final List<String> quernOptions;

  /**
   * @param quernJava home of the Java that runs Quern
   * @param quernOptions options of that Java
   */
  Field(Path quernJava, List<String> quernOptions) {
    this.quernJava = quernJava;
    this.quernOptions = quernOptions;
  }

  /** Quern on a tier. */
  Entrant quern(String tier, int threads) throws IOException {
    List<String> oneThread = threads > 1 ? command(tier, 1) : null;
    return new Entrant(tier, true, threads, true, command(tier, threads), oneThread);
  }

  private List<String> command(String tier, int threads) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(java(quernJava));
    command.add("-XX:+UseSerialGC");
    if (tier.equals("vector")) {
      command.add("--add-modules=jdk.incubator.vector");
    }
    if (feature(quernJava) >= 22) {
      command.add("--enable-native-access=ALL-UNNAMED");
    }
    command.addAll(quernOptions);
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of("io.quern.bench.runner.QuernRunner", tier, "" + threads));
    return command;
  }

  /** A peer. */
  Entrant peer(String name, int threads) {
    return switch (name) {
      case "tflite-ref" -> peer(name, threads, "TfliteRunner", "REFERENCE");
      case "tflite-opt" -> peer(name, threads, "TfliteRunner", "OPTIMISED");
      case "xnnpack" -> peer(name, threads, "TfliteRunner", "XNNPACK");
      case "ort" -> peer(name, threads, "OnnxRuntimeRunner", "default");
      case "ort-precise" -> peer(name, threads, "OnnxRuntimeRunner", "precise");
      default -> throw new IllegalArgumentException("no peer is called " + name + ": " + PEERS);
    };
  }

  private static Entrant peer(String name, int threads, String runner, String kind) {
    List<String> command =
        List.of(
            java(Path.of(System.getProperty("java.home"))),
            "-XX:+UseSerialGC",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            Field.class.getPackageName() + "." + runner,
            kind,
            "" + threads);
    return new Entrant(name, false, threads, name.equals("tflite-ref"), command, null);
  }

  private static String java(Path home) {
    return home.resolve("bin").resolve("java").toString();
  }

  /** Feature number of a Java, from its release file. */
  static int feature(Path home) throws IOException {
    String version =
        Files.readAllLines(home.resolve("release")).stream()
            .filter(line -> line.startsWith("JAVA_VERSION="))
            .findFirst()
            .orElseThrow()
            .split("\"")[1];
    return Integer.parseInt(Arrays.asList(version.split("\\.")).get(0));
  }
}
