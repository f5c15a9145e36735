package io.quern.data;

import io.quern.model.DataType;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * The header of an IDX file (MNIST's format), which may be compressed with gzip: two zero bytes, a
 * type, the number of dimensions, the dimensions as big-endian int32. Source:
 * http://yann.lecun.com/exdb/mnist/.
 *
 * @param type UINT8 or FLOAT32
 * @param count first dimension: number of samples
 * @param dims the other dimensions: those of one sample
 */
record Idx(DataType type, int count, int[] dims) {
  private static final int MAX_SAMPLE_BYTES = 1 << 28;

  /** Whether the file's name or first bytes are those of an IDX file. */
  static boolean isIdx(Path file) {
    Path name = file.getFileName();
    String lower = name == null ? "" : name.toString().toLowerCase(Locale.ROOT);
    if (lower.matches(".*idx[1-9]-.*|.*\\.idx[1-9]?(\\.gz)?")) {
      return true;
    }
    try (InputStream in = open(file)) {
      byte[] b = in.readNBytes(4);
      return b.length == 4
          && b[0] == 0
          && b[1] == 0
          && (b[2] == 8 || b[2] == 0xD)
          && b[3] > 0
          && b[3] <= 4;
    } catch (IOException e) {
      return false;
    }
  }

  static InputStream open(Path file) throws IOException {
    InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16);
    try {
      in.mark(2);
      byte[] magic = in.readNBytes(2);
      in.reset();
      if (magic.length == 2 && magic[0] == 0x1f && magic[1] == (byte) 0x8b) {
        return new BufferedInputStream(new GZIPInputStream(in, 1 << 14), 1 << 16);
      }
      return in;
    } catch (IOException e) {
      in.close();
      throw e;
    }
  }

  /**
   * Reads the header.
   *
   * @throws DataException if it is not one, or of a type that is not read
   */
  static Idx header(Path file) {
    try (InputStream in = open(file)) {
      return header(file, in);
    } catch (EOFException | ZipException e) {
      throw new DataException(file + ": damaged gzip file: " + e.getMessage(), e);
    } catch (IOException e) {
      throw new DataException(file + ": cannot be read: " + Datasets.reason(e), e);
    }
  }

  static Idx header(Path file, InputStream in) throws IOException {
    byte[] magic = in.readNBytes(4);
    if (magic.length < 4 || magic[0] != 0 || magic[1] != 0) {
      throw new DataException(file + ": not an IDX file: it starts with " + Arrays.toString(magic));
    }
    DataType type =
        switch (magic[2]) {
          case 8 -> DataType.UINT8;
          case 0xD -> DataType.FLOAT32;
          default ->
              throw new DataException(
                  file
                      + String.format(
                          ": IDX type 0x%02X; 0x08 (unsigned byte) and 0x0D (float) are read",
                          magic[2]));
        };
    int rank = magic[3];
    if (rank < 1 || rank > 4) {
      throw new DataException(file + ": " + rank + " dimensions; 1 to 4 are read");
    }
    byte[] raw = in.readNBytes(4 * rank);
    if (raw.length < 4 * rank) {
      throw new DataException(file + ": ends in the header");
    }
    int[] all = new int[rank];
    ByteBuffer.wrap(raw).asIntBuffer().get(all);
    long bytes = type.bytes();
    for (int i = 0; i < rank; i++) {
      if (all[i] < 1) {
        throw new DataException(file + ": dimension " + i + " is " + all[i]);
      }
      bytes = i == 0 ? bytes : bytes * all[i];
      if (bytes > MAX_SAMPLE_BYTES) {
        throw new DataException(
            file + ": samples of " + bytes + " bytes; at most " + MAX_SAMPLE_BYTES + " are read");
      }
    }
    return new Idx(type, all[0], Arrays.copyOfRange(all, 1, rank));
  }

  int headerBytes() {
    return 4 + 4 * (1 + dims.length);
  }

  int sampleBytes() {
    int n = type.bytes();
    for (int d : dims) {
      n *= d;
    }
    return n;
  }
}
