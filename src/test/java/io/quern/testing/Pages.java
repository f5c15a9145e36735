package io.quern.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;

/** What every page of a report must be. */
public final class Pages {
  private static final int HEIGHT = 3000;

  private Pages() {}

  /**
   * Renders a page and asserts that it fits its window, that no text leaves its drawing and no
   * label covers another, that the tables of accuracy and speed need no scrolling on a desk, that
   * it asks the network for nothing, and that it is drawn, in the scheme's brightness. The
   * screenshot stays in {@code target/report-screenshots}.
   *
   * @param scheme light or dark
   * @param name of the screenshot
   */
  public static void assertReadable(String html, int width, String scheme, Path folder, String name)
      throws Exception {
    boolean dark = scheme.equals("dark");
    Chromium.Seen seen = Chromium.orAbort().open(html, width, HEIGHT, dark, folder);
    assertTrue(
        seen.findings()
            .matches("wide=0 drawings=[1-9][0-9]* outside=\\[] overlaps=\\[] scrolls=.*"),
        seen.findings());
    if (width >= 1000) {
      assertFalse(seen.findings().matches(".*scrolls=.*(Accuracy|Speed).*"), seen.findings());
    }
    assertEquals(List.of(), seen.requests());
    keep(seen.screenshot(), name + "-" + width + "-" + scheme);
    assertIsDrawn(ImageIO.read(seen.screenshot().toFile()), width, dark);
  }

  private static void keep(Path screenshot, String name) throws IOException {
    Path target = Path.of(System.getProperty("quern.basedir", "."), "target", "report-screenshots");
    Files.createDirectories(target);
    Files.write(target.resolve(name + ".png"), Files.readAllBytes(screenshot));
  }

  private static void assertIsDrawn(BufferedImage image, int width, boolean dark) {
    assertEquals(width, image.getWidth());
    int background = image.getRGB(2, 2);
    assertEquals(dark, brightness(background) < 60, Integer.toHexString(background));
    assertEquals(!dark, brightness(background) > 200, Integer.toHexString(background));
    long drawn = 0;
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < width; x++) {
        drawn += Math.abs(brightness(image.getRGB(x, y)) - brightness(background)) > 60 ? 1 : 0;
      }
    }
    double share = (double) drawn / image.getHeight() / width;
    assertTrue(share > 0.01 && share < 0.4, "share of pixels drawn: " + share);
  }

  private static int brightness(int rgb) {
    return ((rgb >> 16 & 255) + (rgb >> 8 & 255) + (rgb & 255)) / 3;
  }
}
