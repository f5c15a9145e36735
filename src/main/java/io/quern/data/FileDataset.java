package io.quern.data;

import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.function.Function;

/** One sample per file: folders of images or raw tensors, CSV lists, single images. */
final class FileDataset implements Dataset {
  /**
   * A file and the index of its class.
   *
   * @param labelSource where the label stands, for messages
   */
  record Entry(Path file, int label, String labelSource) {}

  private final String description;
  private final List<Entry> entries;
  private final List<String> classes;
  private final Function<Path, float[][]> reader;

  FileDataset(
      String description,
      List<Entry> entries,
      List<String> classes,
      Function<Path, float[][]> reader) {
    this.description = description;
    this.entries = List.copyOf(entries);
    this.classes = List.copyOf(classes);
    this.reader = reader;
  }

  @Override
  public int size() {
    return entries.size();
  }

  @Override
  public List<String> classes() {
    return classes;
  }

  @Override
  public String description() {
    return description;
  }

  @Override
  public void requireLabelsBelow(int classCount) {
    for (Entry e : entries) {
      Labels.requireBelow(classCount, e.label(), e.labelSource());
    }
  }

  @Override
  public Iterator<Sample> iterator() {
    Iterator<Entry> it = entries.iterator();
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return it.hasNext();
      }

      @Override
      public Sample next() {
        Entry e = it.next();
        return new Sample(e.file().toString(), reader.apply(e.file()), e.label());
      }
    };
  }
}
