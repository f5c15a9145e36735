package io.quern.cli;

import io.quern.target.Board;
import io.quern.target.Bundle;
import io.quern.target.Jre;
import io.quern.target.Remote;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code quern deploy}. */
@Command(
    name = "deploy",
    description = "Makes a folder, and on demand a Debian package, that runs a model on a board.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  quern deploy model-int8.tflite --target pi-4 -o bundle",
      "  quern deploy model-int8.tflite --target pi-5 -o bundle --deb --deb-version 1.2",
      "  quern deploy model-int8.tflite --target pi-4 --to pi@raspberrypi.local"
    })
final class DeployCommand extends BaseCommand {
  @Parameters(paramLabel = "MODEL", description = "A .tflite file.")
  private Path model;

  @Option(
      names = "--target",
      required = true,
      paramLabel = "BOARD",
      description = "The board; quern targets lists them.")
  private String target;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "DIR",
      description = "The folder to make; DIR.tar.gz is written beside it.")
  private Path output;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "Name of the bundle and its service. Default: that of the file.")
  private String name;

  @Option(names = "--deb", description = "Also write a Debian package beside DIR.")
  private boolean deb;

  @Option(
      names = "--deb-version",
      paramLabel = "VERSION",
      description =
          "Version of the Debian package, for a fleet that upgrades: higher for each new model."
              + " Default: Quern's with a hash, which apt cannot order.")
  private String debVersion;

  @Option(
      names = "--jre",
      description = "Put a trimmed Java runtime into DIR, so that the board needs none.")
  private boolean jre;

  @Option(
      names = "--jmods",
      paramLabel = "DIR",
      description =
          "The jmods folder of the board's JDK, for --jre. Default: this JDK's, if it fits.")
  private Path jmods;

  @Option(
      names = "--to",
      paramLabel = "USER@HOST",
      description = "Copy to this machine over ssh and let the bundle check itself there.")
  private String to;

  @Option(
      names = "--service",
      description = "With --to: install and start the systemd service (needs sudo there).")
  private boolean service;

  @Override
  void execute() throws Exception {
    if (output == null && to == null) {
      throw new Usage("give -o DIR, --to USER@HOST or both");
    }
    if (output == null && (deb || jre)) {
      throw new Usage("--deb and --jre need -o DIR");
    }
    if (debVersion != null && !deb) {
      throw new Usage("--deb-version needs --deb");
    }
    if (service && to == null) {
      throw new Usage("--service needs --to USER@HOST");
    }
    Board board = TargetsCommand.board(target);
    ModelFiles.read(model);
    Bundle bundle = new Bundle(model, board, name);
    if (debVersion != null) {
      bundle.setVersion(debVersion);
    }
    bundle.warnings().forEach(console()::say);
    PrintStream out = console().out();
    if (output != null) {
      write(bundle, board, out);
    }
    if (to != null) {
      Remote remote = new Remote(to);
      out.print(remote.install(bundle));
      out.println(remote.host() + ":quern/" + bundle.name());
      if (service) {
        remote.enable(bundle);
        out.println("service quern-" + bundle.name() + " is running");
      }
    }
  }

  /** Everything that could stand in the way is looked at before anything is written. */
  private Path folder() throws IOException {
    Path folder = output.toAbsolutePath().normalize();
    if (Files.exists(folder) && !Files.isDirectory(folder)) {
      throw new Failure(output + ": a file, not a folder");
    }
    if (Files.isDirectory(folder) && !Files.exists(folder.resolve("bundle.properties"))) {
      try (Stream<Path> files = Files.list(folder)) {
        if (files.findAny().isPresent()) {
          throw new Failure(output + ": holds other files; name a new folder or an earlier bundle");
        }
      }
    }
    if (jre && Files.exists(folder.resolve("jre"))) {
      throw new Failure(output.resolve("jre") + " exists already: remove it first");
    }
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new Failure(output + ": this folder cannot be made", e);
    }
    if (!Files.isWritable(folder) || !Files.isWritable(folder.getParent())) {
      throw new Failure(output + ": this folder, or the one it is in, cannot be written to");
    }
    return folder;
  }

  private void write(Bundle bundle, Board board, PrintStream out) throws Exception {
    if (jre) {
      Jre.check(jmods, board);
    }
    Path folder = folder();
    bundle.writeFolder(folder);
    long total = 0;
    for (Map.Entry<String, Integer> e : bundle.sizes().entrySet()) {
      out.printf(Locale.ROOT, "%,11d  %s%n", e.getValue(), output.resolve(e.getKey()));
      total += e.getValue();
    }
    if (jre) {
      long bytes = Jre.write(jmods, folder);
      bundle.addJre(folder.resolve("jre"));
      out.printf(Locale.ROOT, "%,11d  %s%n", bytes, output.resolve("jre"));
      total += bytes;
    }
    out.printf(Locale.ROOT, "%,11d  in all%n", total);
    file(folder.resolveSibling(folder.getFileName() + ".tar.gz"), bundle.tarGz(), out);
    if (deb) {
      file(folder.resolveSibling(bundle.debName()), bundle.deb(), out);
    }
  }

  private static void file(Path file, byte[] content, PrintStream out) throws Exception {
    Files.write(file, content);
    out.printf(Locale.ROOT, "%,11d  %s%n", content.length, file);
  }
}
