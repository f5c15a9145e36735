package io.quern.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.quern.testing.Pages;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The page about the embedded model, in a browser. */
class ReportPageTest {
  @TempDir static Path folder;
  private static String page;

  @BeforeAll
  static void writeReport() throws Exception {
    Path html = folder.resolve("report.html");
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Console console =
        new Console(
            new PrintStream(OutputStream.nullOutputStream()),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            false);
    Path data = Path.of(System.getProperty("quern.basedir", "."), "calibration", "fashion-mnist");
    String command =
        "report DATA/fashion-mnist-float.tflite --calibration DATA/calibration-images-idx3-ubyte.gz"
            + " --calibration-limit 32 --data DATA/test-images-idx3-ubyte.gz --limit 20 --paths plain,per-tensor"
            + " --layer-samples 2 --sensitivity=2 --cold-start --tiers portable,reference --target pi-4 -o HTML";
    String[] arguments =
        command.replace("DATA/", data + "/").replace("HTML", html.toString()).split(" ");
    assertEquals(0, Main.run(console, arguments), () -> err.toString(StandardCharsets.UTF_8));
    page = Files.readString(html);
  }

  @ParameterizedTest
  @CsvSource({"390,light", "390,dark", "1000,light", "1400,dark"})
  void embeddedModelsReportIsReadable(int width, String scheme) throws Exception {
    Pages.assertReadable(page, width, scheme, folder, "embedded");
  }
}
