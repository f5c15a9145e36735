package io.quern.data;

import io.quern.model.DataType;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.stream.Stream;

/**
 * Opens data by what it is: a folder of images or of {@code .bin} tensors (sub-folders are the
 * classes), a folder with one IDX pair, a CSV list {@code file,label}, an IDX file (also {@code
 * .gz}), one {@code .bin} file of many samples, or one image.
 */
public final class Datasets {
  private static final int MAX_CSV_BYTES = 1 << 28;

  private Datasets() {}

  /**
   * Opens data for a network.
   *
   * @throws DataException if there is no data, or it is not for this network; samples are read, and
   *     may fail, later
   */
  public static Dataset open(Path data, InputFormat format, DataOptions options) {
    if (!Files.exists(data)) {
      throw new DataException(data + ": no such file or folder");
    }
    if (Files.isDirectory(data)) {
      return folder(data, format, options);
    }
    String name = lowerName(data);
    if (name.endsWith(".csv")) {
      return csv(data, format, options);
    }
    if (ImageFiles.isImageName(data)) {
      return new FileDataset(
          data.toString(),
          List.of(new FileDataset.Entry(data, Sample.NO_LABEL, "")),
          List.of(),
          format::fromImage);
    }
    if (name.endsWith(".bin") || name.endsWith(".raw")) {
      return raw(data, format, options);
    }
    if (Idx.isIdx(data)) {
      return idx(data, format, options);
    }
    throw new DataException(
        data
            + ": not data that is read: an image (png, jpg, bmp), .csv, .bin, IDX file or a folder of these");
  }

  static String reason(IOException e) {
    return e instanceof NoSuchFileException ? "no such file" : String.valueOf(e.getMessage());
  }

  private static String lowerName(Path p) {
    Path name = p.getFileName();
    return name == null ? "" : name.toString().toLowerCase(Locale.ROOT);
  }

  // Folders

  private static Dataset folder(Path dir, InputFormat format, DataOptions options) {
    List<Path> images = new ArrayList<>();
    List<Path> tensors = new ArrayList<>();
    List<Path> idx = new ArrayList<>();
    try (Stream<Path> files = Files.walk(dir, FileVisitOption.FOLLOW_LINKS)) {
      files
          .filter(Files::isRegularFile)
          .sorted()
          .forEach(
              f -> {
                String name = lowerName(f);
                if (ImageFiles.isImageName(f)) {
                  images.add(f);
                } else if (name.endsWith(".bin")) {
                  tensors.add(f);
                } else if (name.matches(".*idx[2-4]-.*|.*\\.idx[2-4](\\.gz)?")) {
                  idx.add(f);
                }
              });
    } catch (UncheckedIOException e) {
      throw new DataException(
          dir
              + ": cannot be read: "
              + (e.getCause() instanceof FileSystemLoopException
                  ? "a link leads back to its own folder"
                  : reason(e.getCause())),
          e);
    } catch (IOException e) {
      throw new DataException(dir + ": cannot be read: " + reason(e), e);
    }
    int kinds = (images.isEmpty() ? 0 : 1) + (tensors.isEmpty() ? 0 : 1) + (idx.isEmpty() ? 0 : 1);
    if (kinds == 0) {
      throw new DataException(
          dir + ": no images (png, jpg, bmp), .bin tensors or IDX files in this folder");
    }
    if (kinds > 1) {
      throw new DataException(
          dir
              + ": holds "
              + images.size()
              + " images, "
              + tensors.size()
              + " .bin and "
              + idx.size()
              + " IDX files; name one of them");
    }
    if (!idx.isEmpty()) {
      if (idx.size() > 1) {
        throw new DataException(
            dir
                + ": holds "
                + idx.size()
                + " IDX files, such as "
                + idx.get(0)
                + "; name one of them");
      }
      return idx(idx.get(0), format, options);
    }
    return images.isEmpty()
        ? files(dir, "tensors", tensors, options, f -> readRaw(f, format, options))
        : files(dir, "images", images, options, format::fromImage);
  }

  private static Dataset files(
      Path dir,
      String what,
      List<Path> found,
      DataOptions options,
      java.util.function.Function<Path, float[][]> reader) {
    Set<String> names = new LinkedHashSet<>();
    int loose = 0;
    for (Path f : found) {
      Path inside = dir.relativize(f);
      if (inside.getNameCount() > 1) {
        names.add(inside.getName(0).toString());
      } else {
        loose++;
      }
    }
    if (loose > 0 && !names.isEmpty()) {
      throw new DataException(
          dir
              + ": "
              + loose
              + " "
              + what
              + " beside "
              + names.size()
              + " sub-folders, which are taken for classes; move them");
    }
    Labels labels = new Labels(dir.toString(), options.modelLabels(), names);
    List<FileDataset.Entry> entries = new ArrayList<>();
    Selection chosen = new Selection(dir.toString(), found.size(), options);
    for (int i = 0; i < found.size(); i++) {
      if (chosen.contains(i)) {
        Path f = found.get(i);
        String name = dir.relativize(f).getName(0).toString();
        entries.add(
            new FileDataset.Entry(
                f,
                names.isEmpty() ? Sample.NO_LABEL : labels.index(name),
                dir.resolve(name).toString()));
      }
    }
    String classes =
        names.isEmpty() ? "" : ", " + names.size() + (names.size() == 1 ? " class" : " classes");
    return new FileDataset(
        dir + " (" + entries.size() + " " + what + classes + ")",
        entries,
        names.isEmpty() ? List.of() : labels.names(),
        reader);
  }

  // CSV

  private static Dataset csv(Path file, InputFormat format, DataOptions options) {
    String text;
    try {
      if (Files.size(file) > MAX_CSV_BYTES) {
        throw new DataException(
            file + ": " + Files.size(file) + " bytes; at most " + MAX_CSV_BYTES + " are read");
      }
      text = Files.readString(file);
    } catch (CharacterCodingException e) {
      throw new DataException(file + ": not UTF-8 text", e);
    } catch (IOException e) {
      throw new DataException(file + ": cannot be read: " + reason(e), e);
    }
    Path base = file.toAbsolutePath().getParent();
    List<Path> files = new ArrayList<>();
    List<String> names = new ArrayList<>();
    List<Integer> lineNumbers = new ArrayList<>();
    int lineNumber = 0;
    for (String line : text.lines().toList()) {
      lineNumber++;
      String where = file + ":" + lineNumber;
      if (line.isBlank() || line.startsWith("#")) {
        continue;
      }
      List<String> fields =
          fields(where, lineNumber == 1 && line.startsWith("\uFEFF") ? line.substring(1) : line);
      if (files.isEmpty() && fields.get(0).equalsIgnoreCase("file")) {
        continue;
      }
      if (fields.size() > 2
          || fields.get(0).isEmpty()
          || (fields.size() == 2 && fields.get(1).isEmpty())) {
        throw new DataException(where + ": expected file,label, found " + line);
      }
      if (!names.isEmpty() != (fields.size() == 2) && !files.isEmpty()) {
        throw new DataException(where + ": either every line has a label or none: " + line);
      }
      Path entry;
      try {
        entry = base.resolve(fields.get(0));
      } catch (java.nio.file.InvalidPathException e) {
        throw new DataException(where + ": not a file name: " + fields.get(0), e);
      }
      if (!Files.isRegularFile(entry)) {
        throw new DataException(where + ": no such file: " + fields.get(0));
      }
      files.add(entry);
      lineNumbers.add(lineNumber);
      if (fields.size() == 2) {
        names.add(fields.get(1));
      }
    }
    if (files.isEmpty()) {
      throw new DataException(file + ": lists no files");
    }
    Labels labels = new Labels(file.toString(), options.modelLabels(), names);
    List<FileDataset.Entry> entries = new ArrayList<>();
    Selection chosen = new Selection(file.toString(), files.size(), options);
    for (int i = 0; i < files.size(); i++) {
      if (chosen.contains(i)) {
        int label = names.isEmpty() ? Sample.NO_LABEL : labels.index(names.get(i));
        entries.add(new FileDataset.Entry(files.get(i), label, file + ":" + lineNumbers.get(i)));
      }
    }
    return new FileDataset(
        file + " (" + entries.size() + " files)",
        entries,
        names.isEmpty() ? List.of() : labels.names(),
        f -> ImageFiles.isImageName(f) ? format.fromImage(f) : readRaw(f, format, options));
  }

  private static List<String> fields(String where, String line) {
    List<String> fields = new ArrayList<>();
    StringBuilder field = new StringBuilder();
    boolean quoted = false;
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      if (quoted) {
        if (c != '"') {
          field.append(c);
        } else if (i + 1 < line.length() && line.charAt(i + 1) == '"') {
          field.append('"');
          i++;
        } else {
          quoted = false;
        }
      } else if (c == '"' && field.toString().isBlank()) {
        field.setLength(0);
        quoted = true;
      } else if (c == ',') {
        fields.add(field.toString().strip());
        field.setLength(0);
      } else {
        field.append(c);
      }
    }
    if (quoted) {
      throw new DataException(where + ": quote without end");
    }
    fields.add(field.toString().strip());
    return fields;
  }

  // Raw tensors

  private static float[][] readRaw(Path file, InputFormat format, DataOptions options) {
    long expected = format.recordBytes(options.rawType());
    try {
      long size = Files.size(file);
      if (size != expected) {
        throw new DataException(
            file
                + ": "
                + size
                + " bytes, one sample takes "
                + expected
                + sampleText(format, options));
      }
      return format.fromRaw(options.rawType(), Files.readAllBytes(file));
    } catch (IOException e) {
      throw new DataException(file + ": cannot be read: " + reason(e), e);
    }
  }

  private static String sampleText(InputFormat format, DataOptions options) {
    StringBuilder s = new StringBuilder();
    for (var t : format.inputs()) {
      DataType type = options.rawType() == null ? t.type() : options.rawType();
      s.append(s.isEmpty() ? " (" : " and ").append(type).append(' ').append(t.shape());
    }
    return s.append(')').toString();
  }

  private static Dataset raw(Path file, InputFormat format, DataOptions options) {
    long record = format.recordBytes(options.rawType());
    long size;
    try {
      size = Files.size(file);
    } catch (IOException e) {
      throw new DataException(file + ": cannot be read: " + reason(e), e);
    }
    if (size == 0
        || size % record != 0
        || size / record > Integer.MAX_VALUE
        || record > Integer.MAX_VALUE) {
      throw new DataException(
          file
              + ": "
              + size
              + " bytes are not a whole number of samples of "
              + record
              + sampleText(format, options));
    }
    int total = (int) (size / record);
    Selection chosen = new Selection(file.toString(), total, options);
    int n = chosen.size();
    return new StreamDataset(
        file.toString(),
        file + " (" + n + " samples)",
        total,
        chosen,
        (int) record,
        options.labels() == null ? null : labelFile(options.labels(), total, options),
        labelSource(options.labels()),
        () -> new BufferedInputStream(Files.newInputStream(file), 1 << 16),
        (source, bytes) -> format.fromRaw(options.rawType(), bytes));
  }

  // IDX

  private static Dataset idx(Path file, InputFormat format, DataOptions options) {
    Idx header = Idx.header(file);
    int total = header.count();
    Selection chosen = new Selection(file.toString(), total, options);
    int n = chosen.size();
    Path labels = options.labels();
    if (labels == null) {
      Path beside = file.resolveSibling(nameOfLabels(String.valueOf(file.getFileName())));
      labels = !beside.equals(file) && Files.isRegularFile(beside) ? beside : null;
    }
    int[] dims = header.dims();
    return new StreamDataset(
        file.toString(),
        file + " (" + n + (n < total ? " of " + total : "") + " samples)",
        total,
        chosen,
        header.sampleBytes(),
        labels == null ? null : labelFile(labels, total, options),
        labelSource(labels),
        () -> {
          InputStream in = Idx.open(file);
          in.skipNBytes(header.headerBytes());
          return in;
        },
        (source, bytes) -> {
          if (header.type() == DataType.UINT8) {
            return format.fromPixels(source, dims, bytes);
          }
          float[] x = new float[bytes.length / 4];
          ByteBuffer.wrap(bytes).order(ByteOrder.BIG_ENDIAN).asFloatBuffer().get(x);
          return format.fromFloats(source, dims, x);
        });
  }

  private static String nameOfLabels(String name) {
    return name.replace("images", "labels").replaceAll("idx[2-4]", "idx1");
  }

  /** Where the label of each sample stands: a line of a text file, or an element of an IDX file. */
  private static IntFunction<String> labelSource(Path file) {
    if (file == null) {
      return i -> "";
    }
    return Idx.isIdx(file) ? i -> file + " [" + i + "]" : i -> file + ":" + (i + 1);
  }

  private static int[] labelFile(Path file, int count, DataOptions options) {
    if (!Files.isRegularFile(file)) {
      throw new DataException(file + ": no such file");
    }
    int[] labels;
    if (Idx.isIdx(file)) {
      Idx header = Idx.header(file);
      if (header.dims().length != 0 || header.type() != DataType.UINT8) {
        throw new DataException(
            file
                + ": labels are one unsigned byte each, this has "
                + (1 + header.dims().length)
                + " dimensions of "
                + header.type());
      }
      if (header.count() != count) {
        throw new DataException(file + ": " + header.count() + " labels for " + count + " samples");
      }
      labels = new int[count];
      try (InputStream in = Idx.open(file)) {
        in.skipNBytes(header.headerBytes());
        for (int i = 0; i < labels.length; i++) {
          labels[i] = in.read();
          if (labels[i] < 0) {
            throw new DataException(file + ": ends in label " + i + " of " + labels.length);
          }
        }
      } catch (IOException e) {
        throw new DataException(file + ": cannot be read: " + reason(e), e);
      }
    } else {
      try {
        List<String> lines =
            Files.readAllLines(file, StandardCharsets.UTF_8).stream().map(String::strip).toList();
        lines =
            !lines.isEmpty() && lines.get(lines.size() - 1).isEmpty()
                ? lines.subList(0, lines.size() - 1)
                : lines;
        Labels names = new Labels(file.toString(), options.modelLabels(), lines);
        labels = lines.stream().mapToInt(names::index).toArray();
      } catch (CharacterCodingException e) {
        throw new DataException(file + ": not UTF-8 text", e);
      } catch (IOException e) {
        throw new DataException(file + ": cannot be read: " + reason(e), e);
      }
    }
    if (labels.length != count) {
      throw new DataException(file + ": " + labels.length + " labels for " + count + " samples");
    }
    return labels;
  }
}
