package io.quern.data;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Decodes the plainest of PNG and BMP files: 8 bits a channel, grey, colour or a palette, no
 * transparency, not interlaced or compressed otherwise. {@link ImageFiles} asks this class first
 * and the JDK's readers for all else, broken files among it: those readers take a cold start 50 ms
 * and more. Untrusted files: sizes are checked before memory is taken.
 *
 * <p>Source: Portable Network Graphics (PNG) Specification, second edition, sections 5, 7 and 9.
 */
final class PlainImages {
  private static final long PNG = 0x89504E470D0A1A0AL;
  private static final int IHDR = 0x49484452;
  private static final int PLTE = 0x504C5445;
  private static final int IDAT = 0x49444154;
  private static final int IEND = 0x49454E44;

  /** Longest file that is looked at: others are no plain ones of so few pixels. */
  private static final int MAX_BYTES = 1 << 26;

  private static final int MAX_PIXELS = 1 << 24;

  private PlainImages() {}

  /** The image, or null if it is not one of these. */
  static Image read(Path file) throws IOException {
    byte[] bytes;
    try (RandomAccessFile f = new RandomAccessFile(file.toFile(), "r")) {
      long length = f.length();
      if (length < 54 || length > MAX_BYTES) {
        return null;
      }
      byte[] start = new byte[8];
      f.readFully(start);
      boolean png = ByteBuffer.wrap(start).getLong() == PNG;
      if (!png && (start[0] != 'B' || start[1] != 'M')) {
        return null;
      }
      bytes = Arrays.copyOf(start, (int) length);
      f.readFully(bytes, 8, bytes.length - 8);
      return png ? png(ByteBuffer.wrap(bytes)) : bmp(ByteBuffer.wrap(bytes));
    }
  }

  private static boolean fits(int height, int width) {
    return height > 0 && width > 0 && (long) height * width <= MAX_PIXELS;
  }

  /** Uncompressed, 24 bits a pixel, the last row first. */
  private static Image bmp(ByteBuffer b) {
    b.order(ByteOrder.LITTLE_ENDIAN);
    int at = b.getInt(10);
    int width = b.getInt(18);
    int height = b.getInt(22);
    boolean plain =
        b.getInt(14) == 40 && b.getShort(26) == 1 && b.getShort(28) == 24 && b.getInt(30) == 0;
    if (!plain || !fits(height, width)) {
      return null;
    }
    int rowBytes = (width * 3 + 3) / 4 * 4;
    if (at < 54 || at > b.capacity() || (long) rowBytes * height > b.capacity() - at) {
      return null;
    }
    byte[] from = b.array();
    byte[] out = new byte[height * width * 3];
    for (int y = 0; y < height; y++) {
      int o = y * width * 3;
      int i = at + (height - 1 - y) * rowBytes;
      for (int x = 0; x < width * 3; x += 3) {
        out[o + x] = from[i + x + 2];
        out[o + x + 1] = from[i + x + 1];
        out[o + x + 2] = from[i + x];
      }
    }
    return new Image(height, width, 3, out);
  }

  private static Image png(ByteBuffer b) {
    if (b.getInt(8) != 13 || b.getInt(12) != IHDR) {
      return null;
    }
    int width = b.getInt(16);
    int height = b.getInt(20);
    int colour = b.get(25);
    boolean plain =
        b.get(24) == 8
            && (colour == 0 || colour == 2 || colour == 3)
            && b.get(26) == 0
            && b.get(27) == 0
            && b.get(28) == 0;
    if (!plain || !fits(height, width)) {
      return null;
    }
    int channels = colour == 2 ? 3 : 1;
    byte[] rows = new byte[height * (1 + width * channels)];
    byte[] palette = null;
    int filled = 0;
    Inflater inflater = new Inflater();
    try {
      int at = 8;
      while (true) {
        if (b.capacity() - at < 12) {
          return null;
        }
        int length = b.getInt(at);
        int type = b.getInt(at + 4);
        if (length < 0 || length > b.capacity() - at - 12 || !sumIsRight(b, at, length)) {
          return null;
        }
        if (type == IDAT) {
          inflater.setInput(b.array(), at + 8, length);
          filled += inflater.inflate(rows, filled, rows.length - filled);
        } else if (type == PLTE && colour == 3 && length % 3 == 0 && length <= 768) {
          palette = Arrays.copyOfRange(b.array(), at + 8, at + 8 + length);
        } else if (type == IEND) {
          break;
        } else if (type != IHDR && !isIgnored(type)) {
          return null;
        }
        at += 12 + length;
      }
    } catch (DataFormatException e) {
      return null;
    } finally {
      inflater.end();
    }
    if (filled != rows.length || !unfilter(rows, height, width * channels, channels)) {
      return null;
    }
    return colour == 3
        ? indexed(rows, height, width, palette)
        : new Image(height, width, channels, withoutFilters(rows, height, width * channels));
  }

  private static boolean sumIsRight(ByteBuffer b, int at, int length) {
    CRC32 sum = new CRC32();
    sum.update(b.array(), at + 4, length + 4);
    return (int) sum.getValue() == b.getInt(at + 8 + length);
  }

  /** Chunks that change no pixel: text, time, size, and what says how colours are meant. */
  private static boolean isIgnored(int type) {
    return switch (type) {
      case 0x74455874, // tEXt
          0x7A545874, // zTXt
          0x69545874, // iTXt
          0x74494D45, // tIME
          0x70485973, // pHYs
          0x65584966, // eXIf
          0x67414D41, // gAMA
          0x6348524D, // cHRM
          0x73524742 -> // sRGB
          true;
      default -> false;
    };
  }

  /** Undoes the filters in place; false if one is unknown. */
  private static boolean unfilter(byte[] rows, int height, int length, int step) {
    for (int y = 0; y < height; y++) {
      int row = y * (length + 1) + 1;
      int above = row - length - 1;
      int filter = rows[row - 1];
      if (filter < 0 || filter > 4) {
        return false;
      }
      for (int i = 0; filter != 0 && i < length; i++) {
        int left = i < step ? 0 : rows[row + i - step] & 255;
        int up = y == 0 ? 0 : rows[above + i] & 255;
        int corner = i < step || y == 0 ? 0 : rows[above + i - step] & 255;
        int guess =
            switch (filter) {
              case 1 -> left;
              case 2 -> up;
              case 3 -> (left + up) / 2;
              default -> paeth(left, up, corner);
            };
        rows[row + i] += (byte) guess;
      }
    }
    return true;
  }

  private static int paeth(int left, int up, int corner) {
    int toLeft = Math.abs(up - corner);
    int toUp = Math.abs(left - corner);
    int toCorner = Math.abs(left + up - 2 * corner);
    if (toLeft <= toUp && toLeft <= toCorner) {
      return left;
    }
    return toUp <= toCorner ? up : corner;
  }

  private static byte[] withoutFilters(byte[] rows, int height, int length) {
    byte[] out = new byte[height * length];
    for (int y = 0; y < height; y++) {
      System.arraycopy(rows, y * (length + 1) + 1, out, y * length, length);
    }
    return out;
  }

  /** Grey if all of the palette is. */
  private static Image indexed(byte[] rows, int height, int width, byte[] palette) {
    if (palette == null || palette.length == 0) {
      return null;
    }
    boolean grey = true;
    for (int i = 0; i < palette.length; i += 3) {
      grey &= palette[i] == palette[i + 1] && palette[i] == palette[i + 2];
    }
    int channels = grey ? 1 : 3;
    byte[] indices = withoutFilters(rows, height, width);
    byte[] out = new byte[indices.length * channels];
    for (int i = 0; i < indices.length; i++) {
      int entry = (indices[i] & 255) * 3;
      if (entry >= palette.length) {
        return null;
      }
      System.arraycopy(palette, entry, out, i * channels, channels);
    }
    return new Image(height, width, channels, out);
  }
}
