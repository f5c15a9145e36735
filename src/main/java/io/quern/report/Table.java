package io.quern.report;

import java.util.ArrayList;
import java.util.List;

/** A titled table of text, before it is drawn for a terminal or a page. */
final class Table {
  private final String title;
  private final String note;
  private final int leftColumns;
  private final List<String> header;
  private final List<List<String>> rows = new ArrayList<>();

  /**
   * @param note what must be known to read it; may be empty
   * @param leftColumns how many of the first columns are aligned to the left
   */
  Table(String title, String note, int leftColumns, List<String> header) {
    this.title = title;
    this.note = note;
    this.leftColumns = leftColumns;
    this.header = List.copyOf(header);
  }

  void row(String... cells) {
    rows.add(List.of(cells));
  }

  void row(List<String> cells) {
    rows.add(List.copyOf(cells));
  }

  String title() {
    return title;
  }

  String note() {
    return note;
  }

  int leftColumns() {
    return leftColumns;
  }

  List<String> header() {
    return header;
  }

  List<List<String>> rows() {
    return rows;
  }

  /** Title, header and rows as lines of a terminal. */
  @Override
  public String toString() {
    TextTable t = new TextTable(leftColumns, header.toArray(String[]::new));
    for (List<String> r : rows) {
      t.row(r.toArray(String[]::new));
    }
    return Printable.line(title) + (note.isEmpty() ? "" : " (" + note + ")") + "\n" + t;
  }
}
