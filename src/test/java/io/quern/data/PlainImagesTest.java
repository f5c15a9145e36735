package io.quern.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The norm is what the JDK's readers decode. */
class PlainImagesTest {
  private static final int[][] SIZES = {{1, 1}, {1, 5}, {7, 3}, {13, 16}, {32, 33}, {40, 30}};

  @TempDir Path dir;

  private static BufferedImage picture(int type, int height, int width, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    BufferedImage image =
        type == BufferedImage.TYPE_BYTE_INDEXED
            ? new BufferedImage(width, height, type, palette(random, seed % 2 == 0))
            : new BufferedImage(width, height, type);
    int bands = image.getRaster().getNumBands();
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        for (int b = 0; b < bands; b++) {
          int smooth = (3 * x + 5 * y + 40 * b) & 255;
          image.getRaster().setSample(x, y, b, y % 3 == 0 ? random.nextInt(256) : smooth);
        }
      }
    }
    return image;
  }

  private static IndexColorModel palette(SplittableRandom random, boolean grey) {
    byte[][] c = new byte[3][256];
    for (int i = 0; i < 256; i++) {
      for (int k = 0; k < 3; k++) {
        c[k][i] = grey && k > 0 ? c[0][i] : (byte) random.nextInt();
      }
    }
    return new IndexColorModel(8, 256, c[0], c[1], c[2]);
  }

  private static Image expected(BufferedImage image, int channels) {
    int h = image.getHeight();
    int w = image.getWidth();
    boolean indexed = image.getColorModel() instanceof IndexColorModel;
    byte[] out = new byte[h * w * channels];
    for (int i = 0; i < h * w; i++) {
      for (int c = 0; c < channels; c++) {
        out[i * channels + c] =
            indexed
                ? (byte) (image.getRGB(i % w, i / w) >> 16 - 8 * c)
                : (byte) image.getRaster().getSample(i % w, i / w, c);
      }
    }
    return new Image(h, w, channels, out);
  }

  private void check(BufferedImage image, String format) throws IOException {
    Path file = dir.resolve("image." + format);
    ImageIO.write(image, format, file.toFile());
    Image plain = PlainImages.read(file);
    assertNotNull(plain, format);
    Image expected = expected(ImageIO.read(file.toFile()), plain.channels());
    assertEquals(expected.height(), plain.height());
    assertEquals(expected.width(), plain.width());
    assertArrayEquals(expected.pixels(), plain.pixels(), format + " of type " + image.getType());
  }

  @Test
  void pngAndBmpAsTheJdkReadsThem() throws IOException {
    for (int[] size : SIZES) {
      for (int seed = 0; seed < 4; seed++) {
        check(picture(BufferedImage.TYPE_3BYTE_BGR, size[0], size[1], seed), "png");
        check(picture(BufferedImage.TYPE_INT_RGB, size[0], size[1], seed), "png");
        check(picture(BufferedImage.TYPE_BYTE_GRAY, size[0], size[1], seed), "png");
        check(picture(BufferedImage.TYPE_BYTE_INDEXED, size[0], size[1], seed), "png");
        check(picture(BufferedImage.TYPE_3BYTE_BGR, size[0], size[1], seed), "bmp");
      }
    }
  }

  /** A PNG with the given filter in each row. */
  private Path filtered(int[] filters, int width, int colour, int channels) throws IOException {
    SplittableRandom random = new SplittableRandom(filters.length);
    ByteArrayOutputStream rows = new ByteArrayOutputStream();
    try (DeflaterOutputStream deflated = new DeflaterOutputStream(rows)) {
      for (int filter : filters) {
        deflated.write(filter);
        for (int i = 0; i < width * channels; i++) {
          deflated.write(random.nextInt(256));
        }
      }
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeLong(0x89504E470D0A1A0AL);
    ByteArrayOutputStream header = new ByteArrayOutputStream();
    DataOutputStream h = new DataOutputStream(header);
    h.writeInt(width);
    h.writeInt(filters.length);
    h.write(new byte[] {8, (byte) colour, 0, 0, 0});
    chunk(out, "IHDR", header.toByteArray());
    byte[] data = rows.toByteArray();
    int half = data.length / 2;
    chunk(out, "IDAT", Arrays.copyOf(data, half));
    chunk(out, "IDAT", Arrays.copyOfRange(data, half, data.length));
    chunk(out, "IEND", new byte[0]);
    return Files.write(dir.resolve("filtered.png"), bytes.toByteArray());
  }

  private static void chunk(DataOutputStream out, String type, byte[] data) throws IOException {
    CRC32 sum = new CRC32();
    sum.update(type.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    sum.update(data);
    out.writeInt(data.length);
    out.writeBytes(type);
    out.write(data);
    out.writeInt((int) sum.getValue());
  }

  @Test
  void everyFilter() throws IOException {
    int[] filters = {4, 3, 2, 1, 0, 1, 2, 3, 4, 4, 1, 3, 0, 4, 2, 2};
    for (int width : new int[] {1, 2, 9, 40}) {
      for (int colour : new int[] {0, 2}) {
        Path file = filtered(filters, width, colour, colour + 1);
        Image plain = PlainImages.read(file);
        assertNotNull(plain);
        Image expected = expected(ImageIO.read(file.toFile()), plain.channels());
        assertArrayEquals(expected.pixels(), plain.pixels(), width + " wide");
      }
    }
    assertNull(PlainImages.read(filtered(new int[] {0, 5}, 3, 0, 1)));
  }

  @Test
  void leavesOthersToTheJdk() throws IOException {
    for (int type :
        new int[] {
          BufferedImage.TYPE_INT_ARGB,
          BufferedImage.TYPE_USHORT_GRAY,
          BufferedImage.TYPE_BYTE_BINARY
        }) {
      Path file = dir.resolve("other.png");
      BufferedImage image = new BufferedImage(9, 8, type);
      ImageIO.write(image, "png", file.toFile());
      assertNull(PlainImages.read(file), "type " + type);
    }
    Path jpeg = dir.resolve("a.jpg");
    ImageIO.write(picture(BufferedImage.TYPE_3BYTE_BGR, 8, 8, 1), "jpg", jpeg.toFile());
    assertNull(PlainImages.read(jpeg));
    assertNull(PlainImages.read(Files.write(dir.resolve("short"), new byte[] {'B', 'M'})));
    assertNull(PlainImages.read(Files.write(dir.resolve("text"), new byte[100])));
  }

  /** No damage makes anything but an image or null. */
  @Test
  void damagedFiles() throws IOException {
    SplittableRandom random = new SplittableRandom(3);
    for (String format : new String[] {"png", "bmp"}) {
      Path file = dir.resolve("d." + format);
      ImageIO.write(picture(BufferedImage.TYPE_3BYTE_BGR, 12, 11, 5), format, file.toFile());
      byte[] good = Files.readAllBytes(file);
      int decoded = 0;
      for (int i = 0; i < 3000; i++) {
        byte[] bad = i < good.length ? Arrays.copyOf(good, i) : good.clone();
        for (int k = random.nextInt(1, 4); k > 0 && bad.length > 0; k--) {
          bad[random.nextInt(Math.min(bad.length, 80))] = (byte) random.nextInt();
        }
        Image image = PlainImages.read(Files.write(file, bad));
        decoded += image == null ? 0 : 1;
      }
      System.out.println(format + ": " + decoded + " of 3000 damaged files were decoded");
    }
  }
}
