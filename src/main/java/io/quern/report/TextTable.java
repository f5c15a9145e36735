package io.quern.report;

import java.util.ArrayList;
import java.util.List;

/**
 * A table of plain text: columns as wide as they must be, the first aligned to the left, others to
 * the right.
 */
public final class TextTable {
  private final List<String[]> rows = new ArrayList<>();
  private final int leftColumns;

  /**
   * @param leftColumns how many of the first columns are aligned to the left
   */
  public TextTable(int leftColumns, String... header) {
    this.leftColumns = leftColumns;
    rows.add(header.clone());
  }

  /** Adds a row; what could drive a terminal is escaped. */
  public TextTable row(String... cells) {
    String[] row = new String[cells.length];
    for (int i = 0; i < row.length; i++) {
      row[i] = Printable.line(cells[i]);
    }
    rows.add(row);
    return this;
  }

  /** The lines, header first; no trailing spaces. */
  @Override
  public String toString() {
    int columns = rows.get(0).length;
    int[] width = new int[columns];
    for (String[] r : rows) {
      for (int c = 0; c < columns; c++) {
        width[c] = Math.max(width[c], r[c].length());
      }
    }
    StringBuilder s = new StringBuilder();
    for (String[] r : rows) {
      StringBuilder line = new StringBuilder();
      for (int c = 0; c < columns; c++) {
        String pad = " ".repeat(width[c] - r[c].length());
        line.append(c == 0 ? "" : "  ").append(c < leftColumns ? r[c] + pad : pad + r[c]);
      }
      s.append(line.toString().stripTrailing()).append('\n');
    }
    return s.toString();
  }
}
