package io.quern.data;

import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;

/**
 * Reads PNG, JPEG and BMP files. Untrusted: the dimensions that the file's header says are checked
 * before a pixel is decoded, so that memory is bounded by {@link #MAX_PIXELS}. Orientation tags are
 * not applied.
 */
public final class ImageFiles {
  /** Most pixels that an image may have: 192 MiB decoded. */
  public static final long MAX_PIXELS = 1L << 26;

  private static final List<String> FORMATS = List.of("png", "jpeg", "bmp");
  private static final List<String> EXTENSIONS = List.of(".png", ".jpg", ".jpeg", ".bmp");

  private ImageFiles() {}

  /** Whether the file's name ends like that of a PNG, JPEG or BMP file. */
  public static boolean isImageName(Path file) {
    Path name = file.getFileName();
    String lower = name == null ? "" : name.toString().toLowerCase(Locale.ROOT);
    return EXTENSIONS.stream().anyMatch(lower::endsWith);
  }

  /**
   * The image in {@code file} at the size and depth that a network takes.
   *
   * @param channels 1 or 3
   * @param resize what to do when the image has another size or depth
   * @throws DataException if the file is not a readable image of the right size and depth, naming
   *     the file
   */
  public static Image read(Path file, int height, int width, int channels, Image.Resize resize) {
    Image image = decode(file, height, width, resize == Image.Resize.NONE);
    if (resize == Image.Resize.NONE) {
      if (image.channels() != channels) {
        throw new DataException(
            file
                + ": the image is "
                + depth(image.channels())
                + ", the model takes "
                + depth(channels)
                + " (--resize converts)");
      }
      return image;
    }
    Image converted = image.withChannels(channels);
    if (converted.height() == height && converted.width() == width) {
      return converted;
    }
    return converted.resized(height, width, resize);
  }

  private static String depth(int channels) {
    return channels == 1
        ? "grey (1 channel)"
        : channels == 3 ? "colour (3 channels)" : channels + " channels";
  }

  private static Image decode(Path file, int height, int width, boolean exact) {
    if (!Files.exists(file)) {
      throw new DataException(file + ": no such file");
    }
    if (!Files.isRegularFile(file)) {
      throw new DataException(file + ": not a file");
    }
    try {
      Image plain = PlainImages.read(file);
      if (plain != null && (!exact || plain.height() == height && plain.width() == width)) {
        return plain;
      }
    } catch (IOException e) {
      throw new DataException(file + ": damaged or unsupported image: " + e.getMessage(), e);
    }
    try (ImageInputStream in = ImageIO.createImageInputStream(file.toFile())) {
      Iterator<ImageReader> readers =
          in == null ? List.<ImageReader>of().iterator() : ImageIO.getImageReaders(in);
      if (!readers.hasNext()) {
        throw new DataException(file + ": not a PNG, JPEG or BMP image");
      }
      ImageReader reader = readers.next();
      try {
        String format = reader.getFormatName().toLowerCase(Locale.ROOT);
        if (!FORMATS.contains(format)) {
          throw new DataException(
              file + ": a " + format + " image; only PNG, JPEG and BMP are read");
        }
        reader.setInput(in, true, true);
        int h = reader.getHeight(0);
        int w = reader.getWidth(0);
        if (exact && (h != height || w != width)) {
          throw new DataException(
              file
                  + ": the image is "
                  + w
                  + "x"
                  + h
                  + ", the model takes "
                  + width
                  + "x"
                  + height
                  + " (width x height; --resize=stretch or --resize=crop scales it)");
        }
        if (h < 1 || w < 1 || (long) h * w > MAX_PIXELS) {
          throw new DataException(
              file + ": " + w + "x" + h + " pixels; at most " + MAX_PIXELS + " are read");
        }
        List<String> warnings = new ArrayList<>();
        reader.addIIOReadWarningListener((r, text) -> warnings.add(text));
        BufferedImage image = reader.read(0);
        for (String warning : warnings) {
          if (warning.startsWith("Truncated") || warning.startsWith("Corrupt")) {
            throw new DataException(file + ": damaged image: " + warning);
          }
        }
        return pixels(file, image, exact);
      } finally {
        reader.dispose();
      }
    } catch (DataException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      String why =
          e.getMessage() == null
              ? e.getClass().getSimpleName()
              : e.getMessage().lines().findFirst().orElse("");
      throw new DataException(file + ": damaged or unsupported image: " + why, e);
    }
  }

  private static Image pixels(Path file, BufferedImage image, boolean exact) {
    ColorModel model = image.getColorModel();
    int h = image.getHeight();
    int w = image.getWidth();
    Raster raster = image.getRaster();
    boolean indexed = model instanceof IndexColorModel;
    int bands = raster.getNumBands();
    if (!indexed && model.getComponentSize(0) > 8 && exact) {
      throw new DataException(
          file
              + ": "
              + model.getComponentSize(0)
              + " bits per channel, only 8 are taken (--resize converts)");
    }
    boolean grey = indexed ? isGrey((IndexColorModel) model) : bands <= 2;
    int channels = grey ? 1 : 3;
    byte[] out = new byte[h * w * channels];
    int[] row = new int[w * bands];
    int o = 0;
    for (int y = 0; y < h; y++) {
      if (!indexed) {
        raster.getPixels(0, y, w, 1, row);
      }
      for (int x = 0; x < w; x++) {
        int alpha;
        if (indexed) {
          int rgb = image.getRGB(x, y);
          alpha = rgb >>> 24;
          for (int c = 0; c < channels; c++) {
            out[o + c] = (byte) (rgb >> 16 - 8 * c);
          }
        } else {
          alpha =
              model.hasAlpha()
                  ? to8(row[x * bands + bands - 1], model.getComponentSize(bands - 1))
                  : 255;
          for (int c = 0; c < channels; c++) {
            out[o + c] = (byte) to8(row[x * bands + c], model.getComponentSize(c));
          }
        }
        if (alpha != 255) {
          if (exact) {
            throw new DataException(
                file + ": pixel " + x + "," + y + " is transparent (--resize lays it on white)");
          }
          for (int c = 0; c < channels; c++) {
            out[o + c] = (byte) (((out[o + c] & 255) * alpha + 255 * (255 - alpha) + 127) / 255);
          }
        }
        o += channels;
      }
    }
    return new Image(h, w, channels, out);
  }

  private static int to8(int value, int bits) {
    int max = (1 << bits) - 1;
    return bits == 8 ? value : (int) (((long) value * 255 + max / 2) / max);
  }

  private static boolean isGrey(IndexColorModel m) {
    for (int i = 0; i < m.getMapSize(); i++) {
      if (m.getRed(i) != m.getGreen(i) || m.getGreen(i) != m.getBlue(i)) {
        return false;
      }
    }
    return true;
  }
}
