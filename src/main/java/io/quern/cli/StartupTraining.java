package io.quern.cli;

import io.quern.runtime.Tiers;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.imageio.ImageIO;

/**
 * The work that the launcher lets a JVM do while that JVM records an archive of the classes it
 * loads: calibrate, run and inspect on the embedded model. Later starts map the archive instead of
 * reading, verifying and linking the same classes again.
 */
final class StartupTraining {
  private static final Pattern LOADED =
      Pattern.compile(
          "(io/quern/(|data/|format/.*|kernels/.*|model/|quant/|runtime/)[^/]*)\\.class");

  private StartupTraining() {}

  /** Does the work; the JVM's exit code is 0 when all of it went well. */
  public static void main(String[] args) throws IOException {
    System.setProperty("java.awt.headless", "true");
    PrintStream nothing = new PrintStream(OutputStream.nullOutputStream());
    System.exit(train(new Console(nothing, nothing, false)));
  }

  /**
   * Loads what other networks than the trained one need, so that later starts do not even open the
   * jar. The Java may be too old for some classes, or without a module.
   */
  private static void loadTheRest() throws IOException {
    Path place = Path.of(System.getProperty("java.class.path"));
    if (!Files.isRegularFile(place)) {
      return;
    }
    try (JarFile jar = new JarFile(place.toFile())) {
      for (JarEntry e : Collections.list(jar.entries())) {
        Matcher name = LOADED.matcher(e.getName());
        if (name.matches()) {
          try {
            Class.forName(name.group(1).replace('/', '.'), false, Main.class.getClassLoader());
          } catch (ClassNotFoundException | LinkageError notHere) {
            continue;
          }
        }
      }
    }
  }

  /** A picture in each format that is read. */
  private static List<String> pictures(Path folder) throws IOException {
    BufferedImage picture = new BufferedImage(40, 30, BufferedImage.TYPE_INT_RGB);
    List<String> files = new ArrayList<>();
    for (String format : List.of("png", "jpg", "bmp")) {
      Path file = folder.resolve("picture." + format);
      if (!ImageIO.write(picture, format, file.toFile())) {
        throw new IOException("this Java writes no " + format);
      }
      files.add(file.toString());
    }
    return files;
  }

  /** Runs the commands; returns the highest of their exit codes. */
  static int train(Console console) throws IOException {
    Path folder = Files.createTempDirectory("quern-startup");
    try (DemoFiles files = DemoFiles.open()) {
      Path model = Files.copy(files.file(DemoFiles.MODEL), folder.resolve(DemoFiles.MODEL));
      Path images = folder.resolve(DemoFiles.CALIBRATION);
      Files.copy(files.file(DemoFiles.CALIBRATION), images);
      Path int8 = folder.resolve("int8.tflite");
      Path input = Files.write(folder.resolve("input.bin"), new byte[28 * 28]);
      List<String> pictures = pictures(folder);
      String fastest = Tiers.available().get(0);
      int worst = 0;
      for (List<String> command :
          List.of(
              List.of("calibrate", model + "", "--data", images + "", "--limit=8", "-o", int8 + ""),
              List.of("run", int8 + "", "--raw-input", input + ""),
              List.of("run", int8 + "", "--raw-input", input + "", "--json"),
              List.of("run", int8 + "", "--raw-input", input + "", "--tier", fastest),
              List.of("run", int8 + "", "--raw-input", input + "", "--tier", "portable"),
              List.of("run", int8 + "", pictures.get(0), "--range=0,1", "--resize=stretch"),
              List.of("run", int8 + "", pictures.get(1), "--range=0,1", "--resize=crop"),
              List.of("run", int8 + "", pictures.get(2), "--resize=crop", "--json"),
              List.of("inspect", int8 + ""))) {
        worst = Math.max(worst, Main.run(console, command.toArray(String[]::new)));
      }
      loadTheRest();
      return worst;
    } finally {
      try (Stream<Path> all = Files.walk(folder)) {
        for (Path p : all.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(p);
        }
      }
    }
  }
}
