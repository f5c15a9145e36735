package io.quern.data;

import java.io.IOException;
import java.io.InputStream;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.BiFunction;
import java.util.function.IntFunction;

/** Many samples of equal length in one file, read from front to back; some may be left out. */
final class StreamDataset implements Dataset {
  /** Opens a stream that stands at the first sample. */
  @FunctionalInterface
  interface Opener {
    InputStream open() throws IOException;
  }

  private final String file;
  private final String description;
  private final int total;
  private final Selection chosen;
  private final int recordBytes;
  private final int[] labels;
  private final IntFunction<String> labelSource;
  private final Opener opener;
  private final BiFunction<String, byte[], float[][]> decoder;

  /**
   * @param total samples in the file
   * @param chosen which of them are taken
   * @param labels one per sample of the file, or null
   * @param labelSource where the label of a sample stands, for messages
   */
  StreamDataset(
      String file,
      String description,
      int total,
      Selection chosen,
      int recordBytes,
      int[] labels,
      IntFunction<String> labelSource,
      Opener opener,
      BiFunction<String, byte[], float[][]> decoder) {
    this.file = file;
    this.description = description;
    this.total = total;
    this.chosen = chosen;
    this.recordBytes = recordBytes;
    this.labels = labels;
    this.labelSource = labelSource;
    this.opener = opener;
    this.decoder = decoder;
  }

  @Override
  public int size() {
    return chosen.size();
  }

  @Override
  public List<String> classes() {
    return List.of();
  }

  @Override
  public String description() {
    return description;
  }

  @Override
  public void requireLabelsBelow(int classCount) {
    for (int i = 0; labels != null && i < total; i++) {
      if (chosen.contains(i)) {
        Labels.requireBelow(classCount, labels[i], labelSource.apply(i));
      }
    }
  }

  @Override
  public Iterator<Sample> iterator() {
    return new Records();
  }

  private final class Records implements Iterator<Sample> {
    private InputStream in;
    private int position;
    private int taken;

    @Override
    public boolean hasNext() {
      return taken < chosen.size();
    }

    @Override
    public Sample next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      try {
        if (in == null) {
          in = opener.open();
        }
        while (true) {
          byte[] record = in.readNBytes(recordBytes);
          int i = position++;
          if (record.length < recordBytes) {
            in.close();
            throw new DataException(file + ": ends in sample " + i + " of " + total);
          }
          if (chosen.contains(i)) {
            taken++;
            String source = file + " [" + i + "]";
            Sample s =
                new Sample(
                    source,
                    decoder.apply(source, record),
                    labels == null ? Sample.NO_LABEL : labels[i]);
            if (!hasNext()) {
              in.close();
            }
            return s;
          }
        }
      } catch (IOException e) {
        throw new DataException(file + ": cannot be read: " + e.getMessage(), e);
      }
    }
  }
}
